/**
 * How one target did: for its health, for the caller, and whether another one may be tried, which
 * is only where nothing was sent or nothing was begun.
 */
import { parseJson } from "../base/json-members.ts";
import { type ErrorCode, GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { isRequestAtFault, refusal } from "./refusal.ts";
import type { Verdict } from "./target-health.ts";
import type { UpstreamAnswer } from "./upstream-answer.ts";
import { faultKind, faultReason } from "./upstream-fault.ts";
import { readBounded } from "./whole-answer.ts";

export interface Attempt {
  readonly health: Verdict;
  readonly error: GatewayError | null;
  readonly tryNext: boolean;
  readonly reason?: string;
}

export const GOOD: Attempt = { health: "good", error: null, tryNext: false };

const TIMES_UP: ReadonlySet<ErrorCode> = new Set(["model_timeout", "stream_timeout"]);
/** What failed after the model server had answered, and is no fault of its own. */
const OURS: ReadonlySet<ErrorCode> = new Set([
  "audit_unavailable",
  "job_ended",
  "ledger_full",
  "not_ready",
  "quota_store_unavailable",
]);
/** How soon a caller may expect another server: an ejection's shortest time. */
export const RETRY_AFTER_MS = limits.ejectionMsMin;
/** What an upstream asks for beyond an hour is no rate limit of ours to pass on. */
const RETRY_AFTER_SECONDS_MAX = 3_600;

/** An answer without a result, as an attempt; null: there is a result to be relayed. */
export async function withoutResult(answer: UpstreamAnswer): Promise<Attempt | null> {
  if (answer.statusCode === 200) return null;
  if (answer.statusCode === 429) return rateLimited(answer);
  if (answer.statusCode !== 503) return refuse(answer);
  await readBounded(answer.body, limits.errorBytesMax).catch(() => {});
  return unavailable("overloaded", `the model server answered ${answer.statusCode}`);
}

/** It is well, but takes no more now: another may. */
async function rateLimited(answer: UpstreamAnswer): Promise<Attempt> {
  await readBounded(answer.body, limits.errorBytesMax).catch(() => {});
  const seconds = Number(answer.headers["retry-after"]);
  const known = Number.isFinite(seconds) && seconds > 0 && seconds <= RETRY_AFTER_SECONDS_MAX;
  const retryAfterMs = known ? seconds * 1000 : RETRY_AFTER_MS;
  const error = new GatewayError("upstream_rate_limited", { retryAfterMs });
  return { health: "unknown", error, tryNext: true };
}

/** A status that is neither 200, 429 nor 503: the request's fault, or the server's. */
async function refuse(answer: UpstreamAnswer): Promise<Attempt> {
  const body = await readBounded(answer.body, limits.errorBytesMax);
  if (isRequestAtFault(answer.statusCode)) {
    const error = refusal(body === null ? undefined : parseJson(body));
    return { health: "good", error, tryNext: false };
  }
  const cause = `the model server answered ${answer.statusCode}`;
  const error = new GatewayError("upstream_failed", { cause });
  return { health: "fault", error, tryNext: false, reason: "status" };
}

export function failedAttempt(signal: AbortSignal, error: unknown): Attempt {
  if (signal.aborted) {
    const reason = signal.reason as GatewayError;
    // Only the time that is up says something of the server.
    const health = TIMES_UP.has(reason.code) ? "fault" : "unknown";
    return { health, error: reason, tryNext: false, reason: "timeout" };
  }
  const reason = faultReason(error);
  if (error instanceof GatewayError) {
    const health = OURS.has(error.code) ? "good" : "fault";
    return { health, error, tryNext: false, reason };
  }
  const kind = faultKind(error);
  if (kind === "unreachable") return { ...unavailable(reason, error), health: "away" };
  const code = kind === "timeout" ? "model_timeout" : "upstream_failed";
  const failure = new GatewayError(code, { cause: error });
  return { health: "fault", error: failure, tryNext: false, reason };
}

function unavailable(reason: string, cause: unknown): Attempt {
  const error = new GatewayError("model_unavailable", { retryAfterMs: RETRY_AFTER_MS, cause });
  return { health: "fault", error, tryNext: true, reason };
}
