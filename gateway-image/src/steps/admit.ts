/**
 * Reserves the call on all of its accounts at its upper bound, and settles it at the end with what
 * was used. The bound of a prompt is its bytes: no tokenizer makes more tokens than bytes.
 */
import type { Clock } from "../base/clock.ts";
import { isProduced, type RequestContext, type Step } from "../context.ts";
import type { Directory } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import { costMicrosOf } from "../quota/cost.ts";
import { rateHeaders } from "../quota/rate-headers.ts";
import { scopesOf } from "../quota/scopes.ts";
import type { QuotaGuard } from "../stores/quota-guard.ts";
import type { LimitName, Refusal } from "../stores/quota-store.ts";
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
  readonly directory: Directory;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly maxTokensDefault: number;
  readonly answerTimeoutMs: number;
}

export function admit(parts: AdmitParts): Step {
  return async function admit(context, next) {
    const { caller, model, response, endpoint, callId } = context;
    if (caller === null || model === null) throw new Error("admit comes too early");
    const price = parts.directory.get("price", model.id)?.entity;
    const bound = boundOf(parts, context);
    const { verdict, held } = await parts.quota.reserve({
      callId,
      scopes: scopesOf(caller, endpoint.path, model.id),
      tokens: bound.promptTokens + bound.completionTokens,
      costMicros: costMicrosOf(price, { ...bound, durationMs: parts.answerTimeoutMs }),
    });
    if (held === null) throw refusal(parts, context, verdict);
    for (const [name, value] of Object.entries(rateHeaders(verdict.standings))) {
      response.setHeader(name, value);
    }
    try {
      await next();
    } finally {
      const { promptTokens, completionTokens } = context.usage;
      const durationMs = parts.clock.monotonicMs() - context.startedMs;
      const cost = costMicrosOf(price, { promptTokens, completionTokens, durationMs });
      // Nothing was produced, nothing is owed: a refusal of the model server costs no money.
      const owed = isProduced(context.usage) ? cost : 0;
      await parts.quota.settle(held, promptTokens + completionTokens, owed);
    }
  };
}

function boundOf(parts: AdmitParts, { call, model, body, endpoint }: RequestContext) {
  const limit = call?.maxTokens ?? model?.maxTokensDefault ?? parts.maxTokensDefault;
  const completionTokens = endpoint.api === "embeddings" ? 0 : limit * (call?.choices ?? 1);
  return { promptTokens: body.length, completionTokens };
}

function refusal(parts: AdmitParts, { response }: RequestContext, verdict: Refusal): GatewayError {
  const { limit, scope, max, used, retryAfterMs } = verdict;
  parts.metrics.quotaRefusals.inc({ reason: limit });
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
