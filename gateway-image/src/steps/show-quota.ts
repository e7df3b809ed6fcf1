/** GET /v1/quota: where each limit of the caller stands. */

import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { scopesOf } from "../quota/scopes.ts";
import type { QuotaGuard } from "../stores/quota-guard.ts";
import { MICROS, type Scope } from "../stores/quota-store.ts";
import { answerJson } from "./answer-json.ts";

export function showQuota(quota: QuotaGuard): Step {
  return async function showQuota(context, next) {
    const { caller } = context;
    if (caller === null) throw new Error("showQuota comes too early");
    // Accounts of one endpoint or model exist beside the general ones.
    const scopes = new Map<string, Scope>();
    for (const endpoint of ["", ...Object.keys(caller.tier.endpoints)]) {
      for (const model of ["", ...Object.keys(caller.tier.models)]) {
        for (const scope of scopesOf(caller, endpoint, model)) scopes.set(scope.id, scope);
      }
    }
    const standings = await quota.read([...scopes.values()]).catch((cause: unknown) => {
      throw new GatewayError("quota_store_unavailable", { cause });
    });
    await answerJson(context, 200, {
      object: "quota",
      tier: caller.tierName,
      data: standings.map(({ scope, limit, max, used, resetMs }) => {
        const unit = limit === "costPerMonth" ? MICROS : 1;
        return {
          scope,
          limit,
          max: max / unit,
          used: used / unit,
          remaining: Math.max(0, max - used) / unit,
          resets_in_seconds: Math.ceil(resetMs / 1000),
        };
      }),
    });
    await next();
  };
}
