/** How a job stands in a table: what is searched for in columns of its own, the rest as JSON. */
import type { Job, JobDetail, JobKind, JobState } from "../jobs/job-store.ts";

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

export function jobValues(job: Job): JobValue[] {
  const { id, kind, tenant, principal, state, createdMs, dueMs, attempts, expiresMs, detail } = job;
  const rest = JSON.stringify(detail);
  return [id, kind, tenant, principal, state, createdMs, dueMs, attempts, expiresMs, rest];
}

export function toJob(row: Readonly<Record<string, unknown>>): Job {
  return {
    id: String(row.id),
    kind: row.kind as JobKind,
    tenant: String(row.tenant),
    principal: String(row.principal),
    state: row.state as JobState,
    createdMs: Number(row.created_ms),
    dueMs: row.due_ms === null ? null : Number(row.due_ms),
    attempts: Number(row.attempts),
    expiresMs: Number(row.expires_ms),
    detail: JSON.parse(String(row.detail)) as JobDetail,
  };
}
