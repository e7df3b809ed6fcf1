/**
 * Sends the call to a model server and carries the answer back. Another target is tried only
 * where nothing was sent: no connection came about, or the server itself said 503 before working.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../base/clock.ts";
import { memberText } from "../base/json-members.ts";
import { beforeEnd, type Call, isConfined, type RequestContext, type Step } from "../context.ts";
import { UPSTREAM_PATHS } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { orderByAffinity } from "../proxy/affinity.ts";
import { AnswerEvents } from "../proxy/answer-events.ts";
import {
  type Attempt,
  failedAttempt,
  GOOD,
  RETRY_AFTER_MS,
  type UpstreamAnswer,
  withoutResult,
} from "../proxy/attempt.ts";
import { watchEnd } from "../proxy/deadline.ts";
import { type Candidate, eligibleTargets } from "../proxy/eligible-targets.ts";
import { unfit } from "../proxy/fitness.ts";
import type { ProviderKeys } from "../proxy/provider-keys.ts";
import type { RouteTable } from "../proxy/route-table.ts";
import { ShownEvents } from "../proxy/shown-events.ts";
import { relayStream } from "../proxy/stream-relay.ts";
import type { Target } from "../proxy/target.ts";
import { orderTargets, type TargetHealth } from "../proxy/target-health.ts";
import { upstreamBody } from "../proxy/upstream-body.ts";
import type { UpstreamPools } from "../proxy/upstream-pools.ts";
import { filteredWhole, finishWhole, readBounded, usageObject } from "../proxy/whole-answer.ts";
import { JSON_TYPE, sendWhole } from "../send-whole.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Traced } from "../telemetry/traces.ts";

export interface ForwardParts {
  readonly routes: RouteTable;
  readonly pools: UpstreamPools;
  readonly outsidePools: UpstreamPools;
  readonly providerKeys: ProviderKeys;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly maxTokensDefault: number;
  readonly answerTimeoutMs: number;
  readonly streamTimeoutMs: number;
}

export function forward(parts: ForwardParts): Step {
  return async function forward(context, next) {
    const { call, model } = context;
    if (call === null || model === null) throw new Error("forward comes too early");
    const usualMs = Math.min(
      call.stream ? parts.streamTimeoutMs : parts.answerTimeoutMs,
      wishedMs(context.request.headers),
    );
    const stop = watchEnd(context, usualMs, parts.clock.monotonicMs() - context.startedMs);
    const queue = countQueued(parts.metrics, model.id);
    const onFirst = () => {
      queue.leave();
      context.firstByteMs = parts.clock.monotonicMs() - context.startedMs;
    };
    try {
      await tryTargets(parts, { context, call, asked: call.model, signal: stop.signal, onFirst });
    } finally {
      queue.leave();
      stop.clear();
    }
    await next();
  };
}

/** A caller may want an answer sooner than it would be given up, never later. */
function wishedMs(headers: IncomingHttpHeaders): number {
  const text = headers["x-request-timeout-ms"];
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (typeof text === "string" && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new GatewayError("invalid_request", {
    message: "x-request-timeout-ms: a whole number of milliseconds.",
    param: "x-request-timeout-ms",
  });
}

interface Flight {
  readonly context: RequestContext;
  /** For the model that serves, which may be a fallback of the asked one. */
  readonly call: Call;
  readonly asked: string;
  readonly signal: AbortSignal;
  readonly onFirst: () => void;
}

/** The asked model's targets, then those of its fallbacks. */
async function tryTargets(parts: ForwardParts, flight: Flight): Promise<void> {
  const { context } = flight;
  let last: GatewayError | null = null;
  for (const { model, targets } of candidatesOf(parts, context)) {
    if (model.id !== flight.call.model) {
      context.model = model;
      context.response.setHeader("x-model-used", model.id);
    }
    const own = { ...flight, call: { ...flight.call, model: model.id } };
    last = await tryModel(parts, own, targets);
    if (last === null) return;
  }
  throw last ?? new GatewayError("model_unavailable", { retryAfterMs: RETRY_AFTER_MS });
}

function candidatesOf(parts: ForwardParts, context: RequestContext): readonly Candidate[] {
  const { caller, endpoint } = context;
  const asked = parts.routes.get(context.call?.model ?? "");
  if (asked === undefined || caller === null) return [];
  const { candidates, confinedAway } = eligibleTargets(asked, (name) => parts.routes.get(name), {
    confined: isConfined(context),
    isOn: (provider) => parts.providerKeys.of(provider) !== undefined,
    isFit: (model) =>
      context.mayUse(model.id) &&
      endpoint.api !== null &&
      context.call !== null &&
      unfit(model, endpoint.api, context.call) === null,
  });
  if (candidates.length === 0 && confinedAway) throw new GatewayError("residency_refused");
  return candidates;
}

/** null: answered. Else what the last of the targets was not able to do. */
async function tryModel(
  parts: ForwardParts,
  flight: Flight,
  targets: readonly TargetHealth[],
): Promise<GatewayError | null> {
  const { model } = flight.call;
  // Made where it is thrown: an error's stack costs a call a fiftieth of its time.
  let last: GatewayError | null = null;
  for (const health of orderedFor(flight, targets)) {
    flight.signal.throwIfAborted();
    const host = new URL(health.target.url).host;
    flight.context.target = host;
    health.begin();
    const attempt = await tryTarget(parts, flight, health.target);
    const wasEjected = health.ejected;
    health.end(attempt.health);
    if (health.ejected && !wasEjected) parts.metrics.ejections.inc({ model });
    parts.metrics.ejected.set({ model, target: host }, health.ejected ? 1 : 0);
    if (attempt.health === "fault" || attempt.health === "away") {
      parts.metrics.upstreamFaults.inc({ model, reason: attempt.reason ?? "status" });
    }
    if (attempt.error === null) return null;
    if (!attempt.tryNext) throw attempt.error;
    last = attempt.error;
  }
  return last ?? new GatewayError("model_unavailable", { retryAfterMs: RETRY_AFTER_MS });
}

/** Where the model's servers keep beginnings in memory, calls that begin alike go to the same one. */
function orderedFor({ context, call }: Flight, targets: readonly TargetHealth[]): TargetHealth[] {
  const affinity = context.model?.affinity ?? "none";
  const key =
    affinity === "none" || targets.length < 2 ? null : affinityKey(context, call, affinity);
  if (key === null) return orderTargets(targets, Math.random);
  return orderByAffinity(targets, `${context.caller?.tenant.id}\n${key}`, Math.random);
}

function affinityKey(
  { request, body }: RequestContext,
  call: Call,
  affinity: "prefix" | "session",
): string | null {
  const session = request.headers["x-session-id"];
  if (typeof session === "string") return session;
  const member = call.members.find(({ name }) => name === "messages" || name === "prompt");
  if (affinity === "session" || member === undefined) return null;
  return memberText(body, member).slice(0, limits.affinityCharactersMax);
}

/** Never rejects. */
async function tryTarget(parts: ForwardParts, flight: Flight, target: Target): Promise<Attempt> {
  const span = flight.context.span?.child(`ask ${flight.call.model}`, "client") ?? null;
  span?.set({ "server.address": new URL(target.url).host });
  try {
    const answer = await send(parts, flight, target, span);
    const failed = await withoutResult(answer);
    if (failed !== null) {
      span?.end(failed.error?.code ?? null);
      return failed;
    }
    relaySimulated(answer, flight.context);
    if (flight.call.stream) return await relayEvents(flight, target, answer);
    return await relayWhole(flight, target, answer);
  } catch (error) {
    const failed = failedAttempt(flight.signal, error);
    span?.end(failed.error?.code ?? null);
    return failed;
  } finally {
    span?.end();
  }
}

function traceparentOf(span: Traced | null): Record<string, string> {
  return span === null ? {} : { traceparent: span.traceparent };
}

function send(
  parts: ForwardParts,
  flight: Flight,
  target: Target,
  span: Traced | null,
): Promise<UpstreamAnswer> {
  const { context, call } = flight;
  const maxTokens = context.model?.maxTokensDefault ?? parts.maxTokensDefault;
  const outside = target.provider !== undefined;
  const pools = outside ? parts.outsidePools : parts.pools;
  const key = target.provider === undefined ? undefined : parts.providerKeys.of(target.provider);
  return pools.get(target.url).request({
    method: "POST",
    path: target.basePath + UPSTREAM_PATHS[context.endpoint.api ?? "chat"],
    // None of the caller's headers: no key, cookie or address reaches a model server.
    headers: {
      "content-type": "application/json",
      accept: call.stream ? "text/event-stream" : "application/json",
      // An outside provider learns nothing that could be joined with our records.
      ...(outside ? {} : { "x-request-id": context.requestId, ...traceparentOf(span) }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: upstreamBody(context.body, call, target, maxTokens, flight.asked),
    signal: flight.signal,
  });
}

async function relayEvents(
  flight: Flight,
  target: Target,
  answer: UpstreamAnswer,
): Promise<Attempt> {
  const { context, call, signal, onFirst } = flight;
  const fault = await relayStream({
    source: answer.body,
    response: context.response,
    events: new AnswerEvents(call, target.model !== undefined, context.usage),
    signal,
    requestId: context.requestId,
    errors: context.endpoint.errors,
    shown: new ShownEvents(context.answerFilter, context.presenter),
    usageAtCut: () => (call.includeUsage ? usageObject(context.usage) : null),
    beforeEnd: () => beforeEnd(context),
    onFirst,
  });
  if (fault === null) return GOOD;
  const health = fault.code === "stream_broken" ? "fault" : "unknown";
  if (!context.response.headersSent) {
    return { health, error: fault, tryNext: false, reason: "broken" };
  }
  // The caller has its error event; only the records are still to be told.
  context.fault = fault;
  return { health, error: null, tryNext: false, reason: "broken" };
}

async function relayWhole(
  flight: Flight,
  target: Target,
  answer: UpstreamAnswer,
): Promise<Attempt> {
  const { context, call, onFirst } = flight;
  const bytes = await readBounded(answer.body, limits.answerBytesMax);
  if (bytes === null) throw new GatewayError("upstream_failed", { cause: "answer too large" });
  const rename = target.model === undefined ? null : call.model;
  const answer200 = filteredWhole(finishWhole(bytes, rename, context.usage), context.answerFilter);
  const body = context.presenter?.whole(answer200) ?? answer200;
  onFirst();
  // Kept before it is billed: what cannot be fetched again must not be paid for.
  await context.keepWhole?.(body);
  await beforeEnd(context);
  await sendWhole(context, 200, JSON_TYPE, body);
  return GOOD;
}

/** Simulated answers say so to the caller as well. */
function relaySimulated(answer: UpstreamAnswer, context: RequestContext): void {
  const value = answer.headers["x-simulated"];
  if (value === "true") context.response.setHeader("x-simulated", value);
}

/** Counts the request as queued until it leaves; leaving twice is leaving once. */
function countQueued(metrics: Metrics, model: string) {
  let queued = true;
  metrics.queue.inc({ model });
  return {
    leave: () => {
      if (queued) metrics.queue.dec({ model });
      queued = false;
    },
  };
}
