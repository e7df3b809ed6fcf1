/** A model over nodes: leader and workers alike, reached by the leader alone, replaced as a whole. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Loose } from "../../stacks/test-objects.ts";
import { policiesOf } from "../flows.ts";
import { groupFlows, MODEL_WORKER } from "./group-flows.ts";
import { MODEL_SERVER } from "./model-component.ts";
import { ModelServerGroup, type ModelServerGroupArgs } from "./model-server-group.ts";
import { byKind, certificate, groupEngine, objectsOf, SHARED, variablesOf } from "./test-models.ts";
import { podsOfLeaderWorkerSetWithoutOperator } from "./test-operator-pods.ts";

const made = (changes: Partial<ModelServerGroupArgs> = {}) =>
  objectsOf(
    () =>
      new ModelServerGroup("model-deepseek-r1", {
        ...SHARED,
        model: "deepseek-r1",
        engine: groupEngine(),
        replicas: 1,
        contextTokensMax: 32_768,
        resources: { cpu: "10", memory: "86Gi" },
        certificate: certificate(),
        ...changes,
      }),
  );

let objects: Loose[];
let set: Loose;
let leader: Loose;
let worker: Loose;
beforeAll(async () => {
  objects = await made();
  set = byKind(objects, "LeaderWorkerSet");
  leader = set.spec.leaderWorkerTemplate.leaderTemplate;
  worker = set.spec.leaderWorkerTemplate.workerTemplate;
});
const mainOf = (template: Loose) => template.spec.containers[0];

describe("the set", () => {
  test("is a group of two nodes in one zone, which starts and falls as a whole", () => {
    expect(set.metadata.annotations).toEqual({
      "leaderworkerset.sigs.k8s.io/exclusive-topology": "topology.kubernetes.io/zone",
    });
    expect(set.spec).toMatchObject({
      replicas: 1,
      startupPolicy: "LeaderCreated",
      networkConfig: { subdomainPolicy: "Shared" },
      rolloutStrategy: {
        type: "RollingUpdate",
        rollingUpdateConfiguration: { maxSurge: 0, maxUnavailable: 1 },
      },
      leaderWorkerTemplate: { size: 2, restartPolicy: "RecreateGroupOnPodRestart" },
    });
  });

  test("does not take the name that callers know: the operator's own Service has the set's", () => {
    expect(set.metadata.name).toBe("group-deepseek-r1");
    const services = objects.filter((object) => object.kind === "Service");
    expect(services.map((one) => one.metadata.name)).not.toContain(set.metadata.name);
  });

  test("of several groups shares its pool's zone, and one at a time may be taken away", async () => {
    const two = await made({ replicas: 2 });
    expect(byKind(two, "LeaderWorkerSet").metadata.annotations).toBeUndefined();
    const budget = byKind(two, "PodDisruptionBudget").spec;
    expect(budget.maxUnavailable).toBe(1);
    expect(budget.selector.matchLabels["app.kubernetes.io/name"]).toBe(MODEL_SERVER);
  });

  test("of one node is refused: a group is not what it is", async () => {
    await expect(made({ engine: groupEngine({ pipelineParallel: 1 }) })).rejects.toThrow(
      "is no group",
    );
  });
});

describe("leader and workers", () => {
  test("have the same GPUs, adapters and huge pages, asked for as they are allowed", () => {
    for (const template of [leader, worker]) {
      const { requests, limits } = mainOf(template).resources;
      const devices = {
        "nvidia.com/gpu": "8",
        "vpc.amazonaws.com/efa": "4",
        "hugepages-2Mi": "5120Mi",
      };
      expect(requests).toMatchObject(devices);
      expect(limits).toEqual({ memory: "86Gi", ...devices });
      expect(variablesOf(mainOf(template))).toMatchObject({
        FI_PROVIDER: "efa",
        VLLM_HOST_IP: "pod",
      });
    }
  });

  test("have no adapters where the nodes have none", async () => {
    const accelerator = { gpu: "a100-80", count: 8, adapters: 0 } as const;
    const plain = byKind(await made({ engine: groupEngine({ accelerator }) }), "LeaderWorkerSet");
    const { leaderTemplate } = plain.spec.leaderWorkerTemplate;
    expect(mainOf(leaderTemplate).resources.limits).toEqual({
      memory: "86Gi",
      "nvidia.com/gpu": "8",
    });
    expect(variablesOf(mainOf(leaderTemplate))["FI_PROVIDER"]).toBeUndefined();
  });

  test("are told the same of the model, and each its own number", () => {
    const shared = (template: Loose) =>
      mainOf(template).args.filter((one: string) => /parallel|dtype|max-|nnodes|master/.test(one));
    expect(shared(leader)).toEqual(shared(worker));
    expect(shared(leader)).toEqual(
      expect.arrayContaining([
        "--tensor-parallel-size=8",
        "--pipeline-parallel-size=2",
        "--nnodes=2",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
      ]),
    );
    expect(mainOf(leader).args).toContain("--node-rank=0");
    expect(mainOf(worker).args).toEqual(
      expect.arrayContaining(["--node-rank=$(LWS_WORKER_INDEX)", "--headless"]),
    );
    expect(mainOf(leader).args).not.toContain("--headless");
  });

  test("both verify the weights before they start", () => {
    for (const template of [leader, worker]) {
      expect(template.spec.initContainers.map((one: Loose) => one.name)).toEqual(["weights"]);
    }
  });

  test("only the leader answers, is asked how it is, and has the certificate", () => {
    expect(mainOf(leader).readinessProbe.httpGet.path).toBe("/health");
    expect(mainOf(worker).readinessProbe).toBeUndefined();
    expect(mainOf(worker).livenessProbe).toBeUndefined();
    const volumes = (template: Loose) => template.spec.volumes.map((one: Loose) => one.name);
    expect(volumes(leader)).toContain("tls");
    expect(volumes(worker)).not.toContain("tls");
    for (const front of objects.filter((object) => object.kind === "Service")) {
      const { selector } = front.spec;
      const selects = ({ metadata }: Loose) =>
        Object.entries(selector).every(([key, value]) => metadata.labels[key] === value);
      expect([selects(leader), selects(worker)]).toEqual([true, false]);
    }
  });

  test("a worker that is told to stop outlasts what its leader still answers", () => {
    const stops = mainOf(worker).lifecycle.preStop.sleep.seconds;
    const drained = mainOf(leader).args.find((one: string) =>
      one.startsWith("--shutdown-timeout="),
    );
    expect(stops).toBeGreaterThanOrEqual(
      mainOf(leader).lifecycle.preStop.sleep.seconds + Number(drained.split("=")[1]),
    );
    expect(worker.spec.terminationGracePeriodSeconds).toBeGreaterThan(stops);
  });
});

describe("flows of a group", () => {
  test("open the group to itself and to nobody else", () => {
    const policies = policiesOf(["deepseek"], groupFlows("deepseek", MODEL_SERVER), []);
    const workers = policies.find((policy) => policy.name === `allow-${MODEL_WORKER}`)?.spec;
    const ports = [
      { protocol: "TCP", port: 29_500 },
      { protocol: "TCP", port: 32_768, endPort: 60_999 },
    ];
    const froms = ((workers?.ingress ?? []) as Loose[]).map(({ from, ports: opened }) => {
      expect(opened).toEqual(ports);
      return from[0].podSelector.matchLabels["app.kubernetes.io/name"];
    });
    expect(froms.sort()).toEqual([MODEL_SERVER, MODEL_WORKER]);
  });
});

describe("pods that the operator would make", () => {
  test("are a leader and its workers in each group, under the operator's names", async () => {
    const two = byKind(await made({ replicas: 2 }), "LeaderWorkerSet");
    const pods = podsOfLeaderWorkerSetWithoutOperator(two);
    expect(pods.map((pod) => pod.metadata.name)).toEqual([
      "group-deepseek-r1-0",
      "group-deepseek-r1-0-1",
      "group-deepseek-r1-1",
      "group-deepseek-r1-1-1",
    ]);
    expect(pods[1]?.metadata.labels).toMatchObject({
      "app.kubernetes.io/name": MODEL_WORKER,
      "leaderworkerset.sigs.k8s.io/worker-index": "1",
    });
    const { containers } = (pods[3]?.spec ?? {}) as Loose;
    const [container] = containers;
    expect(variablesOf(container)["LWS_LEADER_ADDRESS"]).toBe(
      "group-deepseek-r1-1.group-deepseek-r1.deepseek",
    );
  });
});
