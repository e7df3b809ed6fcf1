/** Carries a server's answer to the caller: event by event, or whole. */
import { beforeEnd, type RequestContext } from "../context.ts";
import { type ErrorCode, GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { JSON_TYPE, sendWhole } from "../send-whole.ts";
import { AnswerEvents } from "./answer-events.ts";
import { type Attempt, failedAttempt, GOOD } from "./attempt.ts";
import type { Flight } from "./flight.ts";
import { ShownEvents } from "./shown-events.ts";
import { relayStream } from "./stream-relay.ts";
import type { Target } from "./target.ts";
import type { Verdict } from "./target-health.ts";
import type { UpstreamAnswer } from "./upstream-answer.ts";
import { filteredWhole, finishWhole, readBounded, usageObject } from "./whole-answer.ts";

/** Never rejects. */
export async function carry(
  flight: Flight,
  target: Target,
  answer: UpstreamAnswer,
): Promise<Attempt> {
  try {
    relaySimulated(answer, flight.context);
    if (flight.call.stream) return await relayEvents(flight, target, answer);
    return await relayWhole(flight, target, answer);
  } catch (error) {
    return failedAttempt(flight.signal, error);
  }
}

/** Simulated answers say so to the caller as well. */
function relaySimulated(answer: UpstreamAnswer, context: RequestContext): void {
  const value = answer.headers["x-simulated"];
  if (value === "true") context.response.setHeader("x-simulated", value);
}

async function relayEvents(
  flight: Flight,
  target: Target,
  answer: UpstreamAnswer,
): Promise<Attempt> {
  const { context, call, signal, onFirst, onSilence } = flight;
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
    onSilence,
  });
  if (fault === null) return GOOD;
  const attempt = { health: healthAfter(fault.code), tryNext: false, reason: "broken" };
  if (!context.response.headersSent) return { ...attempt, error: fault };
  // The caller has its error event; only the records are still to be told.
  context.fault = fault;
  return { ...attempt, error: null };
}

/** A caller that left, or its time, says nothing of the server. */
function healthAfter(code: ErrorCode): Verdict {
  if (code === "rejected_by_model") return "good";
  return code === "stream_broken" ? "fault" : "unknown";
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
