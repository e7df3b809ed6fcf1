/** GPUs that plans are made for. Sizes as the driver tells them, sources beside them. */
export interface Gpu {
  readonly id: string;
  /** Of one GPU, MiB. */
  readonly memoryMebibytes: number;
  /** In one node, joined by NVLink: a tensor-parallel group does not leave it. */
  readonly perNode: number;
  /** A slice of a GPU (MIG): it cannot be joined with others. */
  readonly slice: boolean;
  readonly source: string;
}

const AWS = "EC2 p4d and p4de: 8 A100 a node, 320 and 640 GB (AWS, Capacity Blocks pricing)";
const MIG = "NVIDIA MIG user guide, supported profiles of the A100";

const slice = (id: string, gibibytes: number, perGpu: number): Gpu => ({
  id,
  memoryMebibytes: gibibytes * 1_024,
  perNode: 8 * perGpu,
  slice: true,
  source: MIG,
});

export const GPUS = {
  "a100-40": { id: "a100-40", memoryMebibytes: 40_960, perNode: 8, slice: false, source: AWS },
  "a100-80": { id: "a100-80", memoryMebibytes: 81_920, perNode: 8, slice: false, source: AWS },
  "a100-40-mig-3g": slice("a100-40-mig-3g", 20, 2),
  "a100-80-mig-3g": slice("a100-80-mig-3g", 40, 2),
  "a100-80-mig-2g": slice("a100-80-mig-2g", 20, 3),
} as const satisfies Readonly<Record<string, Gpu>>;

export type GpuId = keyof typeof GPUS;
