/**
 * One event of the audit trail for each call: who, from where, what, with which outcome; no prompt,
 * no answer. A call that ended well is recorded before its answer's end is sent, every other one
 * before its error is.
 */
import type { AuditTrail } from "../audit/audit-trail.ts";
import type { Verdict } from "../content/word-filter.ts";
import { type RequestContext, recorded, type Step, verdictsOf } from "../context.ts";
import { outcomeOf } from "../outcome.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** null: this gateway keeps no trail. */
export function audit(trail: AuditTrail | null, metrics: Metrics): Step {
  return async function audit(context, next) {
    if (trail === null) return next();
    // While nothing can be recorded nothing is begun; one event tries whether it can again.
    if (trail.isDown) await trail.append(eventOf(context, "audit.retry", undefined));
    await recorded(context, next, (thrown) => {
      const event = eventOf(context, actionOf(context), thrown);
      metrics.auditEvents.inc({ outcome: event.outcome });
      return trail.append(event);
    });
  };
}

const ACTIONS: Partial<Record<RequestContext["endpoint"]["does"], string>> = {
  converse: "inference",
  decideRisk: "inference",
  issueToken: "login",
  administerBody: "administer",
};

function actionOf({ endpoint }: RequestContext): string {
  return ACTIONS[endpoint.does] ?? endpoint.does;
}

function eventOf(context: RequestContext, action: string, thrown: unknown) {
  const { caller, endpoint, request, usage } = context;
  const target = context.subject ?? context.model?.id ?? null;
  const { status, httpStatus, error } = outcomeOf(context, thrown);
  const verdicts = verdictsOf(context);
  const outcome =
    status === "success" ? "allowed" : status === "client_error" ? "refused" : "failed";
  return {
    action,
    actor: caller?.principal ?? "anonymous",
    tenant: caller?.tenant.id ?? null,
    address: context.clientAddress,
    requestId: context.requestId,
    outcome,
    ...(target === null ? {} : { target }),
    // In the order of their names: see eventLine.
    detail: {
      call: context.callId,
      completion_tokens: usage.completionTokens,
      credential: caller?.credential ?? null,
      endpoint: endpoint.path,
      error,
      ...(verdicts.length === 0 ? {} : { filter: verdicts.map(wordsOf).join(", ") }),
      identity: caller?.method ?? null,
      method: request.method ?? "",
      prompt_tokens: usage.promptTokens,
      status: httpStatus,
      ...context.auditFacts,
    },
  } as const;
}

/** Which list, what it did, where, how often. */
function wordsOf({ list, mode, direction, count }: Verdict): string {
  return `${list} ${mode} ${direction} ${count}`;
}
