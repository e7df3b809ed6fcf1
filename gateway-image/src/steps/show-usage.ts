/** GET /v1/usage: what the calling key has used since the first of the month (UTC), by model. */
import type { Clock } from "../base/clock.ts";
import { sendJson } from "../base/send-json.ts";
import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import type { LedgerStore } from "../stores/ledger-store.ts";

export function showUsage(ledger: LedgerStore, clock: Clock): Step {
  return async function showUsage(context, next) {
    const { principal, response } = context;
    if (principal === null) throw new Error("showUsage comes too early");
    const now = new Date(clock.wallMs());
    const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
    const totals = await ledger.usage(principal.id, from).catch((cause: unknown) => {
      throw new GatewayError("not_ready", { message: "The ledger does not answer.", cause });
    });
    sendJson(response, 200, {
      object: "list",
      key: principal.id,
      from: from.toISOString(),
      data: totals.map((total) => ({
        model: total.model,
        requests: total.requests,
        prompt_tokens: total.promptTokens,
        completion_tokens: total.completionTokens,
        total_tokens: total.promptTokens + total.completionTokens,
      })),
    });
    await next();
  };
}
