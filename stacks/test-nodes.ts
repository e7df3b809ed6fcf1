/** The nodes that a stack's settings declare, as objects for a scheduler: simulated, and said so. */
import type { Settings } from "../config/schema.ts";
import type { TestApiServer } from "../tools/engine/providers/kubernetes/test-api-server.ts";

export interface NodeShape {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cpu: number;
  readonly memoryGibibytes: number;
  readonly gpus?: {
    readonly product: string;
    readonly memoryMebibytes: number;
    readonly count: number;
  };
  readonly adapters?: number;
}

/** vCPU and GiB by AWS' list of instance types. */
const INSTANCES: Readonly<Record<string, readonly [number, number]>> = {
  "m6i.xlarge": [4, 16],
  "m6i.2xlarge": [8, 32],
  "p4d.24xlarge": [96, 1_152],
  "p4de.24xlarge": [96, 1_152],
};
const PRODUCTS: Readonly<Record<string, string>> = {
  "p4d.24xlarge": "NVIDIA-A100-SXM4-40GB",
  "p4de.24xlarge": "NVIDIA-A100-SXM4-80GB",
};

/** A cluster of one's own: machines for everything else; sizes of the seed where it has some. */
const OWN: Readonly<Record<string, { nodes: number; cpu: number; memory: number }>> = {
  container: { nodes: 2, cpu: 4, memory: 16 },
  "bare-metal": { nodes: 2, cpu: 8, memory: 32 },
};
const OWN_GPU_NODE: Readonly<Record<string, readonly [number, number]>> = {
  "bare-metal": [8, 32],
};

export function declaredNodes(settings: Settings): NodeShape[] {
  return settings.cloud === undefined ? ownNodes(settings) : cloudNodes(settings);
}

function cloudNodes({ cloud }: Settings): NodeShape[] {
  return (cloud?.pools ?? []).flatMap((pool) => {
    const [cpu, memoryGibibytes] = INSTANCES[pool.instanceType] ?? [0, 0];
    // What autoscaling may reach: a pool that is empty at first is filled by what waits.
    const count = pool.kind === "gpu" ? pool.nodes.max : pool.nodes.min;
    const product = PRODUCTS[pool.instanceType];
    return Array.from({ length: count }, (_, index) => {
      const zones = cloud?.zones ?? [];
      const zone = pool.kind === "gpu" ? pool.zone : (zones[index % zones.length] ?? "");
      return {
        name: `${pool.name}-${index + 1}`,
        labels: {
          "deepseek.local/pool": pool.name,
          "node.kubernetes.io/instance-type": pool.instanceType,
          "topology.kubernetes.io/zone": zone,
        },
        cpu,
        memoryGibibytes,
        ...(product === undefined
          ? {}
          : {
              gpus: {
                product,
                memoryMebibytes: product.endsWith("80GB") ? 81_920 : 40_960,
                count: 8,
              },
              adapters: 4,
            }),
      };
    });
  });
}

function ownNodes({ cluster, inventory }: Settings): NodeShape[] {
  const name = cluster.clusterIdentifier;
  const { nodes, cpu, memory } = OWN[name] ?? { nodes: 3, cpu: 32, memory: 128 };
  const plain = Array.from({ length: nodes }, (_, index) => ({
    name: `node-${index + 1}`,
    labels: { "topology.kubernetes.io/zone": `room-${index + 1}` },
    cpu,
    memoryGibibytes: memory,
  }));
  const [gpuCpu, gpuMemory] = OWN_GPU_NODE[name] ?? [96, 1_024];
  const gpus = inventory.flatMap((entry) =>
    Array.from({ length: entry.nodes }, (_, index) => ({
      name: `${entry.name}-${index + 1}`,
      labels: { "topology.kubernetes.io/zone": "room-1" },
      cpu: gpuCpu,
      memoryGibibytes: gpuMemory,
      gpus: {
        product: entry.product,
        memoryMebibytes: entry.memoryGibibytes * 1_024,
        count: entry.gpusPerNode,
      },
    })),
  );
  return [...plain, ...gpus];
}

/** With `taken`, so many GPUs of the first GPU node are not there. */
function nodeObject(shape: NodeShape, taken = 0): object {
  const { gpus, adapters } = shape;
  const count = (gpus?.count ?? 0) - taken;
  const capacity = {
    cpu: String(shape.cpu),
    memory: `${shape.memoryGibibytes}Gi`,
    pods: "110",
    "ephemeral-storage": "8000Gi",
    ...(gpus === undefined ? {} : { "nvidia.com/gpu": String(count), "hugepages-2Mi": "10Gi" }),
    ...(adapters === undefined ? {} : { "vpc.amazonaws.com/efa": String(adapters) }),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: shape.name,
      // For kwok, where it runs.
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        "kubernetes.io/hostname": shape.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        ...shape.labels,
        ...(gpus === undefined
          ? {}
          : {
              "nvidia.com/gpu.present": "true",
              "nvidia.com/gpu.product": gpus.product,
              "nvidia.com/gpu.count": String(count),
              "nvidia.com/gpu.memory": String(gpus.memoryMebibytes),
            }),
      },
    },
    ...(gpus === undefined
      ? {}
      : {
          spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }] },
        }),
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: "Ready", status: "True", reason: "Simulated", message: "simulated" }],
    },
  };
}

/** All that the settings declare, on a control plane without a node of its own. */
export async function makeNodes(
  { kubectl }: TestApiServer,
  settings: Settings,
  taken = 0,
): Promise<void> {
  const shapes = declaredNodes(settings);
  const first = shapes.findIndex(({ gpus }) => gpus !== undefined);
  const items = shapes.map((shape, index) => nodeObject(shape, index === first ? taken : 0));
  const nodes = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const apply = ["apply", "--server-side", "--validate=strict", "--filename", "-"];
  await kubectl(apply, nodes);
  await kubectl([...apply, "--subresource=status"], nodes);
  for (const { name, gpus } of shapes) {
    // Admission takes every new node for one that is not ready; no controller takes that back here.
    const taint = [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }];
    const patch = JSON.stringify({ spec: { taints: gpus === undefined ? [] : taint } });
    await kubectl(["patch", "node", name, "--type=merge", "--patch", patch]);
  }
}
