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

export interface Job {
  readonly id: string;
  readonly kind: JobKind;
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

export interface JobPage {
  readonly principal: string;
  readonly kind: JobKind;
  readonly limit: number;
  /** Only those made before this one. */
  readonly before?: string | undefined;
}

export interface JobStore {
  prepare(): Promise<void>;
  /** False: the id is taken. */
  insert(job: Job): Promise<boolean>;
  get(id: string): Promise<Job | null>;
  /** The newest first. */
  list(page: JobPage): Promise<Job[]>;
  /** Queued or running ones. */
  countOpen(principal: string): Promise<number>;
  /** Jobs that are due, the longest due first: theirs until `untilMs`. A queued one is running then, one more attempt is counted. */
  claim(owner: string, what: Work, nowMs: number, untilMs: number, limit: number): Promise<Job[]>;
  /** Prolongs leases; returns the ids that are still the owner's. */
  renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]>;
  /** Writes state, due time and detail and gives the lease back; false: the job is not the owner's any more. */
  finish(owner: string, job: Job): Promise<boolean>;
  /** An open job is cancelled, whoever has it; null: there is none, or it has ended. */
  cancel(id: string, nowMs: number): Promise<Job | null>;
  /** Removes all of a principal's jobs, open ones too; returns their ids. */
  erase(principal: string): Promise<string[]>;
  /** Removes what has expired; returns how many. */
  purge(nowMs: number): Promise<number>;
  close(): Promise<void>;
}

export function isOpen({ state }: Pick<Job, "state">): boolean {
  return state === "queued" || state === "running";
}

/** A cancelled job's webhook is told, as that of any job that has ended. */
export function cancelled(job: Job, nowMs: number): Job {
  const detail = { ...job.detail, request: "", finishedMs: nowMs };
  return { ...job, state: "cancelled", dueMs: detail.webhook === null ? null : nowMs, detail };
}
