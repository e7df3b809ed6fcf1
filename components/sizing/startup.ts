/** How long a model server takes to be ready: its weights are read, then it measures and compiles. */
export interface Startup {
  /** Of the whole replica: each node reads its part at the same time as the others. */
  readonly loadSeconds: number;
  readonly seconds: number;
}

/**
 * Reading its programs, compiling kernels, a profile run and CUDA graphs. vLLM 0.25.1 with 7B and no
 * weights to read was ready 102 and 128 s after its start on two fresh machines with an H200, and after
 * 53 s where its files and compiled kernels were there already, as they are not in a new pod.
 */
const WARM_UP_SECONDS = 120;

/** `bytesPerSecond` is what one node reads from its storage. */
export function startupOf(bytesPerNode: number, bytesPerSecond: number): Startup {
  if (!(bytesPerSecond > 0)) throw new Error("storage that gives nothing");
  const loadSeconds = bytesPerNode / bytesPerSecond;
  return { loadSeconds, seconds: Math.ceil(loadSeconds + WARM_UP_SECONDS) };
}
