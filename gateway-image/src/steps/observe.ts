/**
 * Outermost: turns whatever the request ended with into an answer, and writes its metrics and its
 * log line, also for requests that no other step saw.
 */
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import { sealPrompt } from "../base/sealed-prompt.ts";
import type { Config } from "../config.ts";
import type { Refusals } from "../console/refusals.ts";
import { type RequestContext, type Step, verdictsOf } from "../context.ts";
import { errorBody } from "../error-answer.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { type Outcome, outcomeOf } from "../outcome.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface ObserveParts {
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly config: Pick<Config, "GW_PROMPTS">;
  readonly refusals: Refusals;
  /** null: there is no key, and so no hash that could not be guessed. */
  readonly boxForAnswers: () => SealedBox | null;
}

export function observe(parts: ObserveParts): Step {
  return async function observe(context, next) {
    const endpoint = context.endpoint.path;
    parts.metrics.concurrent.inc({ endpoint });
    let thrown: unknown;
    try {
      await next();
    } catch (error) {
      thrown = context.gone.signal.aborted ? new GatewayError("client_closed") : error;
    }
    // Before the answer is sent: sending it changes what the outcome is read from.
    const outcome = outcomeOf(context, thrown);
    if (thrown !== undefined) sendError(context, toGatewayError(thrown));
    parts.metrics.concurrent.dec({ endpoint });
    record(parts, context, outcome, thrown ?? context.fault ?? undefined);
    noteRefusal(parts, context, outcome);
  };
}

function sendError(context: RequestContext, error: GatewayError): void {
  const { response, request } = context;
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    // An answer that has begun cannot become an error; cutting it is the only honest end.
    response.destroy();
    return;
  }
  if (error.retryAfterMs !== null) {
    response.setHeader("retry-after", Math.ceil(error.retryAfterMs / 1000));
    response.setHeader("retry-after-ms", Math.ceil(error.retryAfterMs));
  }
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  const body = errorBody(error, context.requestId, context.endpoint.errors);
  response.writeHead(error.entry.status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function record(
  parts: ObserveParts,
  context: RequestContext,
  outcome: Outcome,
  cause: unknown,
): void {
  const latencyMs = parts.clock.monotonicMs() - context.startedMs;
  const verdicts = verdictsOf(context);
  countCall(parts, context, outcome, latencyMs);
  for (const { direction, mode, count } of verdicts) {
    parts.metrics.filterVerdicts.inc({ direction, mode }, count);
  }
  const line = {
    ...lineOf(parts, context, outcome, latencyMs),
    ...(verdicts.length === 0 ? {} : { filter: verdicts }),
  };
  if (outcome.status === "error") parts.log.error({ ...line, cause }, "request");
  else parts.log.info(line, "request");
}

function countCall(
  { metrics }: ObserveParts,
  context: RequestContext,
  { status, httpStatus }: Outcome,
  latencyMs: number,
): void {
  const { usage, caller, firstByteMs } = context;
  const endpoint = context.endpoint.path;
  const model = modelOf(context);
  const user = metrics.userLabel(caller?.principal ?? null);
  metrics.requests.inc({ endpoint, model, status, code: httpStatus, user });
  // A call of nobody is of no tenant.
  const tenant = metrics.tenantLabel(caller?.tenant.id ?? null);
  metrics.tenantRequests.inc({ tenant, status });
  metrics.duration.observe({ endpoint, model, status }, latencyMs / 1000);
  if (usage.source !== "none") {
    metrics.tokens.inc({ model, token_type: "prompt" }, usage.promptTokens);
    metrics.tokens.inc({ model, token_type: "completion" }, usage.completionTokens);
  }
  if (firstByteMs === null || context.call?.stream !== true) return;
  metrics.firstToken.observe({ model }, firstByteMs / 1000);
  const streamedMs = latencyMs - firstByteMs;
  if (status === "success" && usage.completionTokens > 1 && streamedMs > 0) {
    // The first token is there when the time begins.
    const rate = (usage.completionTokens - 1) / (streamedMs / 1000);
    metrics.tokensPerSecond.observe({ model }, rate);
  }
}

function lineOf(parts: ObserveParts, context: RequestContext, outcome: Outcome, latencyMs: number) {
  const { usage, caller, firstByteMs } = context;
  return {
    request_id: context.requestId,
    call_id: context.callId,
    ...(context.span === null ? {} : { trace_id: context.span.traceId }),
    user: caller?.principal ?? null,
    key: caller?.credential ?? null,
    method_of_identity: caller?.method ?? null,
    tenant: caller?.tenant.id ?? null,
    address: context.clientAddress,
    method: context.request.method,
    endpoint: context.endpoint.path,
    model: modelOf(context),
    target: context.target,
    ...(context.hedge === null ? {} : { hedge: context.hedge }),
    prompt_hash: promptHash(parts, context),
    ...sealedPrompt(parts, context),
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    usage_source: usage.source,
    latency_ms: round(latencyMs),
    first_byte_ms: firstByteMs === null ? null : round(firstByteMs),
    status: outcome.status,
    code: outcome.httpStatus,
    error: outcome.error,
  };
}

function modelOf({ model }: RequestContext): string {
  return model?.id ?? "none";
}

/** For the console, which tells a caller of calls that no ledger has. */
function noteRefusal(
  { refusals, clock }: ObserveParts,
  { caller, callId, requestId, endpoint, model, call }: RequestContext,
  { status, httpStatus, error }: Outcome,
): void {
  if (status === "success" || caller === null) return;
  refusals.note({
    at: clock.wallMs(),
    callId,
    requestId,
    principal: caller.principal,
    tenant: caller.tenant.id,
    endpoint: endpoint.path,
    model: model?.id ?? call?.model ?? null,
    status,
    httpStatus,
    error,
  });
}

/** Whether two calls asked the same can be seen; what they asked cannot. */
function promptHash({ config, boxForAnswers }: ObserveParts, context: RequestContext) {
  if (config.GW_PROMPTS === "none" || context.call === null) return null;
  return boxForAnswers()?.digest(context.body, "prompt") ?? null;
}

/** Readable with the data key alone, for profiles that must be able to say what was asked. */
function sealedPrompt({ config, boxForAnswers }: ObserveParts, context: RequestContext): object {
  const box = config.GW_PROMPTS === "sealed" && context.call !== null ? boxForAnswers() : null;
  if (box === null) return {};
  return { prompt_sealed: sealPrompt(box, context.callId, context.body) };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
