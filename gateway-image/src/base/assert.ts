/** For our own mistakes only: a failed assertion is a defect and may end the process. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
