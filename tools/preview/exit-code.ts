/** What a pipeline is told by the exit code of a preview against another revision. Pure. */
import { dangersOf } from "./dangers.ts";
import type { Report } from "./report.ts";

export interface Expectations {
  readonly noChanges: boolean;
  readonly noDanger: boolean;
}

/**
 * 0: previewed. 1: previewed, and something is there that the call said must not be. 2: refused, by the
 * program, a setting or a mandatory rule; nothing could be compared, or an update would be refused.
 */
export function exitCode(report: Report, expected: Expectations): 0 | 1 | 2 {
  if (report.outcome !== "planned") return 2;
  if (expected.noChanges && report.steps.length > 0) return 1;
  if (expected.noDanger && dangersOf(report).length > 0) return 1;
  return 0;
}
