/**
 * The GPUs that a site of one's own says it has: what their product is, and whether count and memory
 * fit it. Whether what is planned finds room on them is said by served-models.ts. Pure.
 */
export interface GpuInventory {
  /** As NVIDIA's feature discovery labels the nodes: `nvidia.com/gpu.product`. */
  readonly product: string;
  readonly nodes: number;
  /** `nvidia.com/gpu.count`. */
  readonly perNode: number;
  /** `nvidia.com/gpu.memory`: MiB of one GPU. */
  readonly memoryMebibytes: number;
}

export interface GpuStock {
  readonly product: string;
  /** What plans are made for, as sizing/gpus.ts calls it. */
  readonly gpu: "a100-40" | "a100-80";
  readonly gpus: number;
  /** More of them do not share a layer well: cards on PCIe have a bridge between two at most. */
  readonly tensorParallelMax: number;
}

/** NVLink bridges join two cards (NVIDIA A100 80GB PCIe, product brief). */
const BRIDGED = 2;
/** The largest group that sizing/fit.ts plans. */
const TENSOR_PARALLEL_MAX = 8;
/** The largest that is sold: HGX A100 with two boards. */
const PER_NODE_MAX = 16;
/** Drivers keep up to some 2 % of the memory from what they tell. */
const MEMORY_SLACK = 0.03;

/**
 * A800 is the A100 with 400 instead of 600 GB/s of NVLink: the same memory, the same instructions.
 * Names: NVIDIA-A100-SXM4-80GB, NVIDIA-A100-PCIE-40GB, NVIDIA-A100-80GB-PCIe, NVIDIA-A800-SXM4-80GB,
 * NVIDIA-A800-80GB-PCIe and the like (feature discovery: the driver's name with hyphens).
 */
const A100_CLASS = /^NVIDIA-A[18]00-(?:(SXM4)-|PCIE-)?(40|80)GB(?:-PCIe|-Active)?$/i;

export function stockOf(
  inventory: GpuInventory,
): { readonly stock: GpuStock } | { readonly faults: readonly string[] } {
  const { product, nodes, perNode, memoryMebibytes } = inventory;
  const match = A100_CLASS.exec(product);
  const faults = [
    ...productFaults(product, match !== null),
    ...countFaults("nodes", nodes, Number.MAX_SAFE_INTEGER),
    ...countFaults("GPUs of a node", perNode, PER_NODE_MAX),
    ...(match === null ? [] : memoryFaults(product, Number(match[2]), memoryMebibytes)),
  ];
  if (match === null || faults.length > 0) return { faults };
  const joined = match[1] !== undefined;
  const stock: GpuStock = {
    product,
    gpu: match[2] === "40" ? "a100-40" : "a100-80",
    gpus: nodes * perNode,
    tensorParallelMax: joined ? Math.min(TENSOR_PARALLEL_MAX, perNode) : Math.min(BRIDGED, perNode),
  };
  return { stock };
}

function productFaults(product: string, known: boolean): string[] {
  if (product.endsWith("-SHARED")) {
    return [`${product}: time-sliced GPUs have no memory of their own, so nothing can be planned`];
  }
  if (product.includes("-MIG-")) {
    return [`${product}: a slice, not a GPU; declare the GPU and the profile of its slices`];
  }
  return known ? [] : [`${product}: not of the A100's class, for which plans are made`];
}

function countFaults(what: string, count: number, most: number): string[] {
  if (Number.isInteger(count) && count >= 1 && count <= most) return [];
  return [`${what}: ${count}, and must be a whole number from 1 to ${most}`];
}

function memoryFaults(product: string, gigabytes: number, told: number): string[] {
  const whole = gigabytes * 1_024;
  if (told <= whole && told >= whole * (1 - MEMORY_SLACK)) return [];
  return [`${product} has ${whole} MiB, and ${told} are declared`];
}
