/**
 * What becomes of a fine-tuning job by what was seen of it. A phase never goes back, an end is never
 * left, and a job that is over by its time is removed. Pure.
 */
import { isOpen } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import {
  type FineTuning,
  type FineTuningDetail,
  type FineTuningError,
  type FineTuningEvent,
  PHASES,
  type Phase,
  type Sight,
} from "./fine-tuning.ts";

export interface Moment {
  readonly nowMs: number;
  /** Until the next look at one that goes on. */
  readonly lookMs: number;
  /** Until the next look after a fault. */
  readonly retryMs: number;
  readonly simulated: boolean;
}

/** An open job after a look at it. */
export function advance(job: FineTuning, sight: Sight, at: Moment): FineTuning {
  if (!isOpen(job)) return job;
  const next = seen(job, sight, at);
  const tooLate = at.nowMs >= job.createdMs + limits.fineTuningDeadlineMs;
  if (!isOpen(next) || !tooLate) return next;
  // Whatever computes it must be told to stop.
  return { ...failed(job, TIME_EXCEEDED, at), dueMs: at.nowMs };
}

function seen(job: FineTuning, sight: Sight, at: Moment): FineTuning {
  switch (sight.kind) {
    case "waiting":
      return goesOn(job, "queued", "Waits for its place.", at);
    case "running":
      return goesOn(job, "running", "Training has begun.", at);
    case "succeeded":
      return succeeded(job, sight, at);
    case "failed":
      return failed(job, sight, at);
    case "refused":
      return refused(job, at);
    case "unseen":
      return again(job, { faults: job.detail.faults + 1 }, at.nowMs + at.retryMs);
  }
}

function goesOn(job: FineTuning, to: Phase, message: string, at: Moment): FineTuning {
  const isNew = PHASES.indexOf(to) > PHASES.indexOf(job.detail.phase);
  return again(
    job,
    {
      handedOver: true,
      faults: 0,
      ...(isNew ? { phase: to, events: withEvent(job, "info", message, at) } : {}),
    },
    at.nowMs + at.lookMs,
  );
}

/** `queued` for the store: nobody looks at it now. */
function again(job: FineTuning, change: Partial<FineTuningDetail>, dueMs: number): FineTuning {
  return { ...job, state: "queued", attempts: 0, dueMs, detail: { ...job.detail, ...change } };
}

function succeeded(
  job: FineTuning,
  { model, trainedTokens }: Extract<Sight, { kind: "succeeded" }>,
  at: Moment,
): FineTuning {
  const events = withEvent(job, "info", `Made the model ${model}.`, at);
  const detail = { ...job.detail, fineTunedModel: model, trainedTokens, events };
  return ended({ ...job, detail }, "succeeded", at);
}

function failed(job: FineTuning, { code, message, param }: FineTuningError, at: Moment) {
  const events = withEvent(job, "error", message, at);
  const detail = { ...job.detail, error: { code, message, param }, events };
  return ended({ ...job, detail }, "failed", at);
}

function refused(job: FineTuning, at: Moment): FineTuning {
  const faults = job.detail.faults + 1;
  if (faults >= limits.fineTuningRefusalsMax) return failed(job, NOT_BEGUN, at);
  return again(job, { faults }, at.nowMs + at.retryMs);
}

function ended(job: FineTuning, state: "succeeded" | "failed", { nowMs }: Moment): FineTuning {
  const detail = { ...job.detail, finishedMs: nowMs, faults: 0 };
  return {
    ...job,
    state,
    attempts: 0,
    dueMs: null,
    expiresMs: nowMs + limits.fineTuningTtlMs,
    detail,
  };
}

/**
 * One that is over, after it was removed or could not be. It is removed twice: a gateway that was
 * just looking at it when it was cancelled may have begun it afterwards, and that look has ended by
 * the second time.
 */
export function afterRemoval(job: FineTuning, done: boolean, at: Moment): FineTuning {
  const { detail } = job;
  if (done) {
    const removals = detail.removals + 1;
    const dueMs = removals < 2 ? at.nowMs + limits.jobLeaseMs : null;
    return { ...job, dueMs, detail: { ...detail, removals, faults: 0 } };
  }
  const faults = detail.faults + 1;
  const isLast = faults >= limits.fineTuningRemovalsMax;
  const events = isLast ? withEvent(job, "error", NOT_REMOVED, at) : detail.events;
  const dueMs = isLast ? null : at.nowMs + at.retryMs;
  return { ...job, dueMs, detail: { ...detail, faults, events } };
}

function withEvent(
  { detail }: FineTuning,
  level: FineTuningEvent["level"],
  message: string,
  { nowMs, simulated }: Moment,
): FineTuningEvent[] {
  const text = simulated ? `${message} (simulated: nothing is trained)` : message;
  return [...detail.events, { atMs: nowMs, level, message: text }];
}

const TIME_EXCEEDED: FineTuningError = {
  code: "time_exceeded",
  message: "It did not end within two weeks.",
  param: null,
};
const NOT_BEGUN: FineTuningError = {
  code: "not_begun",
  message: "The cluster refuses to begin it; its administrators find the reason in the log.",
  param: null,
};
const NOT_REMOVED = "What runs of it could not be removed; administrators must do that.";
