/** What a model server asks of its node beside GPUs: processors, memory, and memory shared by its processes. */

export interface ModelResources {
  readonly cpu: string;
  /** All of it: shared memory and weights that lie in memory count against the same limit. */
  readonly memory: string;
  readonly sharedMemory: string;
}

/** One for the API, one for the engine's loop, and one for each GPU (vLLM, "CPU resources for GPU deployments"). */
const PROCESSORS_BESIDE_GPUS = 2;
/** The API, the tokenizer and the engine's loop. */
const OWN_GIBIBYTES = 6;
/** A process for each GPU: CUDA's own, pinned buffers, and pages of the weights while they are read. */
const GIBIBYTES_PER_GPU = 8;
/** NCCL's rings and vLLM's queues; the examples of LeaderWorkerSet give 15Gi to eight GPUs. */
const SHARED_GIBIBYTES_PER_GPU = 2;

/** One GPU: 3 processors, 16Gi. `weightBytesInMemory`: opened onto memory, 0 where a disk holds them. */
export function modelResources(gpus: number, weightBytesInMemory = 0): ModelResources {
  const shared = SHARED_GIBIBYTES_PER_GPU * gpus;
  const weights = Math.ceil(weightBytesInMemory / 2 ** 30);
  const memory = OWN_GIBIBYTES + GIBIBYTES_PER_GPU * gpus + shared + weights;
  return {
    cpu: String(PROCESSORS_BESIDE_GPUS + gpus),
    memory: `${memory}Gi`,
    sharedMemory: sharedMemory(gpus),
  };
}

export function sharedMemory(gpus: number): string {
  return `${SHARED_GIBIBYTES_PER_GPU * gpus}Gi`;
}

/** Room for files of so many bytes, and for a file that is only being written. */
export function volumeFor(bytes: number): string {
  return `${Math.ceil((bytes * 1.02) / 2 ** 30) + 1}Gi`;
}
