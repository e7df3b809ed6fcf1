/** How a job stands in a table: what is searched for in columns of its own, the rest as JSON. */
import type { JobState, StoredJob, Whose } from "../jobs/job-store.ts";

export const JOB_COLUMNS = [
  "id",
  "kind",
  "tenant",
  "principal",
  "state",
  "created_ms",
  "due_ms",
  "attempts",
  "expires_ms",
  "detail",
] as const;

export type JobValue = string | number | null;

export function jobValues(job: StoredJob): JobValue[] {
  const { id, kind, tenant, principal, createdMs } = job;
  const [state = null, ...rest] = changedValues(job);
  return [id, kind, tenant, principal, state, wholeMs(createdMs), ...rest];
}

/** Those that change while it is worked on: state, due_ms, attempts, expires_ms, detail. */
export function changedValues({
  state,
  dueMs,
  attempts,
  expiresMs,
  detail,
}: StoredJob): JobValue[] {
  return [state, wholeMs(dueMs), attempts, wholeMs(expiresMs), JSON.stringify(detail)];
}

/** Waits are drawn by chance and end between two milliseconds; PostgreSQL takes whole ones alone. */
function wholeMs(ms: number | null): number | null {
  return ms === null ? null : Math.ceil(ms);
}

/** A table holds jobs of one sort: their form is what was written. */
export function toJob<J extends StoredJob>(row: Readonly<Record<string, unknown>>): J {
  const job: StoredJob = {
    id: String(row.id),
    kind: String(row.kind),
    tenant: String(row.tenant),
    principal: String(row.principal),
    state: row.state as JobState,
    createdMs: Number(row.created_ms),
    dueMs: row.due_ms === null ? null : Number(row.due_ms),
    attempts: Number(row.attempts),
    expiresMs: Number(row.expires_ms),
    detail: JSON.parse(String(row.detail)) as object,
  };
  return job as J;
}

/** The column that says whose a job is, and what must stand in it. */
export function ownerOf(whose: Whose): readonly ["principal" | "tenant", string] {
  return "principal" in whose ? ["principal", whose.principal] : ["tenant", whose.tenant];
}
