/**
 * A fine-tuning job as it is kept: in the store of jobs, in a table of its own. The store's `queued`
 * and `running` only say whether somebody looks at it now; what callers see of an open one is its
 * phase.
 */
import type { JobTable, StoredJob } from "../jobs/job-store.ts";

export const PHASES = ["validating_files", "queued", "running"] as const;
export type Phase = (typeof PHASES)[number];

export interface FineTuning extends StoredJob {
  readonly kind: "fine-tuning";
  readonly detail: FineTuningDetail;
}

export interface FineTuningDetail {
  readonly model: string;
  /** Names of data sets that administrators have put where the training program finds them. */
  readonly trainingFile: string;
  readonly validationFile: string | null;
  readonly suffix: string | null;
  readonly method: Method;
  readonly seed: number;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** SHA-256 of what was asked, so that the same key with another body is noticed. */
  readonly requestHash: string;
  readonly phase: Phase;
  /** Whatever computes it has it; if it is not there any more, somebody has removed it. */
  readonly handedOver: boolean;
  /** Looks or removals in a row that failed. */
  readonly faults: number;
  readonly finishedMs: number | null;
  readonly fineTunedModel: string | null;
  readonly trainedTokens: number | null;
  readonly error: FineTuningError | null;
  /** The oldest first. */
  readonly events: readonly FineTuningEvent[];
  /** How often what computes it was asked to remove it. */
  readonly removals: number;
}

export interface Method {
  readonly type: "supervised" | "dpo";
  readonly hyperparameters: Readonly<Record<string, number | "auto">>;
}

export interface FineTuningError {
  readonly code: string;
  readonly message: string;
  readonly param: "training_file" | "validation_file" | null;
}

export interface FineTuningEvent {
  readonly atMs: number;
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

/** As it is seen by what computes it. */
export type Sight =
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  | { readonly kind: "succeeded"; readonly model: string; readonly trainedTokens: number | null }
  | ({ readonly kind: "failed" } & FineTuningError)
  /** It was not begun, and will not be without a change; `reason` is for the log. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It could not be looked at. */
  | { readonly kind: "unseen" };

/** What computes fine-tuning jobs. */
export interface FineTuningDriver {
  /** Nothing is trained, and every event says so. */
  readonly simulated: boolean;
  /** Between two looks. */
  readonly lookMs: number;
  /** Begins it where it is not begun yet, and tells how it stands. Rejects where that cannot be seen. */
  look(job: FineTuning, signal: AbortSignal): Promise<Sight>;
  /** Ends it and removes what is left of it; it may be gone already. */
  remove(job: FineTuning, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** `ftjob-` and 24 hexadecimal digits. */
export const ID_PREFIX = "ftjob-";

export const FINE_TUNINGS: JobTable<FineTuning> = {
  name: "fine_tunings",
  // What computes it must still be told.
  cancelled: (job, nowMs) => ({
    ...job,
    state: "cancelled",
    dueMs: nowMs,
    detail: {
      ...job.detail,
      finishedMs: nowMs,
      faults: 0,
      events: [...job.detail.events, { atMs: nowMs, level: "info", message: "Cancelled." }],
    },
  }),
};
