/**
 * Reserves the call on all of its accounts at its upper bound, and settles it at the end with what
 * was used. Where a limit is reached the tier says what happens: refused, waiting, or a smaller
 * model. A call of a caller who is far from every limit does not wait for the store: it goes on to
 * the model server meanwhile, and is stopped there, with nothing shown of it, if the store refuses.
 */
import type { Clock } from "../base/clock.ts";
import { patchMembers, scanMembers } from "../base/json-members.ts";
import { isProduced, type RequestContext, type Step } from "../context.ts";
import type { Directory } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { promptTokensMax } from "../proxy/call-bound.ts";
import { unfit } from "../proxy/fitness.ts";
import type { RouteTable } from "../proxy/route-table.ts";
import { costMicrosOf } from "../quota/cost.ts";
import type { QuotaWaiters } from "../quota/quota-waiters.ts";
import type { QuotaWarnings } from "../quota/quota-warnings.ts";
import { rateHeaders } from "../quota/rate-headers.ts";
import { knownScopesOf } from "../quota/scopes.ts";
import type { Answer, Held, QuotaGuard } from "../stores/quota-guard.ts";
import type { LimitName, Refusal, Reservation, Standing } from "../stores/quota-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";

const CODES = {
  requestsPerSecond: "rate_limit_exceeded",
  requestsPerMinute: "rate_limit_exceeded",
  requestsPerDay: "daily_quota_exceeded",
  tokensPerMinute: "token_limit_exceeded",
  concurrency: "concurrency_limit_exceeded",
  costPerMonth: "insufficient_quota",
} as const satisfies Record<LimitName, string>;

export interface AdmitParts {
  readonly quota: QuotaGuard;
  readonly waiters: QuotaWaiters;
  /** null: nobody is told. */
  readonly warnings: QuotaWarnings | null;
  readonly routes: RouteTable;
  readonly directory: Directory;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly maxTokensDefault: number;
  readonly answerTimeoutMs: number;
}

type Admitted = Extract<Answer, { held: Held }>;

export function admit(parts: AdmitParts): Step {
  return async function admit(context, next) {
    const wanted = reservationOf(parts, context);
    if (mayGoAhead(context) && parts.quota.expects(wanted)) {
      return goAhead(parts, context, wanted, next);
    }
    const { verdict, held } = await admitted(parts, context, wanted);
    try {
      // The call is on its way to the model server when this comes back; what its caller is told of
      // the limits is made while that works.
      const served = next();
      tell(parts, context, verdict.standings);
      await served;
    } finally {
      await settle(parts, context, held);
    }
  };
}

/** Where a refusal would be the end of it: who waits or gets a smaller model must be known before. */
function mayGoAhead({ caller, job }: RequestContext): boolean {
  return job === null && (caller?.tier.overQuota.action ?? "refuse") === "refuse";
}

async function goAhead(
  parts: AdmitParts,
  context: RequestContext,
  wanted: Reservation,
  next: () => Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  context.admission = promise;
  // A refusal is thrown by whoever waits for it; a call may end for another reason before.
  promise.catch(() => {});
  // The model server is asked in this turn, the store while that works, also about what a step refuses.
  const served = (async () => next())();
  const admission = Promise.resolve().then(() => admitted(parts, context, wanted));
  admission.then(({ verdict }) => tell(parts, context, verdict.standings)).then(resolve, reject);
  try {
    await served;
  } finally {
    const answer = await admission.catch(() => null);
    if (answer !== null) await settle(parts, context, answer.held);
  }
}

async function settle(parts: AdmitParts, context: RequestContext, held: Held): Promise<void> {
  const { promptTokens, completionTokens } = context.usage;
  const durationMs = parts.clock.monotonicMs() - context.startedMs;
  const price = priceOf(parts, context);
  const cost = costMicrosOf(price, { promptTokens, completionTokens, durationMs });
  // Nothing was produced, nothing is owed: a refusal of the model server costs no money.
  const owed = isProduced(context.usage) ? cost : 0;
  await parts.quota.settle(held, promptTokens + completionTokens, owed);
  for (const { id } of held.reservation.scopes) parts.waiters.wake(id);
}

function tell(parts: AdmitParts, context: RequestContext, standings: readonly Standing[]): void {
  const { response, caller } = context;
  parts.metrics.reservations.inc({ outcome: "admitted" });
  parts.warnings?.note(standings, caller?.tenant.id ?? "");
  if (response.headersSent) return;
  for (const [name, value] of Object.entries(rateHeaders(standings))) {
    response.setHeader(name, value);
  }
}

/** Throws the refusal where the tier knows no other way, or that way is closed as well. */
async function admitted(
  parts: AdmitParts,
  context: RequestContext,
  wanted: Reservation,
): Promise<Admitted> {
  const first = await parts.quota.reserve(wanted);
  if (first.held !== null) return first;
  const { overQuota } = context.caller?.tier ?? { overQuota: { action: "refuse" } };
  if (overQuota.action === "queue") return waitFor(parts, context, first.verdict, overQuota.waitMs);
  if (overQuota.action === "fallback") {
    if (!fallTo(parts, context, overQuota.model)) throw refusal(parts, context, first.verdict);
    const second = await reserve(parts, context);
    if (second.held === null) throw refusal(parts, context, first.verdict);
    return second;
  }
  throw refusal(parts, context, first.verdict);
}

function reserve(parts: AdmitParts, context: RequestContext): Promise<Answer> {
  return parts.quota.reserve(reservationOf(parts, context));
}

function reservationOf(parts: AdmitParts, context: RequestContext): Reservation {
  const { caller, model, endpoint, callId } = context;
  if (caller === null || model === null) throw new Error("admit comes too early");
  const bound = boundOf(parts, context);
  return {
    callId,
    scopes: knownScopesOf(caller, endpoint.path, model.id, model.limits),
    tokens: bound.promptTokens + bound.completionTokens,
    costMicros: costMicrosOf(priceOf(parts, context), {
      ...bound,
      durationMs: parts.answerTimeoutMs,
    }),
  };
}

/** Looks again when something was settled here, or when the limit itself says that it is time. */
async function waitFor(
  parts: AdmitParts,
  context: RequestContext,
  refused: Refusal,
  waitMs: number,
): Promise<Admitted> {
  const { clock, waiters, metrics } = parts;
  const beganMs = clock.monotonicMs();
  let verdict = refused;
  for (;;) {
    const leftMs = beganMs + waitMs - clock.monotonicMs();
    // Nobody knows when a slot is free; all other limits say it.
    const isHopeless = verdict.limit !== "concurrency" && verdict.retryAfterMs > leftMs;
    if (leftMs <= 0 || isHopeless) break;
    const pauseMs = Math.min(Math.max(verdict.retryAfterMs, 1), leftMs, limits.quotaLookMs);
    if (!(await waiters.wait(verdict.scope, pauseMs, context.gone.signal))) break;
    if (context.gone.signal.aborted) throw new GatewayError("client_closed");
    const answer = await reserve(parts, context);
    if (answer.held !== null) {
      const waitedMs = clock.monotonicMs() - beganMs;
      metrics.quotaWait.observe({ outcome: "admitted" }, waitedMs / 1000);
      context.response.setHeader("x-quota-wait-ms", Math.round(waitedMs));
      return answer;
    }
    verdict = answer.verdict;
  }
  metrics.quotaWait.observe({ outcome: "refused" }, (clock.monotonicMs() - beganMs) / 1000);
  throw refusal(parts, context, verdict);
}

/** From here on it is as if the caller had asked for that model. */
function fallTo({ routes }: AdmitParts, context: RequestContext, name: string): boolean {
  const { call, model, endpoint, response } = context;
  const route = routes.get(name);
  if (call === null || model === null || route === undefined || name === model.id) return false;
  const able = endpoint.api !== null && unfit(route.model, endpoint.api, call) === null;
  if (!able || !context.mayUse(name)) return false;
  response.setHeader("x-quota-fallback", model.id);
  response.setHeader("x-model-used", name);
  context.body = patchMembers(context.body, call.members, { model: JSON.stringify(name) });
  context.call = { ...call, model: name, members: scanMembers(context.body)?.members ?? [] };
  context.model = route.model;
  return true;
}

function priceOf({ directory }: AdmitParts, { model }: RequestContext) {
  return directory.get("price", model?.id ?? "")?.entity;
}

function boundOf(parts: AdmitParts, { call, model, body, endpoint }: RequestContext) {
  const limit = call?.maxTokens ?? model?.maxTokensDefault ?? parts.maxTokensDefault;
  const completionTokens = endpoint.api === "embeddings" ? 0 : limit * (call?.answers ?? 1);
  if (call === null || model === null) return { promptTokens: body.length, completionTokens };
  return { promptTokens: promptTokensMax(body, call, model), completionTokens };
}

function refusal(parts: AdmitParts, { response }: RequestContext, verdict: Refusal): GatewayError {
  const { limit, scope, max, used, retryAfterMs } = verdict;
  parts.metrics.quotaRefusals.inc({ reason: limit });
  parts.metrics.reservations.inc({ outcome: "refused" });
  const [kind] = scope.split(":", 1);
  const standing = { scope, limit, max, used, resetMs: retryAfterMs };
  for (const [name, value] of Object.entries(rateHeaders([standing]))) {
    response.setHeader(name, value);
  }
  return new GatewayError(CODES[limit], {
    retryAfterMs,
    // The kind of account, not its name: a tenant's name is no business of every caller.
    facts: { current_usage: used, limit: max, quota: limit, scope: kind ?? "" },
  });
}
