/**
 * Carries a stream of events from a model server to the caller, with back-pressure: while the
 * caller does not read, nothing is read upstream. Silence is broken by comments. The end is
 * `[DONE]` only where the model server said so; every other end is an error event.
 */

import type { Json } from "../content/json.ts";
import { type ErrorShape, errorBody } from "../error-answer.ts";
import { GatewayError } from "../errors.ts";
import type { CallAnswer } from "../exchange.ts";
import { limits } from "../limits.ts";
import type { AnswerEvents } from "./answer-events.ts";
import { EventWriter } from "./event-writer.ts";
import type { ShownEvents } from "./shown-events.ts";
import { EventSplitter } from "./sse-events.ts";
import type { AnswerBody, BodyReader } from "./upstream-answer.ts";

export interface StreamRelay {
  readonly source: AnswerBody;
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
  /** Called whenever the model server, which had begun to answer, has been silent for a heartbeat. */
  readonly onSilence: () => void;
  readonly heartbeatMs?: number;
}

const COMMENT = Buffer.from(": the model server is still working\n\n");

/** Resolves with null after a whole answer, else with what broke it off. */
export async function relayStream(relay: StreamRelay): Promise<GatewayError | null> {
  const caller: Told = { begun: false, events: new EventWriter(relay.response) };
  const heartbeat = startHeartbeat(relay, caller);
  try {
    await new Promise<void>((resolve, reject) => {
      relay.source.read(new Pump(relay, caller, heartbeat, resolve, reject));
    });
    if (relay.events.done) return null;
    return breakOff(relay, caller, relay.events.fault ?? new GatewayError("stream_broken"));
  } catch (error) {
    if (relay.events.done && relay.response.writableEnded) return null;
    const reason: unknown = relay.signal.aborted ? relay.signal.reason : error;
    if (reason instanceof GatewayError) return breakOff(relay, caller, reason);
    return breakOff(relay, caller, new GatewayError("stream_broken", { cause: error }));
  } finally {
    clearTimeout(heartbeat);
  }
}

/** What goes to the caller. */
interface Told {
  /** The caller has something of the answer. */
  begun: boolean;
  readonly events: EventWriter;
}

/** Every chunk is shown in the turn in which it came: nothing waits between the two servers. */
class Pump implements BodyReader {
  readonly #relay: StreamRelay;
  readonly #caller: Told;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  readonly #splitter = new EventSplitter();
  /** The last bytes to the caller, once the answer has come to its end. */
  #closing: Promise<void> | null = null;

  constructor(
    relay: StreamRelay,
    caller: Told,
    heartbeat: NodeJS.Timeout,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#relay = relay;
    this.#caller = caller;
    this.#heartbeat = heartbeat;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onChunk(chunk: Buffer): boolean {
    // What follows the end is no part of the answer, but reading it keeps the connection usable.
    if (this.#closing !== null) return true;
    try {
      return this.#show(chunk);
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  onEnd(): void {
    if (this.#closing === null) this.#resolve();
    else this.#closing.then(this.#resolve, this.#reject);
  }

  onError(error: unknown): void {
    // The caller is told the end of a whole answer whatever becomes of the connection behind it.
    if (this.#closing === null) this.#reject(error);
    else this.#closing.then(() => this.#reject(error), this.#reject);
  }

  /** false: the caller has to take what it was given first. */
  #show(chunk: Buffer): boolean {
    const { events, shown } = this.#relay;
    const output: Buffer[] = [];
    for (const event of this.#splitter.push(chunk)) {
      const bytes = events.process(event);
      const visible = bytes === null ? null : shown.of(bytes);
      if (visible !== null) output.push(visible);
      if (events.done || events.fault !== null || shown.cut) break;
    }
    if (shown.cut) events.done = true;
    if (events.done) output.push(...shown.end(this.#relay.usageAtCut()));
    const takesMore = this.#write(output);
    if (events.fault !== null) {
      this.#relay.source.abandon();
      this.#resolve();
      return false;
    }
    if (events.done) {
      clearTimeout(this.#heartbeat);
      this.#closing = this.#close(takesMore);
      // Told by whoever waits for it; an end of the source need not come.
      this.#closing.catch((error: unknown) => this.#fail(error));
      return true;
    }
    if (!takesMore) this.#wait();
    return takesMore;
  }

  #write(output: readonly Buffer[]): boolean {
    if (output.length === 0) return true;
    if (!this.#caller.begun) this.#relay.onFirst();
    this.#caller.begun = true;
    this.#heartbeat.refresh();
    return this.#caller.events.write(output);
  }

  #wait(): void {
    const { response, signal, source } = this.#relay;
    drained(response, signal).then(
      () => source.resume(),
      (error: unknown) => this.#fail(error),
    );
  }

  async #close(takesMore: boolean): Promise<void> {
    const { response, signal, source, shown, beforeEnd } = this.#relay;
    if (!takesMore) await drained(response, signal);
    await beforeEnd();
    this.#caller.events.end("data: [DONE]\n\n");
    // Nobody will be shown what the model server is still making.
    if (!shown.cut) return;
    source.abandon();
    this.#resolve();
  }

  #fail(error: unknown): void {
    this.#relay.source.abandon();
    this.#reject(error);
  }
}

/** Before the head was sent the caller of relayStream can still answer with a status. */
function breakOff(relay: StreamRelay, caller: Told, fault: GatewayError): GatewayError {
  const { response } = relay;
  if (!response.headersSent || response.destroyed) return fault;
  caller.events.end(`data: ${errorBody(fault, relay.requestId, relay.errors)}\n\n`);
  return fault;
}

function startHeartbeat(relay: StreamRelay, caller: Told): NodeJS.Timeout {
  const timer = setTimeout(() => {
    // Whole events only are ever written, so a comment cannot fall into one.
    if (!relay.response.writableNeedDrain && !relay.response.writableEnded) {
      caller.events.write([COMMENT]);
      if (caller.begun) relay.onSilence();
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
