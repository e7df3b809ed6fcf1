/**
 * How a pod says which GPUs it wants: labels of NVIDIA's feature discovery, the resource a device
 * plugin hands out, and the network adapters of groups. Pure.
 */
import type { Placement } from "../pod-template.ts";
import type { GpuId } from "../sizing/gpus.ts";

export interface Accelerator {
  readonly gpu: GpuId;
  /** Of one pod; slices where `gpu` is one (MIG). */
  readonly count: number;
  /** Network adapters (EFA) of one pod; 0: its group, if it is in one, speaks TCP. */
  readonly adapters: number;
  /** A pool of nodes by its name; absent: wherever such GPUs are. */
  readonly pool?: string;
  /** Its pods leave whole nodes to larger ones (ServedModel.packed). */
  readonly packed?: boolean;
}

/** All small ones of a site, whatever models they serve. */
const PACKED = "gpus";

export const PRODUCT_LABEL = "nvidia.com/gpu.product";
/** On every node of a pool, so that pods can ask for one by its name. */
export const POOL_LABEL = "deepseek.local/pool";
export const GPU_TAINT = "nvidia.com/gpu";
const GPU_RESOURCE = "nvidia.com/gpu";
const ADAPTER_RESOURCE = "vpc.amazonaws.com/efa";

/** Joined by NVSwitch, 8 to a node. An A800 is an A100 with a slower NVLink, made for China. */
const JOINED = {
  40: ["NVIDIA-A100-SXM4-40GB", "NVIDIA-A800-SXM4-40GB"],
  80: ["NVIDIA-A100-SXM4-80GB", "NVIDIA-A800-SXM4-80GB"],
} as const;
/** On cards of their own: they serve what one GPU holds. */
const SINGLE = {
  40: ["NVIDIA-A100-PCIE-40GB", "NVIDIA-A800-40GB-Active"],
  80: ["NVIDIA-A100-80GB-PCIe", "NVIDIA-A800-80GB-PCIe"],
} as const;

export const GPU_PRODUCTS: readonly string[] = [JOINED, SINGLE].flatMap((kinds) => [
  ...kinds[40],
  ...kinds[80],
]);

interface Kind {
  readonly gigabytes: 40 | 80;
  readonly resource: string;
}

/** Slices by the names that the plugin gives them where it tells sizes apart (strategy mixed). */
const KINDS: Readonly<Record<GpuId, Kind>> = {
  "a100-40": { gigabytes: 40, resource: GPU_RESOURCE },
  "a100-80": { gigabytes: 80, resource: GPU_RESOURCE },
  "a100-40-mig-3g": { gigabytes: 40, resource: "nvidia.com/mig-3g.20gb" },
  "a100-80-mig-3g": { gigabytes: 80, resource: "nvidia.com/mig-3g.40gb" },
  "a100-80-mig-2g": { gigabytes: 80, resource: "nvidia.com/mig-2g.20gb" },
};

/**
 * Huge pages that libfabric's EFA provider takes its buffers from, as AWS' examples for NCCL ask for
 * (5120Mi a pod with four adapters).
 */
const HUGE_PAGES_PER_ADAPTER_MEBIBYTES = 1_280;

export function devicesOf({ gpu, count, adapters }: Accelerator): Record<string, string> {
  const pages = `${adapters * HUGE_PAGES_PER_ADAPTER_MEBIBYTES}Mi`;
  return {
    [KINDS[gpu].resource]: String(count),
    ...(adapters === 0 ? {} : { [ADAPTER_RESOURCE]: String(adapters), "hugepages-2Mi": pages }),
  };
}

export function placementOf({ gpu, count, pool, packed }: Accelerator): Placement {
  const { gigabytes } = KINDS[gpu];
  const products = count > 1 ? JOINED[gigabytes] : [...JOINED[gigabytes], ...SINGLE[gigabytes]];
  return {
    nodeLabels: {
      [PRODUCT_LABEL]: products,
      ...(pool === undefined ? {} : { [POOL_LABEL]: [pool] }),
    },
    tolerations: [GPU_TAINT],
    ...(packed === true ? { together: PACKED } : {}),
  };
}
