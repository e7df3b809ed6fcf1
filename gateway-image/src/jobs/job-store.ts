/**
 * The contract of the store of jobs: calls that were accepted and are computed later. A gateway
 * takes a job for a while (a lease); one that dies lets it go, and another takes it. All
 * implementations pass job-store.contract.ts.
 */
import type { CredentialMethod } from "../directory/fields.ts";

export const JOB_KINDS = ["completions", "chat/completions"] as const;
export type JobKind = (typeof JOB_KINDS)[number];
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

/** What is to be done with a job that is due: while it is open to compute it, then to tell its webhook. */
export type Work = "compute" | "tell";

/** What every job has, whatever it is about. */
export interface StoredJob {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string;
  readonly principal: string;
  readonly state: JobState;
  readonly createdMs: number;
  /** From then on somebody may take it: to compute it, or to tell its webhook. null: nothing is left to do. */
  readonly dueMs: number | null;
  /** How often it was taken to be computed, also by gateways that died of it. */
  readonly attempts: number;
  /** From then on nobody knows of it any more. */
  readonly expiresMs: number;
  readonly detail: object;
}

export interface Job extends StoredJob {
  readonly kind: JobKind;
  readonly detail: JobDetail;
}

export interface JobDetail {
  /** Who asked, to be looked up again when it is computed: rights may have ended meanwhile. */
  readonly credential: string;
  readonly method: CredentialMethod;
  readonly address: string;
  readonly requestId: string;
  readonly dataClass: string;
  readonly model: string;
  /** The body, sealed; empty once the job has ended. */
  readonly request: string;
  /** SHA-256 of what was asked, so that the same key with another body is noticed. */
  readonly requestHash: string;
  readonly startedMs: number | null;
  readonly finishedMs: number | null;
  /** Sealed. */
  readonly result: string | null;
  /** As the answer to a synchronous call would have been, JSON. */
  readonly error: string | null;
  readonly webhook: JobWebhook | null;
}

export interface JobWebhook {
  readonly url: string;
  /** Sealed. */
  readonly secret: string;
  readonly includeResult: boolean;
  readonly state: "waiting" | "delivered" | "failed";
  readonly attempts: number;
}

export type Whose = { readonly principal: string } | { readonly tenant: string };

export type JobPage<J extends StoredJob = Job> = Whose & {
  readonly kind: J["kind"];
  readonly limit: number;
  /** Only those made before this one. */
  readonly before?: string | undefined;
};

/** So many open ones and no more. */
export type Room = Whose & { readonly max: number };

/** Jobs of one sort, in a table of their own. */
export interface JobTable<J extends StoredJob> {
  readonly name: "jobs" | "fine_tunings";
  /** What becomes of an open one that is cancelled. */
  readonly cancelled: (job: J, nowMs: number) => J;
}

export interface JobStore<J extends StoredJob = Job> {
  prepare(): Promise<void>;
  /** `taken`: there is one of that id. `full`: a room is; never more, however many ask at once. */
  insert(job: J, rooms: readonly Room[]): Promise<"made" | "taken" | "full">;
  get(id: string): Promise<J | null>;
  /** The newest first. */
  list(page: JobPage<J>): Promise<J[]>;
  /** Jobs that are due, the longest due first: theirs until `untilMs`. A queued one is running then, one more attempt is counted. */
  claim(owner: string, what: Work, nowMs: number, untilMs: number, limit: number): Promise<J[]>;
  /** Prolongs leases; returns the ids that are still the owner's. */
  renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]>;
  /** Writes state, due time and detail and gives the lease back; false: the job is not the owner's any more. */
  finish(owner: string, job: J): Promise<boolean>;
  /** An open job is cancelled, whoever has it; null: there is none, or it has ended. */
  cancel(id: string, nowMs: number): Promise<J | null>;
  /** Removes all of a principal's jobs, open ones too; returns their ids. */
  erase(principal: string): Promise<string[]>;
  /** Removes what has expired; returns how many. */
  purge(nowMs: number): Promise<number>;
  close(): Promise<void>;
}

export function isOpen({ state }: Pick<StoredJob, "state">): boolean {
  return state === "queued" || state === "running";
}

/** The calls of /v1/async. */
export const ASYNC_JOBS: JobTable<Job> = { name: "jobs", cancelled };

/** A cancelled job's webhook is told, as that of any job that has ended. */
function cancelled(job: Job, nowMs: number): Job {
  const detail = { ...job.detail, request: "", finishedMs: nowMs };
  return { ...job, state: "cancelled", dueMs: detail.webhook === null ? null : nowMs, detail };
}
