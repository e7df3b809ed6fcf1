/** Takes a slot and a request from the quota of the key, and gives the slot back at the end. */
import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import type { QuotaGuard } from "../stores/quota-guard.ts";
import type { Metrics } from "../telemetry/metrics.ts";

const CODES = {
  rate: "rate_limit_exceeded",
  concurrency: "concurrency_limit_exceeded",
} as const;

export function admit(quota: QuotaGuard, metrics: Metrics): Step {
  return async function admit(context, next) {
    const { principal, tier, response, callId } = context;
    if (principal === null || tier === null) throw new Error("admit comes too early");
    const admission = { keyId: principal.id, callId, ...tier };
    response.setHeader("x-ratelimit-limit-requests", tier.requestsPerMinute);
    const verdict = await quota.admit(admission);
    if (!verdict.admitted) {
      metrics.quotaRefusals.inc({ reason: verdict.reason });
      if (verdict.reason === "rate") response.setHeader("x-ratelimit-remaining-requests", 0);
      throw new GatewayError(CODES[verdict.reason], { retryAfterMs: verdict.retryAfterMs });
    }
    response.setHeader("x-ratelimit-remaining-requests", verdict.requestsLeft);
    try {
      await next();
    } finally {
      await quota.release(admission);
    }
  };
}
