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

export function stateOf(findings: readonly Finding[]): State {
  if (findings.some(({ level }) => level === "failed")) return "failed";
  return findings.some(({ level }) => level === "degraded") ? "degraded" : "healthy";
}
