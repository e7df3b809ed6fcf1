/** What a judge has to say about one GPU, or about the node. */

/** note: nothing is wrong. degraded: it serves, but somebody must look. failed: nothing may run on it. */
export type Level = "note" | "degraded" | "failed";

export type State = "healthy" | "degraded" | "failed";

export interface Finding {
  readonly level: Level;
  /** A word for programs: `rowRemapFailed`, `xid79`. */
  readonly code: string;
  readonly what: string;
  readonly fix: string;
}

/** What a person does about more than one of them. */
export const RESET_GPU = "drain the node and reset the GPU (`nvidia-smi -r -i N`)";
export const RESTART_NODE =
  "drain and restart the node; if it comes back, check power, seating and PCIe, then replace the GPU";

export function stateOf(findings: readonly Finding[]): State {
  if (findings.some(({ level }) => level === "failed")) return "failed";
  return findings.some(({ level }) => level === "degraded") ? "degraded" : "healthy";
}
