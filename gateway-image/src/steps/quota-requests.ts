/** GET and POST /v1/quota/requests: a caller's wishes; POST /admin/v1/quota-decisions: what becomes of one. */
import { parsed } from "../admin/apply-changes.ts";
import {
  type QuotaRequests,
  quotaDecisionSchema,
  quotaWishSchema,
} from "../admin/quota-requests.ts";
import { callerOf, type Step } from "../context.ts";
import type { QuotaRequest } from "../directory/entities.ts";
import { answerJson } from "./answer-json.ts";
import { parseJsonBody } from "./parse-call.ts";

export function listQuotaRequests(requests: QuotaRequests): Step {
  return async function listQuotaRequests(context, next) {
    const data = requests.of(callerOf(context).principal).map(shown);
    await answerJson(context, 200, { object: "list", data });
    await next();
  };
}

export function askForQuota(requests: QuotaRequests): Step {
  return async function askForQuota(context, next) {
    const wish = parsed(quotaWishSchema, parseJsonBody(context.body));
    const request = await requests.ask(callerOf(context), wish);
    context.subject = `quota-requests/${request.id}`;
    await answerJson(context, 201, shown(request));
    await next();
  };
}

export function decideQuota(requests: QuotaRequests): Step {
  return async function decideQuota(context, next) {
    const decision = parsed(quotaDecisionSchema, parseJsonBody(context.body));
    context.subject = `quota-requests/${decision.request} ${decision.decision}`;
    const request = await requests.decide(callerOf(context).principal, decision);
    await answerJson(context, 200, shown(request));
    await next();
  };
}

function shown(request: QuotaRequest): object {
  return { object: "quota.request", ...request };
}
