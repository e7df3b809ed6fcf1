/**
 * The whole local stack under mocks: what it is made of, and what must hold for each of its objects.
 * The gateway's and the simulator's own parsers judge what they are given.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { completeValues, type Values } from "../config/test-settings.ts";
import { hashApiKey, isWellFormed } from "../gateway-image/src/base/api-key.ts";
import { parseConfig } from "../gateway-image/src/config.ts";
import { directoryFileSchema, tiersFileSchema } from "../gateway-image/src/directory/baseline.ts";
import { keysFileSchema, routesFileSchema } from "../gateway-image/src/documents.ts";
import { parseConfig as parseSimulatorConfig } from "../tools/simulator/config.ts";
import { local } from "./local.ts";
import {
  environmentOf,
  type Loose,
  named as namedIn,
  settingsOf as settingsOfAll,
} from "./test-objects.ts";
import { type Program, type Registered, runProgram } from "./test-program.ts";

let values: Values;
let program: Program;

const settingsOf = (changes: Values = {}) => settingsOfAll({ ...values, ...changes });

beforeAll(async () => {
  values = await completeValues();
  program = await runProgram(local, settingsOf());
});

function objects(of: Program = program): Loose[] {
  return of.resources
    .filter((resource) => resource.type.startsWith("kubernetes:"))
    .map((resource) => resource.inputs);
}

function workloads(): Loose[] {
  return objects().filter((object) => object.spec?.template !== undefined);
}

const named = (kind: string, name: string, of: Program = program) => namedIn(kind, name, of);

function decoded(secret: string, key: string): string {
  return Buffer.from(named("Secret", secret).data[key], "base64").toString("utf8");
}

describe("the inventory", () => {
  test("has every program of the service", () => {
    expect(
      workloads()
        .map((w) => `${w.kind} ${w.metadata.namespace}/${w.metadata.name}`)
        .sort(),
    ).toEqual([
      "Deployment deepseek/edge",
      "Deployment deepseek/model-deepseek-coder-33b-instruct",
      "Deployment deepseek/model-deepseek-llm-7b-chat",
      "StatefulSet deepseek/gateway",
      "StatefulSet deepseek/postgres",
      "StatefulSet deepseek/redis",
      "StatefulSet monitoring/alertmanager",
      "StatefulSet monitoring/prometheus",
    ]);
  });

  test("gives every object its name, and every namespaced one a namespace of ours", () => {
    for (const { kind, metadata } of objects()) {
      expect(metadata?.name, kind).toMatch(/^[a-z0-9-]{1,63}$/);
      if (kind !== "Namespace") expect(["deepseek", "monitoring"]).toContain(metadata.namespace);
    }
  });

  test("names no two resources of one type alike, nor two objects", () => {
    const names = program.resources.map(({ type, name }) => `${type} ${name}`);
    expect(new Set(names).size).toBe(names.length);
    const objectNames = objects().map(
      (o) => `${o.kind} ${o.metadata.namespace}/${o.metadata.name}`,
    );
    expect(new Set(objectNames).size).toBe(objectNames.length);
  });

  test("enforces restricted pods in both namespaces", () => {
    for (const name of ["deepseek", "monitoring"]) {
      const { labels } = named("Namespace", name).metadata;
      expect(labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
    }
  });
});

describe("every pod", () => {
  test("is restricted, and has no token", () => {
    for (const workload of workloads()) {
      const { spec } = workload.spec.template;
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.enableServiceLinks).toBe(false);
      expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC ?? false).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 10001,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(spec.volumes.every((volume: Loose) => volume.hostPath === undefined)).toBe(true);
    }
  });

  test("has restricted containers with bounds, probes and an image that may be local", () => {
    for (const workload of workloads()) {
      for (const container of workload.spec.template.spec.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(container.resources.requests).toHaveProperty("cpu");
        expect(container.resources.limits.memory).toBe(container.resources.requests.memory);
        expect(container.imagePullPolicy).toBe("IfNotPresent");
        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
          expect(container[probe], `${container.name} ${probe}`).toBeDefined();
        }
        // A digest or a tag; never whatever is newest.
        expect(container.image).toMatch(/^deepseek\.local\/[a-z-]+:test$/);
      }
    }
  });

  test("mounts only what exists, each volume once", () => {
    const known = new Set(
      objects().map((o) => `${o.kind} ${o.metadata.namespace}/${o.metadata.name}`),
    );
    for (const workload of workloads()) {
      const { containers, volumes } = workload.spec.template.spec;
      const claims = (workload.spec.volumeClaimTemplates ?? []).map((c: Loose) => c.metadata.name);
      const available = [...volumes.map((volume: Loose) => volume.name), ...claims];
      const [own, ...companions] = containers.map((container: Loose) =>
        container.volumeMounts.map((mount: Loose) => mount.name),
      );
      const mounted = own;
      for (const name of companions.flat()) expect(available).toContain(name);
      expect([...mounted].sort()).toEqual([...available].sort());
      for (const { secret, configMap } of volumes) {
        const { namespace } = workload.metadata;
        if (secret) expect(known).toContain(`Secret ${namespace}/${secret.secretName}`);
        if (configMap) expect(known).toContain(`ConfigMap ${namespace}/${configMap.name}`);
      }
    }
  });

  test("with a twin is spread, budgeted, and rolled without a gap", () => {
    const twins = workloads().filter((workload) => workload.spec.replicas >= 2);
    expect(twins.map((workload) => workload.metadata.name).sort()).toEqual(["edge", "gateway"]);
    for (const { metadata, spec } of twins) {
      expect(spec.template.spec.topologySpreadConstraints.length).toBeGreaterThan(0);
      // A StatefulSet takes one pod after the other by itself: its twin serves meanwhile.
      if (metadata.name !== "gateway") {
        expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
      }
      const budget = named("PodDisruptionBudget", metadata.name);
      expect(budget.spec.selector.matchLabels).toEqual(spec.selector.matchLabels);
    }
  });

  test("in the path of a stream outlasts the longest one", () => {
    const path = [
      named("Deployment", "edge"),
      named("StatefulSet", "gateway"),
      named("Deployment", "model-deepseek-llm-7b-chat"),
    ];
    for (const { spec } of path) {
      const { terminationGracePeriodSeconds } = spec.template.spec;
      expect(terminationGracePeriodSeconds).toBeGreaterThan(
        settingsOf().gateway.longestStreamSeconds,
      );
    }
  });
});

describe("what programs are told", () => {
  test("the gateway accepts its environment", () => {
    const result = parseConfig(environmentOf(named("StatefulSet", "gateway")));
    expect("faults" in result ? result.faults : []).toEqual([]);
    if (!("config" in result)) return;
    const { terminationGracePeriodSeconds } = named("StatefulSet", "gateway").spec.template.spec;
    const drainMs = result.config.GW_DRAIN_GRACE_MS + result.config.GW_DRAIN_TIMEOUT_MS;
    expect(terminationGracePeriodSeconds).toBeGreaterThan(drainMs / 1000 + 10);
  });

  test("the gateway is told which pages may call, as it reads it", async () => {
    const origins = ["https://app.example.org", "http://localhost:3000"];
    const { resources } = await runProgram(local, settingsOf({ "deepseek:gateway": { origins } }));
    const gateway = resources.find(
      ({ inputs }: { inputs: Loose }) =>
        inputs.kind === "StatefulSet" && inputs.metadata.name === "gateway",
    );
    const result = parseConfig(environmentOf(gateway?.inputs));
    expect("config" in result && result.config.GW_CORS_ORIGINS).toEqual(origins);
  });

  test("the gateway accepts its files", () => {
    const { data } = named("ConfigMap", "gateway-routes");
    expect(routesFileSchema.safeParse(JSON.parse(data["routes.json"])).error).toBeUndefined();
    expect(tiersFileSchema.safeParse(JSON.parse(data["tiers.json"])).error).toBeUndefined();
    const keys = JSON.parse(decoded("gateway-keys", "keys.json"));
    expect(keysFileSchema.safeParse(keys).error).toBeUndefined();
    const directory = JSON.parse(data["directory.json"]);
    expect(directoryFileSchema.safeParse(directory).error).toBeUndefined();
    const { GW_DIRECTORY_FILE } = environmentOf(named("StatefulSet", "gateway"));
    expect(GW_DIRECTORY_FILE).toMatch(/\/directory\.json$/);
  });

  test("the gateway reads what a caller may wait for, and how many calls a model gets", () => {
    const { data } = named("ConfigMap", "gateway-routes");
    const { tiers } = tiersFileSchema.parse(JSON.parse(data["tiers.json"]));
    const actions = Object.entries(tiers).map(([name, { overQuota }]) => [name, overQuota]);
    expect(Object.fromEntries(actions)).toEqual({
      standard: { action: "refuse" },
      trial: { action: "refuse" },
      patient: { action: "queue", waitMs: 20_000 },
    });
    const { models } = routesFileSchema.parse(JSON.parse(data["routes.json"]));
    expect(models.map(({ concurrencyMax }) => concurrencyMax)).toEqual([undefined, 32]);
  });

  test("without word lists the gateway is told of no file of them", async () => {
    const without = await runProgram(local, settingsOf({ "deepseek:wordLists": [] }));
    expect(named("ConfigMap", "gateway-routes", without).data).not.toHaveProperty("directory.json");
    const environment = environmentOf(named("StatefulSet", "gateway", without));
    expect(environment).not.toHaveProperty("GW_DIRECTORY_FILE");
  });

  test("the simulator accepts its environment", () => {
    const workload = named("Deployment", "model-deepseek-llm-7b-chat");
    const result = parseSimulatorConfig(environmentOf(workload));
    expect("faults" in result ? result.faults : []).toEqual([]);
  });

  test("a route leads to an existing Service and its port", () => {
    const { models } = JSON.parse(named("ConfigMap", "gateway-routes").data["routes.json"]);
    for (const { targets } of models) {
      const url = new URL(targets[0].url);
      const [service = ""] = url.hostname.split(".");
      const ports = named("Service", service).spec.ports.map((port: Loose) => String(port.port));
      expect(ports).toContain(url.port);
    }
  });
});

describe("secrets", () => {
  test("the first key is the secret output, and the cluster knows its hash only", () => {
    const key = String(program.outputs["apiKey"]);
    expect(isWellFormed(key)).toBe(true);
    expect(program.secretOutputs).toEqual(["apiKey", "apiKeys", "adminPassword"]);
    const all = program.outputs["apiKeys"] as Record<string, string>;
    expect(all["first"]).toBe(key);
    const { keys } = JSON.parse(decoded("gateway-keys", "keys.json"));
    expect(keys.map(({ id, sha256 }: Loose) => [id, sha256])).toEqual(
      Object.entries(all).map(([name, own]) => [name, hashApiKey(own)]),
    );
    const [entry] = keys;
    expect(entry).toMatchObject({ id: "first", sha256: hashApiKey(key), tier: "standard" });
    const everything = JSON.stringify(
      objects().map((object) => ({ ...object, data: plain(object) })),
    );
    expect(everything).not.toContain(key);
  });

  test("no password stands outside of a Secret", () => {
    const passwords = program.resources
      .filter((resource) => resource.type.endsWith(":RandomPassword"))
      .map((resource) => resource.name);
    expect(passwords.length).toBeGreaterThanOrEqual(4);
    const open = JSON.stringify(objects().filter((object) => object.kind !== "Secret"));
    for (const name of passwords)
      expect(open).not.toContain(name.replaceAll("-", "").padEnd(12, "x"));
    // The servers' own Secrets hold verifiers; the clear text is the gateway's alone.
    const gatewayPassword = decoded("gateway-passwords", "postgres");
    expect(decoded("postgres-roles", "roles.sql")).not.toContain(gatewayPassword);
    expect(decoded("redis-users", "users.acl")).not.toContain(
      decoded("gateway-passwords", "redis"),
    );
  });
});

describe("flows", () => {
  test("open only ports that the program listens on", () => {
    const policies = objects().filter((object) => object.kind === "NetworkPolicy");
    for (const { metadata, spec } of policies) {
      const selector = spec.podSelector.matchLabels;
      const listening = workloads()
        .filter((w) => w.metadata.namespace === metadata.namespace && selects(selector, w))
        .flatMap((w) => w.spec.template.spec.containers as Loose[])
        .flatMap((container) => container.ports as Loose[])
        .map((port) => port.containerPort);
      for (const { ports } of spec.ingress ?? []) {
        for (const { port } of ports) expect(listening, metadata.name).toContain(port);
      }
    }
  });

  test("are denied by default in both namespaces", () => {
    const deny = objects().filter((object) => object.metadata.name === "default-deny");
    expect(deny.map((policy) => policy.metadata.namespace).sort()).toEqual([
      "deepseek",
      "monitoring",
    ]);
    for (const { spec } of deny) {
      expect(spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    }
  });

  test("give every pod a policy of its own", () => {
    const policies = objects().filter((object) => object.kind === "NetworkPolicy");
    for (const workload of workloads()) {
      const own = policies.filter(
        ({ metadata, spec }) =>
          metadata.namespace === workload.metadata.namespace &&
          spec.podSelector.matchLabels !== undefined &&
          selects(spec.podSelector.matchLabels, workload),
      );
      expect(own, workload.metadata.name).toHaveLength(1);
    }
  });
});

describe("a change", () => {
  test.each([
    ["replicas of the gateway", "deepseek:gateway", { replicas: 3 }, ["StatefulSet gateway"]],
    [
      "a tier",
      "deepseek:quotas",
      { standard: { requestsPerMinute: 5, concurrentRequests: 5 }, trial: {}, patient: {} },
      ["ConfigMap gateway-routes"],
    ],
    [
      "the body's bound",
      "deepseek:edge",
      { hosts: ["localhost", "127.0.0.1"], bodyBytesMax: 4096, connectionsPerAddressMax: 2000 },
      ["ConfigMap edge-configuration", "Deployment edge"],
    ],
    [
      "the pages that may call",
      "deepseek:gateway",
      { origins: ["https://app.example.org"] },
      ["StatefulSet gateway"],
    ],
  ])("of %s touches only what it must", async (_what, section, value, expected) => {
    const changed = await runProgram(local, settingsOf({ [section]: value }));
    const before = new Map(program.resources.map((r) => [`${r.type} ${r.name}`, fingerprint(r)]));
    const differing = changed.resources.filter(
      (resource) => before.get(`${resource.type} ${resource.name}`) !== fingerprint(resource),
    );
    const names = differing.map(
      ({ inputs }: { inputs: Loose }) => `${inputs.kind} ${inputs.metadata.name}`,
    );
    expect(names.sort()).toEqual(expected);
  });
});

describe("outputs", () => {
  test("are what callers need", () => {
    const ca = settingsOf().certificates?.ca;
    expect(program.outputs).toMatchObject({
      url: "https://localhost:30443",
      consoleUrl: "https://localhost:30443/console",
      prometheusUrl: "https://localhost:30090",
      caCertificate: ca,
      models: ["deepseek-llm-7b-chat", "deepseek-coder-33b-instruct"],
      plan: { gpus: 0, costItems: [], rtoSeconds: null, rpoSeconds: null, profile: "cnGeneral" },
    });
    const { inventory } = program.outputs["plan"] as { inventory: readonly Loose[] };
    expect(inventory).toContainEqual(expect.objectContaining({ name: "gateway", replicas: 2 }));
    // What the plan promises is what the pods ask for.
    const planned = inventory.map(({ replicas, cpu, memory }) => `${replicas} ${cpu} ${memory}`);
    const asked = workloads().flatMap(({ spec }) =>
      spec.template.spec.containers.map(({ resources }: Loose) => {
        const { cpu, memory } = resources.requests;
        return `${spec.replicas} ${cpu} ${memory}`;
      }),
    );
    expect(planned.sort()).toEqual(asked.sort());
  });
});

function plain(object: Loose): unknown {
  return object.kind === "Secret"
    ? Object.values(object.data).map((text) => Buffer.from(String(text), "base64").toString("utf8"))
    : object.data;
}

function selects(selector: Record<string, string> | undefined, workload: Loose): boolean {
  const labels = workload.spec.template.metadata.labels;
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

function fingerprint({ inputs }: Registered): string {
  return JSON.stringify(inputs);
}
