/** Redis as one pod and as three: what is registered, and what the gateway is told of it. */
import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import type { Loose } from "../stacks/test-objects.ts";
import { named } from "../stacks/test-objects.ts";
import type { Program } from "../stacks/test-program.ts";
import { Redis, type RedisLink } from "./redis.ts";
import { certificateOf, make, objectsOf } from "./test-program.ts";

const ARGS = {
  namespace: "deepseek",
  image: "redis:1",
  exporterImage: "exporter:1",
  replicas: 1 as const,
  resources: { cpu: "100m", memory: "256Mi" },
  volume: { storage: "1Gi", storageClass: undefined, onDestroy: "retain" as const },
};

function makeRedis(replicas: 1 | 3, more: { oneNode?: boolean } = {}): Promise<Program> {
  return make(() => {
    const certificate = certificateOf("redis");
    const redis = new Redis("redis", { ...ARGS, ...more, replicas, certificate });
    return {
      host: redis.host,
      sentinels: redis.sentinels?.addresses ?? null,
      master: redis.sentinels?.master ?? null,
    };
  });
}

let single: Program;
let replicated: Program;
beforeAll(async () => {
  single = await makeRedis(1);
  replicated = await makeRedis(3);
});

const decoded = (program: Program, key: string): string =>
  Buffer.from(named("Secret", "redis-users", program).data[key], "base64").toString();

test("three pods of a machine of one's own stand on its one node", async () => {
  const { spec } = named("StatefulSet", "redis", await makeRedis(3, { oneNode: true }));
  expect([spec.replicas, spec.template.spec.affinity]).toEqual([3, undefined]);
});

describe("one pod", () => {
  test("has no sentinel, no script and no budget, and is called by its Service", () => {
    expect(single.outputs).toEqual({
      host: "redis.deepseek.svc",
      sentinels: null,
      master: null,
    });
    const { spec } = named("StatefulSet", "redis", single);
    expect(spec.replicas).toBe(1);
    expect(spec.template.spec.affinity).toBeUndefined();
    const names = spec.template.spec.containers.map(({ name }: Loose) => name);
    expect(names).toEqual(["redis", "redis-exporter"]);
    expect(Object.keys(named("ConfigMap", "redis-configuration", single).data)).toEqual([
      "redis.conf",
    ]);
    expect(objectsOf(single, "PodDisruptionBudget")).toEqual([]);
  });
});

describe("three pods", () => {
  test("are told to the gateway by their sentinels", () => {
    expect(replicated.outputs).toEqual({
      host: "redis.deepseek.svc",
      sentinels: [0, 1, 2].map((index) => `redis-${index}.redis.deepseek.svc:26379`),
      master: "main",
    });
  });

  test("stand on nodes of their own, one may be drained, and they find each other before they are ready", () => {
    const { spec } = named("StatefulSet", "redis", replicated);
    expect([spec.replicas, spec.serviceName, spec.podManagementPolicy]).toEqual([
      3,
      "redis",
      "Parallel",
    ]);
    expect(spec.template.spec.affinity.podAntiAffinity).toEqual({
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: "kubernetes.io/hostname",
          labelSelector: { matchLabels: { "app.kubernetes.io/name": "redis" } },
        },
      ],
    });
    expect(named("PodDisruptionBudget", "redis", replicated).spec.maxUnavailable).toBe(1);
    expect(named("Service", "redis", replicated).spec).toMatchObject({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      ports: [{ port: 6379 }, { port: 26_379 }],
    });
  });

  test("have a sentinel each that keeps what it knows on the pod's volume", () => {
    const { containers, volumes } = named("StatefulSet", "redis", replicated).spec.template.spec;
    const sentinel = containers.find(({ name }: Loose) => name === "sentinel");
    expect(sentinel.command).toEqual(["sh", "/etc/redis/configuration/start-sentinel.sh"]);
    expect(sentinel.ports).toEqual([{ name: "sentinel", containerPort: 26_379 }]);
    const writable = sentinel.volumeMounts.filter(({ readOnly }: Loose) => readOnly !== true);
    expect(writable.map(({ name }: Loose) => name)).toEqual(["data"]);
    // Every volume that is mounted is one of the pod's, or the claim's.
    const known = new Set([...volumes.map(({ name }: Loose) => name), "data"]);
    for (const { volumeMounts } of containers) {
      for (const { name } of volumeMounts) expect(known).toContain(name);
    }
  });

  test("have passwords in clear where a program must have them, and nowhere else", () => {
    const replica = /^masterauth (\S+)$/m.exec(decoded(replicated, "replication.conf"))?.[1] ?? "";
    const sentinel =
      /^sentinel auth-pass main (\S+)$/m.exec(decoded(replicated, "sentinel-secrets.conf"))?.[1] ??
      "";
    expect([replica.length, sentinel.length]).toEqual([40, 40]);
    expect(replica).not.toBe(sentinel);
    for (const list of ["users.acl", "sentinel.acl"]) {
      const text = decoded(replicated, list);
      expect(text).not.toContain(replica);
      expect(text).not.toContain(sentinel);
      expect(text).toMatch(/^user default off resetpass [^#>]*$/m);
      expect(text).not.toMatch(/nopass|allkeys|allchannels|\+@all/);
    }
    const open = replicated.resources.filter(
      ({ inputs }: { inputs: Loose }) => inputs.kind !== "Secret",
    );
    expect(JSON.stringify(open.map(({ inputs }) => inputs))).not.toContain(replica);
  });

  test("begin with scripts that the shell understands", () => {
    const { data } = named("ConfigMap", "redis-configuration", replicated);
    for (const name of ["start-redis.sh", "start-sentinel.sh"]) {
      const { status, stderr } = spawnSync("sh", ["-n"], { input: data[name], encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
    }
  });

  test("speak TLS 1.3 only, to each other as well, and refuse writes that nobody follows", () => {
    const { data } = named("ConfigMap", "redis-configuration", replicated);
    for (const name of ["redis.conf", "sentinel.conf"]) {
      expect(data[name]).toContain("\nport 0\n");
      expect(data[name]).toContain('\ntls-protocols "TLSv1.3"\n');
      expect(data[name]).toContain("\ntls-replication yes\n");
    }
    expect(data["redis.conf"]).toContain("\nmin-replicas-to-write 1\nmin-replicas-max-lag 10\n");
  });
});

test("three pods instead of one are a Service that changes in place", () => {
  const fixed = ({ spec, metadata }: Loose) => [metadata.name, spec.type, spec.clusterIP];
  const services = [single, replicated].map((program) => named("Service", "redis", program));
  expect(services.map(fixed)).toEqual(Array(2).fill(["redis", "ClusterIP", "None"]));
  expect(services.map(({ spec }) => spec.publishNotReadyAddresses)).toEqual([true, true]);
});

describe("two sites", () => {
  const linked = (link: RedisLink) =>
    make(() => {
      const redis = new Redis("redis", { ...ARGS, link, certificate: certificateOf("redis") });
      return { replicaPassword: redis.replicaPassword };
    });

  test("share a password of the user that follows, and one of them follows the other", async () => {
    const primary = await linked({ role: "primary" });
    const password = String(primary.outputs["replicaPassword"]);
    expect(primary.secretOutputs).toEqual(["replicaPassword"]);
    const place = { host: "redis.bank.internal", port: 30_379 };
    const standby = await linked({ role: "standby", ...place, password });
    const text = named("ConfigMap", "redis-configuration", standby).data["redis.conf"];
    expect(text).toMatch(/^replicaof redis\.bank\.internal 30379$/m);
    expect(named("ConfigMap", "redis-configuration", primary).data["redis.conf"]).not.toMatch(
      /replicaof/,
    );
    for (const program of [primary, standby]) {
      expect(decoded(program, "replication.conf")).toContain(`masterauth ${password}\n`);
      expect(decoded(program, "users.acl")).toMatch(/^user replica on #[0-9a-f]{64} resetkeys /m);
      expect(decoded(program, "users.acl")).not.toContain(password);
    }
  });

  test("are not three pods at the one that follows", async () => {
    const link = { role: "standby" as const, host: "x", port: 1, password: "y" };
    const three = make(() => {
      new Redis("redis", { ...ARGS, link, replicas: 3, certificate: certificateOf("redis") });
      return {};
    });
    await expect(three).rejects.toThrow(/one pod follows another site/);
  });
});
