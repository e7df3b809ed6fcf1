/**
 * Every pod of every stack with GPUs before the real scheduler, on simulated nodes that are what the
 * settings declare. The pods of Deployments, StatefulSets and DaemonSets are made by the real
 * controllers; those of a LeaderWorkerSet and of a RayService are expanded here, as no operator runs.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ExpandedPod,
  podsOfLeaderWorkerSetWithoutOperator,
  podsOfRayServiceWithoutOperator,
} from "../components/serving/test-operator-pods.ts";
import type { Settings } from "../config/schema.ts";
import { committedValues } from "../config/test-settings.ts";
import { silentProgress } from "../tools/base/progress.ts";
import { ensureBinaries } from "../tools/cluster/binaries.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../tools/engine/providers/kubernetes/test-api-server.ts";
import { siteProgram } from "./site-program.ts";
import { declaredNodes, makeNodes } from "./test-nodes.ts";
import { type Loose, settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

/**
 * Stack, and which pod waits when its GPUs are one too few. A model that is scaled from none has one
 * pod until its scaler, which does not run here, takes it away.
 */
const STACKS: readonly (readonly [string, RegExp])[] = [
  ["dev", /^model-deepseek-llm-7b-chat/],
  ["staging", /^(model|ray)-deepseek-r1-distill/],
  ["prod", /^(model|ray)-deepseek-r1-distill/],
  ["onprem-bank", /^model-deepseek-finance-13b/],
  ["onprem-hospital", /^model-deepseek-r1-distill/],
  ["bare-metal", /^model-deepseek-llm-7b-chat/],
];

let server: TestApiServer;
const APPLY = ["apply", "--server-side", "--validate=strict", "--filename", "-"];

beforeAll(async () => {
  const { kube } = await ensureBinaries({ progress: silentProgress });
  server = await startTestApiServer(kube, { scheduler: true });
});

afterAll(async () => {
  await server?.stop();
});

describe.each(STACKS)("%s", (stack, waiting) => {
  let pods: readonly Loose[];

  beforeAll(async () => {
    const settings = settingsOf(committedValues(stack));
    await makeNodes(server, settings);
    await makeObjects(settings);
  });

  afterAll(async () => {
    await clear();
  });

  test("all pods find a node", async () => {
    pods = await settled();
    expect(pods.filter((pod) => pod.spec.nodeName === undefined).map(nameOf)).toEqual([]);
    expect(pods.length).toBeGreaterThan(8);
  });

  test("pods with GPUs are on nodes that have them, and no other pod but those of every node", () => {
    for (const pod of pods) {
      const wants = gpusOf(pod) > 0;
      const own = ["deepseek-gpu", "deepseek-logs"].includes(pod.metadata.namespace);
      const there = pod.spec.nodeName.match(/^(node|system)-/) === null;
      if (!own) expect([nameOf(pod), there]).toEqual([nameOf(pod), wants]);
    }
  });

  test("GPUs that are one too few leave exactly the pod without its GPUs waiting", async () => {
    const settings = settingsOf(committedValues(stack));
    const free = freeGpus(settings, pods);
    await clear();
    await makeNodes(server, settings, free + 1);
    await makeObjects(settings);
    const left = (await settled(1)).filter((pod) => pod.spec.nodeName === undefined);
    expect(left.map(nameOf)).toHaveLength(1);
    expect(nameOf(left[0])).toMatch(waiting);
    expect(left[0].status.conditions[0].message).toMatch(/Insufficient nvidia\.com\/gpu/);
  });
});

async function makeObjects(settings: Settings): Promise<void> {
  const { resources } = await runProgram(await siteProgram(settings), settings);
  const objects = resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => inputs as Loose);
  const known = objects.filter(({ apiVersion }) => !isCustom(apiVersion));
  const namespaces = known.filter(({ kind }) => kind === "Namespace");
  await apply([...namespaces, ...givenNamespaces(known)]);
  for (const { metadata } of namespaces) {
    const account = ["serviceaccount/default", "--namespace", metadata.name];
    await server.kubectl(["wait", "--for=create", "--timeout=30s", ...account]);
  }
  await apply(known.filter(({ kind }) => kind !== "Namespace"));
  await apply(volumesFor(known));
  const pods = objects.flatMap(expandedPods);
  await apply([...known, ...pods].flatMap(givenClaims));
  await apply(pods);
}

/** The site's own, in which an object of ours lies beside an operator. */
function givenNamespaces(objects: readonly Loose[]): object[] {
  const made = objects.filter(({ kind }) => kind === "Namespace").map(nameOf);
  const used = new Set<string>(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
  return [...used]
    .filter((name) => !made.includes(name))
    .map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
}

/** Of an operator: no group of Kubernetes' own has a dot, but those that end so. */
function isCustom(apiVersion: string): boolean {
  const [group = ""] = apiVersion.split("/");
  return group.includes(".") && !group.endsWith(".k8s.io");
}

function expandedPods(object: Loose): ExpandedPod[] {
  if (object.kind === "LeaderWorkerSet") return podsOfLeaderWorkerSetWithoutOperator(object);
  if (object.kind === "RayService") return podsOfRayServiceWithoutOperator(object);
  return [];
}

/** One volume for each claim: no storage driver runs here. */
function volumesFor(objects: readonly Loose[]): object[] {
  return objects.flatMap((object) =>
    (object.spec?.volumeClaimTemplates ?? []).flatMap((template: Loose) =>
      Array.from({ length: object.spec.replicas ?? 1 }, (_, index) => ({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: `${object.metadata.name}-${template.metadata.name}-${index}` },
        spec: {
          accessModes: ["ReadWriteOnce"],
          capacity: template.spec.resources.requests,
          storageClassName: template.spec.storageClassName,
          persistentVolumeReclaimPolicy: "Retain",
          claimRef: {
            namespace: object.metadata.namespace,
            name: `${template.metadata.name}-${object.metadata.name}-${index}`,
          },
          csi: { driver: "simulated.example", volumeHandle: `${object.metadata.name}-${index}` },
        },
      })),
    ),
  );
}

/** Claims that the site's owner made: the settings name them. */
function givenClaims(object: Loose): object[] {
  const spec = object.spec?.template?.spec ?? object.spec;
  const { namespace } = object.metadata;
  return ((spec?.volumes ?? []) as Loose[]).flatMap(({ persistentVolumeClaim: claim }) => {
    if (claim === undefined) return [];
    const name = claim.claimName;
    const shared = {
      accessModes: ["ReadOnlyMany"],
      storageClassName: "given",
      volumeName: `given-${name}`,
    };
    const volume = {
      accessModes: shared.accessModes,
      storageClassName: "given",
      capacity: { storage: "1Ti" },
      csi: { driver: "simulated.example", volumeHandle: name },
      claimRef: { namespace, name },
    };
    return [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name, namespace },
        spec: { ...shared, resources: { requests: { storage: "1Ti" } } },
      },
      {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: shared.volumeName },
        spec: volume,
      },
    ];
  });
}

/** All pods, once none but `waiting` of them waits for a node, or nothing changes any more. */
async function settled(waiting = 0): Promise<Loose[]> {
  let pods: Loose[] = [];
  let still = 0;
  let before = "";
  const seen = async () => {
    const text = await server.kubectl(["get", "pods", "--all-namespaces", "--output", "json"]);
    pods = JSON.parse(text).items;
    const left = pods.filter((pod) => pod.spec.nodeName === undefined).map(nameOf);
    const now = `${pods.length} ${left}`;
    still = now === before ? still + 1 : 0;
    before = now;
    return still >= 5 && (left.length <= waiting || still >= 20);
  };
  await expect.poll(seen, { timeout: 180_000, interval: 500 }).toBe(true);
  return pods;
}

function freeGpus(settings: Settings, pods: readonly Loose[]): number {
  const all = declaredNodes(settings).reduce((sum, { gpus }) => sum + (gpus?.count ?? 0), 0);
  return all - pods.reduce((sum, pod) => sum + gpusOf(pod), 0);
}

function gpusOf(pod: Loose): number {
  const containers: Loose[] = pod.spec.containers;
  return containers.reduce(
    (sum, { resources }) => sum + Number(resources?.limits?.["nvidia.com/gpu"] ?? 0),
    0,
  );
}

async function clear(): Promise<void> {
  const spaces = [
    ...["deepseek", "deepseek-gpu", "deepseek-logs", "deepseek-patient"],
    "monitoring",
  ];
  await server.kubectl(["delete", "namespaces", "--ignore-not-found", "--wait=false", ...spaces]);
  // No kubelet confirms the end of a pod.
  for (const space of spaces) {
    const pods = ["pods", "--all", "--namespace", space, "--grace-period=0", "--force"];
    await server.kubectl(["delete", ...pods]).catch(() => {});
  }
  await server.kubectl([
    "wait",
    "--for=delete",
    "--timeout=60s",
    ...spaces.map((s) => `namespace/${s}`),
  ]);
  await server.kubectl(["delete", "nodes,persistentvolumes,storageclasses", "--all"]);
}

function nameOf(pod: Loose): string {
  return pod.metadata.name;
}

async function apply(objects: readonly object[]): Promise<void> {
  if (objects.length > 0) await server.kubectl(APPLY, list(objects));
}

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
