/** How long a model server takes to be ready: its weights are read, then it measures and compiles. */
export interface Startup {
  /** Of the whole replica: each node reads its part at the same time as the others. */
  readonly loadSeconds: number;
  readonly seconds: number;
}

/** vLLM's own profile run and its CUDA graphs; a minute or so on A100s, whatever the model. */
const WARM_UP_SECONDS = 60;

/** `bytesPerSecond` is what one node reads from its storage. */
export function startupOf(bytesPerNode: number, bytesPerSecond: number): Startup {
  if (!(bytesPerSecond > 0)) throw new Error("storage that gives nothing");
  const loadSeconds = bytesPerNode / bytesPerSecond;
  return { loadSeconds, seconds: Math.ceil(loadSeconds + WARM_UP_SECONDS) };
}
