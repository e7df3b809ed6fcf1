/**
 * The instance types with A100s, as a node of each presents itself. Pure. Sizes: AWS' page of P4
 * instances; labels as NVIDIA's GPU feature discovery writes them.
 */

export interface GpuInstance {
  readonly gpus: number;
  readonly product: string;
  /** Of one GPU. */
  readonly memoryMebibytes: number;
  readonly networkCards: number;
  /** What is left for pods of 8 × 1 TB of NVMe in RAID0: 7,450 GiB less file system and images. */
  readonly scratchGibibytes: number;
}

const P4 = { gpus: 8, networkCards: 4, scratchGibibytes: 7_000 } as const;

export const GPU_INSTANCES = {
  "p4d.24xlarge": { ...P4, product: "NVIDIA-A100-SXM4-40GB", memoryMebibytes: 40_960 },
  "p4de.24xlarge": { ...P4, product: "NVIDIA-A100-SXM4-80GB", memoryMebibytes: 81_920 },
} as const satisfies Readonly<Record<string, GpuInstance>>;

export type GpuInstanceType = keyof typeof GPU_INSTANCES;

export function gpuLabels(type: GpuInstanceType): Record<string, string> {
  const { gpus, product, memoryMebibytes } = GPU_INSTANCES[type];
  return {
    "nvidia.com/gpu.present": "true",
    "nvidia.com/gpu.product": product,
    "nvidia.com/gpu.count": String(gpus),
    "nvidia.com/gpu.memory": String(memoryMebibytes),
  };
}
