/**
 * What operators are given, before a real API server: their own definitions (from their Go modules,
 * LeaderWorkerSet's from the list of its fields) take our objects with strict validation, and the
 * pods that they would make of them are admitted where pods are restricted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Loose } from "../../stacks/test-objects.ts";
import { silentProgress } from "../../tools/base/progress.ts";
import { ensureBinaries } from "../../tools/cluster/binaries.ts";
import { operatorDefinitions } from "../../tools/cluster/test-operator-crds.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../../tools/engine/providers/kubernetes/test-api-server.ts";
import { Namespaces } from "../namespaces.ts";
import { GPU_NAMESPACE_EXEMPTION, GpuRuntime } from "./gpu-runtime.ts";
import { ModelServer } from "./model-server.ts";
import { ModelServerGroup } from "./model-server-group.ts";
import { RayModelService } from "./ray-model-service.ts";
import { ScaledModel } from "./scaled-model.ts";
import { LEADER_WORKER_SET_DEFINITION } from "./test-leader-worker-set.ts";
import { byKind, certificate, engineOf, groupEngine, objectsOf, SHARED } from "./test-models.ts";
import {
  type ExpandedPod,
  podsOfLeaderWorkerSetWithoutOperator,
  podsOfRayServiceWithoutOperator,
} from "./test-operator-pods.ts";

const APPLY = ["apply", "--server-side", "--validate=strict", "--filename", "-"];
const DRY_RUN = "--dry-run=server";

let server: TestApiServer;
let objects: Loose[];

beforeAll(async () => {
  const kube =
    process.env["KUBE_BINARY"] ?? (await ensureBinaries({ progress: silentProgress })).kube;
  const [keda, ray] = await Promise.all([
    operatorDefinitions("keda", ["scaledobjects", "triggerauthentications"]),
    operatorDefinitions("kuberay", ["rayservices"]),
  ]);
  objects = await everything();
  server = await startTestApiServer(kube);
  const definitions = [...keda, ...ray, JSON.stringify(LEADER_WORKER_SET_DEFINITION)].join(
    "\n---\n",
  );
  await server.kubectl([...APPLY, "--force-conflicts"], definitions);
  await untilServed();
  await server.kubectl(APPLY, list(await namespaces()));
  const accounts = ["deepseek/default", "deepseek/model-server", "deepseek-gpu/default"];
  await server.kubectl(APPLY, list([account("deepseek", "model-server")]));
  for (const [space = "", name] of accounts.map((one) => one.split("/"))) {
    const place = [`serviceaccount/${name}`, "--namespace", space];
    await server.kubectl(["wait", "--for=create", "--timeout=30s", ...place]);
  }
});

afterAll(async () => {
  await server?.stop();
});

/** kubectl's own wait fails on a kind that has no condition yet. */
async function untilServed(): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await server.kubectl(["get", "scaledobjects,rayservices,leaderworkersets"]);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(500);
    }
  }
}

function namespaces(): Promise<Loose[]> {
  const exempted = { "deepseek-gpu": GPU_NAMESPACE_EXEMPTION };
  return objectsOf(
    () => new Namespaces("namespaces", { names: ["deepseek", "deepseek-gpu"], exempted }),
  );
}

const account = (space: string, name: string) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace: space },
});

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** Each component once, in the shape that has most in it. */
function everything(): Promise<Loose[]> {
  const model = { ...SHARED, certificate: certificate(), contextTokensMax: 4_096 };
  return objectsOf(() => {
    new ModelServer("model-one", { ...model, model: "one", engine: engineOf(), replicas: 2 });
    new ModelServerGroup("model-two", {
      ...model,
      model: "two",
      engine: groupEngine(),
      replicas: 2,
      resources: { cpu: "10", memory: "86Gi" },
    });
    new RayModelService("model-three", {
      ...model,
      model: "three",
      rayVersion: "2.52.0",
      engine: engineOf(),
      replicas: { least: 1, most: 2 },
      spareCluster: false,
      headStore: { address: "rediss://store:6379", password: { name: "store", key: "password" } },
    });
    for (const [name, target, least] of [
      ["one", "ModelServer", 0],
      ["two", "ModelServerGroup", 1],
    ] as const) {
      new ScaledModel(`scale-${name}`, {
        namespace: "deepseek",
        model: name,
        target,
        scaling: {
          replicas: { least, most: 2 },
          waitingPerReplica: 5,
          gpusPerReplica: 1,
          gpusDeclared: 32,
          startSeconds: 300,
        },
        prometheus: "https://prometheus.monitoring.svc:9090",
        authority: "tls-model",
      });
    }
    new GpuRuntime("gpu", {
      namespace: "deepseek-gpu",
      mode: "ours",
      images: { plugin: "plugin:test", exporter: "exporter:test" },
      adapterImage: "adapters:test",
      certificate: certificate(),
      slicedPools: ["sliced"],
    });
  });
}

function pods(): ExpandedPod[] {
  return [
    ...podsOfLeaderWorkerSetWithoutOperator(byKind(objects, "LeaderWorkerSet")),
    ...podsOfRayServiceWithoutOperator(byKind(objects, "RayService")),
  ];
}

describe("the API server", () => {
  test("takes every object as it is written", async () => {
    const answer = await server.kubectl([...APPLY, DRY_RUN], list(objects));
    expect(answer.trim().split("\n")).toHaveLength(objects.length);
    expect(new Set(objects.map(({ kind }) => kind))).toEqual(
      new Set([
        "ConfigMap",
        "DaemonSet",
        "Deployment",
        "LeaderWorkerSet",
        "PodDisruptionBudget",
        "RayService",
        "ScaledObject",
        "Service",
        "TriggerAuthentication",
      ]),
    );
  });

  test("keeps them, so that a second application changes nothing", async () => {
    const generations = () =>
      server.kubectl([
        "get",
        "leaderworkersets,rayservices,scaledobjects,deployments,daemonsets",
        "--all-namespaces",
        "--output",
        "custom-columns=K:.kind,N:.metadata.name,G:.metadata.generation",
      ]);
    await server.kubectl(APPLY, list(objects));
    const before = await generations();
    await server.kubectl(APPLY, list(objects));
    expect(await generations()).toEqual(before);
  });

  test.each([
    ["LeaderWorkerSet", (spec: Loose) => ({ ...spec, startPolicy: "LeaderReady" })],
    [
      "LeaderWorkerSet",
      (spec: Loose) => ({
        ...spec,
        leaderWorkerTemplate: { ...spec.leaderWorkerTemplate, restartPolicy: "Never" },
      }),
    ],
    ["RayService", (spec: Loose) => ({ ...spec, serveConfig: "" })],
    ["ScaledObject", (spec: Loose) => ({ ...spec, minReplicas: 1 })],
  ])("refuses a %s with what its kind does not know", async (kind, change) => {
    const [right] = objects.filter((object) => object.kind === kind);
    const wrong = { ...right, spec: change(right.spec) };
    await expect(server.kubectl([...APPLY, DRY_RUN], list([wrong]))).rejects.toThrow(
      /unknown field|Unsupported value/,
    );
  });

  test("admits every pod that the operators would make, where pods are restricted", async () => {
    const all = pods();
    // Two groups of two, a head and a worker.
    expect(all).toHaveLength(6);
    await server.kubectl([...APPLY, DRY_RUN], list(all));
  });

  test("and none that asks for more", async () => {
    const [one] = pods();
    const spec = { ...one?.spec, hostIPC: true };
    const refused = server.kubectl([...APPLY, DRY_RUN], list([{ ...one, spec }]));
    await expect(refused).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  test("admits the daemons of GPU nodes only in the namespace that is exempted", async () => {
    const daemons = objects.filter(({ kind }) => kind === "DaemonSet");
    const asPods = (space: string) =>
      daemons.map(({ metadata, spec }) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: `${metadata.name}-admission`, namespace: space },
        spec: spec.template.spec,
      }));
    expect(daemons).toHaveLength(4);
    await server.kubectl([...APPLY, DRY_RUN], list(asPods("deepseek-gpu")));
    for (const pod of asPods("deepseek")) {
      await expect(server.kubectl([...APPLY, DRY_RUN], list([pod]))).rejects.toThrow(
        /violates PodSecurity/,
      );
    }
  });
});
