/**
 * A span for the call, with OpenTelemetry's names for HTTP and for generative models; what other
 * steps do is a part of it. Where calls are not traced this is nothing.
 */
import { ending, type RequestContext, type Step } from "../context.ts";
import { outcomeOf } from "../outcome.ts";
import type { Traced, Traces } from "../telemetry/traces.ts";

const OPERATIONS = {
  chat: "chat",
  completions: "text_completion",
  embeddings: "embeddings",
} as const;

export function trace(traces: Traces): Step {
  return function trace(context, next) {
    const { request, endpoint } = context;
    const name = `${request.method ?? ""} ${endpoint.path}`;
    const header = request.headers["traceparent"];
    context.span = traces.begin(name, typeof header === "string" ? header : undefined);
    return context.span === null ? next() : traced(context, context.span, next);
  };
}

function traced(context: RequestContext, span: Traced, next: () => Promise<void>): Promise<void> {
  return ending(next, (thrown) => {
    const { httpStatus, status, error } = outcomeOf(context, thrown);
    span.set({ ...attributesOf(context), "http.response.status_code": httpStatus });
    span.end(status === "error" ? error : null);
  });
}

/** Who and how much; no prompt, no answer, no credential. */
function attributesOf(context: RequestContext) {
  const { request, endpoint, call, model, usage, caller, target, hedge } = context;
  return {
    "http.request.method": request.method ?? "",
    "http.route": endpoint.path,
    "gateway.request_id": context.requestId,
    "gateway.call_id": context.callId,
    ...(caller === null ? {} : { "user.id": caller.principal, "gateway.tenant": caller.tenant.id }),
    ...(target === null ? {} : { "server.address": target }),
    ...(hedge === null ? {} : { "gateway.hedge": hedge }),
    ...(endpoint.api === null || call === null
      ? {}
      : {
          "gen_ai.operation.name": OPERATIONS[endpoint.api],
          "gen_ai.request.model": call.model,
          "gen_ai.response.model": model?.id ?? call.model,
          "gen_ai.usage.input_tokens": usage.promptTokens,
          "gen_ai.usage.output_tokens": usage.completionTokens,
        }),
  };
}

/** The step as a part of the call's span. */
export function part(name: string, step: Step): Step {
  const timed = async (span: Traced, context: RequestContext, next: () => Promise<void>) => {
    const own = span.child(name);
    let ended = false;
    const end = () => {
      if (!ended) own.end();
      ended = true;
    };
    try {
      // What comes after it is no part of it.
      await step(context, () => {
        end();
        return next();
      });
    } finally {
      end();
    }
  };
  return (context, next) =>
    context.span === null ? step(context, next) : timed(context.span, context, next);
}
