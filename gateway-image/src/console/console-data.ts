/** What the console shows, from what the stores say. Pure. */
import { DURATION_EDGES_MS } from "../stores/ledger-activity.ts";
import type { Activity, LedgerFault } from "../stores/ledger-store.ts";
import { addBins, percentileOf } from "./percentile.ts";
import type { Refusal } from "./refusals.ts";

/** A quarter of an hour in thirty points: what a person on call looks back over. */
export const SPAN_MS = 30_000;
export const SPANS = 30;
export const ERRORS_MAX = 50;

export interface Window {
  /** The beginning of the first span. */
  readonly from: number;
  /** The end of the last one, which is not over yet. */
  readonly to: number;
}

export function windowAt(nowMs: number): Window {
  const to = (Math.floor(nowMs / SPAN_MS) + 1) * SPAN_MS;
  return { from: to - SPANS * SPAN_MS, to };
}

/** One point each span, also of those in which nothing happened. */
export function seriesOf(activities: readonly Activity[], { from }: Window) {
  return Array.from({ length: SPANS }, (_, index) => {
    const at = from + index * SPAN_MS;
    const own = activities.filter((one) => one.at === at);
    return { at: new Date(at).toISOString(), ...countsOf(own) };
  });
}

/** The whole window by model, the busiest first. `seconds`: how much of it is over. */
export function modelsOf(activities: readonly Activity[], seconds: number) {
  const names = [...new Set(activities.map(({ model }) => model))];
  return names
    .map((model) => {
      const counts = countsOf(activities.filter((one) => one.model === model));
      const rate = counts.completion_tokens / Math.max(1, seconds);
      return { model, ...counts, tokens_per_second: Math.round(rate * 10) / 10 };
    })
    .sort((a, b) => b.requests - a.requests || (a.model < b.model ? -1 : 1));
}

function countsOf(activities: readonly Activity[]) {
  const sum = (value: (one: Activity) => number) =>
    activities.reduce((total, one) => total + value(one), 0);
  const durations = addBins(activities.map((one) => one.durations));
  const firstBytes = addBins(activities.map((one) => one.firstBytes));
  return {
    requests: sum((one) => one.requests),
    failed: sum((one) => one.failed),
    refused: sum((one) => one.refused),
    prompt_tokens: sum((one) => one.promptTokens),
    completion_tokens: sum((one) => one.completionTokens),
    p50_ms: percentileOf(0.5, DURATION_EDGES_MS, durations),
    p95_ms: percentileOf(0.95, DURATION_EDGES_MS, durations),
    first_byte_p50_ms: percentileOf(0.5, DURATION_EDGES_MS, firstBytes),
    first_byte_p95_ms: percentileOf(0.95, DURATION_EDGES_MS, firstBytes),
  };
}

/** Those of the ledger and those that never came so far, each call once, the newest first. A request id is the caller's to choose. */
export function errorsOf(faults: readonly LedgerFault[], refusals: readonly Refusal[]) {
  const all = new Map<string, { at: number; line: object }>();
  for (const one of refusals) all.set(one.callId, { at: one.at, line: one });
  for (const one of faults) {
    all.set(one.callId, { at: one.finishedAt.getTime(), line: one });
  }
  return [...all.values()]
    .sort((a, b) => b.at - a.at)
    .slice(0, ERRORS_MAX)
    .map(({ at, line }) => errorLine(at, line as LedgerFault | Refusal));
}

function errorLine(at: number, line: LedgerFault | Refusal) {
  return {
    at: new Date(at).toISOString(),
    id: line.callId,
    request_id: line.requestId,
    user: line.principal,
    tenant: line.tenant,
    endpoint: line.endpoint,
    model: line.model,
    status: line.status,
    code: line.httpStatus,
    error: line.error,
  };
}

export interface TargetStates {
  readonly all: number;
  readonly well: number;
}

/** `serving`: all servers of it take calls; `degraded`: some do; `down`: none does. */
export function modelState({ all, well }: TargetStates): "serving" | "degraded" | "down" {
  if (well === all && all > 0) return "serving";
  return well === 0 ? "down" : "degraded";
}
