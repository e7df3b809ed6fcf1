/**
 * Carries a stream of events from a model server to the caller, with back-pressure: while the
 * caller does not read, nothing is read upstream. Silence is broken by comments. The end is
 * `[DONE]` only where the model server said so; every other end is an error event.
 */

import type { Json } from "../content/answer-filter.ts";
import { type ErrorShape, errorBody } from "../error-answer.ts";
import { GatewayError } from "../errors.ts";
import type { CallAnswer } from "../exchange.ts";
import { limits } from "../limits.ts";
import type { AnswerEvents } from "./answer-events.ts";
import type { ShownEvents } from "./shown-events.ts";
import { EventSplitter } from "./sse-events.ts";

export interface StreamRelay {
  readonly source: AsyncIterable<Buffer>;
  readonly response: CallAnswer;
  readonly events: AnswerEvents;
  /** Aborted when the caller leaves or the time is up; its reason is a GatewayError. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly errors: ErrorShape;
  readonly shown: ShownEvents;
  /** Told after the last chunk of an answer that a word list cut; null: not asked for. */
  readonly usageAtCut: () => Json | null;
  /** Waited for before the caller is told that the answer is whole. */
  readonly beforeEnd: () => Promise<void>;
  /** Called before the first byte is written. */
  readonly onFirst: () => void;
  readonly heartbeatMs?: number;
}

const COMMENT = ": the model server is still working\n\n";
const HEAD = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // Asks nginx not to collect what must arrive at once.
  "x-accel-buffering": "no",
};

/** Resolves with null after a whole answer, else with what broke it off. */
export async function relayStream(relay: StreamRelay): Promise<GatewayError | null> {
  const heartbeat = startHeartbeat(relay);
  try {
    await pump(relay, heartbeat);
    if (relay.events.done) return null;
    return breakOff(relay, new GatewayError("stream_broken"));
  } catch (error) {
    if (relay.events.done && relay.response.writableEnded) return null;
    const reason: unknown = relay.signal.aborted ? relay.signal.reason : error;
    if (reason instanceof GatewayError) return breakOff(relay, reason);
    return breakOff(relay, new GatewayError("stream_broken", { cause: error }));
  } finally {
    clearTimeout(heartbeat);
  }
}

async function pump(relay: StreamRelay, heartbeat: NodeJS.Timeout): Promise<void> {
  const { source, response, events, signal } = relay;
  const splitter = new EventSplitter();
  let first = true;
  for await (const chunk of source) {
    // What follows the end is no part of the answer, but reading it keeps the connection usable.
    if (events.done) continue;
    const output: Buffer[] = [];
    for (const event of splitter.push(chunk)) {
      const bytes = events.process(event);
      const shown = bytes === null ? null : relay.shown.of(bytes);
      if (shown !== null) output.push(shown);
      if (events.done || events.failed || relay.shown.cut) break;
    }
    if (relay.shown.cut) events.done = true;
    if (events.done) output.push(...relay.shown.end(relay.usageAtCut()));
    const [one] = output;
    if (one !== undefined) {
      if (first) relay.onFirst();
      first = false;
      openHead(relay);
      const bytes = output.length === 1 ? one : Buffer.concat(output);
      const more = response.write(bytes);
      heartbeat.refresh();
      if (!more) await drained(response, signal);
    }
    if (events.failed) return;
    if (events.done) {
      clearTimeout(heartbeat);
      await relay.beforeEnd();
      openHead(relay);
      response.end("data: [DONE]\n\n");
      // Nobody will be shown what the model server is still making.
      if (relay.shown.cut) return;
    }
  }
}

function openHead(relay: StreamRelay): void {
  if (!relay.response.headersSent) relay.response.writeHead(200, HEAD);
}

/** Before the head was sent the caller of relayStream can still answer with a status. */
function breakOff(relay: StreamRelay, fault: GatewayError): GatewayError {
  const { response } = relay;
  if (!response.headersSent || response.destroyed) return fault;
  response.end(`data: ${errorBody(fault, relay.requestId, relay.errors)}\n\n`);
  return fault;
}

function startHeartbeat(relay: StreamRelay): NodeJS.Timeout {
  const timer = setTimeout(() => {
    // Whole events only are ever written, so a comment cannot fall into one.
    if (!relay.response.writableNeedDrain && !relay.response.writableEnded) {
      openHead(relay);
      relay.response.write(COMMENT);
    }
    if (!relay.response.writableEnded) timer.refresh();
  }, relay.heartbeatMs ?? limits.heartbeatMs);
  return timer;
}

function drained(response: CallAnswer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      response.off("drain", onDrain);
      signal.removeEventListener("abort", onAbort);
      end();
    };
    const onDrain = () => settle(resolve);
    const onAbort = () => settle(() => reject(signal.reason));
    const onTimeout = () =>
      settle(() => {
        // A reader that takes nothing cannot be told either; the connection is closed.
        response.destroy();
        reject(new GatewayError("client_closed"));
      });
    const timer = setTimeout(onTimeout, limits.slowReaderTimeoutMs);
    if (signal.aborted) return onAbort();
    response.once("drain", onDrain);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
