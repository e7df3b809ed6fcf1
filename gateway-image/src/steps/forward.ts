/**
 * Sends the call to a model server and carries the answer back. Another target is tried only
 * where nothing was sent: no connection came about, or the server itself said 503 before working.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../base/clock.ts";
import { isConfined, type RequestContext, type Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { RETRY_AFTER_MS } from "../proxy/attempt.ts";
import { watchEnd } from "../proxy/deadline.ts";
import { type Candidate, eligibleTargets } from "../proxy/eligible-targets.ts";
import { unfit } from "../proxy/fitness.ts";
import type { Flight } from "../proxy/flight.ts";
import { HedgeBudgets } from "../proxy/hedge-budget.ts";
import { orderForCall } from "../proxy/order-for-call.ts";
import type { RouteTable } from "../proxy/route-table.ts";
import type { TargetHealth } from "../proxy/target-health.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type AskServersParts, askNext } from "./ask-servers.ts";

export interface ForwardParts extends Omit<AskServersParts, "budgets"> {
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly answerTimeoutMs: number;
  readonly streamTimeoutMs: number;
}

type Parts = ForwardParts & AskServersParts;

export function forward(needs: ForwardParts): Step {
  const parts: Parts = { ...needs, budgets: new HedgeBudgets() };
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
    const onSilence = () =>
      parts.metrics.streamSilences.inc({ model: context.model?.id ?? model.id });
    try {
      const { signal } = stop;
      await tryTargets(parts, { context, call, asked: call.model, signal, onFirst, onSilence });
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

/** The asked model's targets, then those of its fallbacks. */
async function tryTargets(parts: Parts, flight: Flight): Promise<void> {
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

function candidatesOf(parts: Parts, context: RequestContext): readonly Candidate[] {
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
  parts: Parts,
  flight: Flight,
  targets: readonly TargetHealth[],
): Promise<GatewayError | null> {
  const { id, hedgeAfterMs } = flight.context.model ?? {};
  if (id !== undefined && hedgeAfterMs !== undefined) parts.budgets.of(id).count();
  // Made where it is thrown: an error's stack costs a call a fiftieth of its time.
  let last: GatewayError | null = null;
  const left = orderForCall(flight, targets);
  while (left.length > 0) {
    flight.signal.throwIfAborted();
    const attempt = await askNext(parts, flight, left);
    if (attempt.error === null) return null;
    if (!attempt.tryNext) throw attempt.error;
    last = attempt.error;
  }
  return last ?? new GatewayError("model_unavailable", { retryAfterMs: RETRY_AFTER_MS });
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
