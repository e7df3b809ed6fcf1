/** The relay alone: silence, readers that take nothing, and what each end leaves behind. */
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Usage } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { AnswerEvents } from "./answer-events.ts";
import { ShownEvents } from "./shown-events.ts";
import { relayStream } from "./stream-relay.ts";
import type { AnswerBody, BodyReader } from "./upstream-answer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** As much of a response as the relay touches; `full` makes it take nothing more. */
class FakeResponse extends EventEmitter {
  written = "";
  full = false;
  headersSent = false;
  writableEnded = false;
  destroyed = false;

  get writableNeedDrain(): boolean {
    return this.full;
  }

  writeHead(): this {
    this.headersSent = true;
    return this;
  }

  write(bytes: Buffer | string): boolean {
    expect(this.writableEnded).toBe(false);
    this.written += bytes.toString();
    return !this.full;
  }

  end(bytes: string): void {
    this.written += bytes;
    this.writableEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

const EVENT = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const DONE = "data: [DONE]\n\n";
const HEARTBEAT = ": the model server is still working\n\n";

/** What a generator yields, as the body of a model server's answer. */
function bodyOf(source: AsyncIterable<Buffer>): AnswerBody {
  let resume = () => {};
  let isWanted = true;
  const give = async (reader: BodyReader) => {
    for await (const chunk of source) {
      if (!isWanted) return;
      const resumed = new Promise<void>((resolve) => {
        resume = resolve;
      });
      if (!reader.onChunk(chunk)) await resumed;
    }
    reader.onEnd();
  };
  return {
    read: (reader) => void give(reader).catch((error: unknown) => reader.onError(error)),
    resume: () => resume(),
    abandon() {
      isWanted = false;
      resume();
    },
  };
}

function relay(source: AsyncIterable<Buffer>) {
  const response = new FakeResponse();
  const usage: Usage = { promptTokens: 0, completionTokens: 0, source: "none" };
  const call = {
    model: "m",
    stream: true,
    includeUsage: false,
    continuousUsage: false,
    streamOptions: null,
    streamForced: false,
    needsMaxTokens: false,
    maxTokens: null,
    answers: 1,
    images: null,
    members: [],
  };
  const stop = new AbortController();
  const onSilence = vi.fn();
  const result = relayStream({
    source: bodyOf(source),
    response: response as unknown as ServerResponse,
    events: new AnswerEvents(call, false, usage),
    signal: stop.signal,
    requestId: "r",
    errors: "openai",
    shown: new ShownEvents(null, null),
    usageAtCut: () => null,
    beforeEnd: async () => {},
    onFirst: () => {},
    onSilence,
  });
  return { response, result, stop, onSilence };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("silence", () => {
  test("is broken by comments, before the first event and between two, never inside one", async () => {
    async function* source() {
      await pause(limits.heartbeatMs + 1);
      yield Buffer.from(EVENT.slice(0, 10));
      await pause(limits.heartbeatMs * 2);
      yield Buffer.from(EVENT.slice(10));
      yield Buffer.from(DONE);
    }
    const { response, result, onSilence } = relay(source());
    await vi.advanceTimersByTimeAsync(limits.heartbeatMs * 4);
    expect(await result).toBeNull();
    expect(response.written).toBe(`${HEARTBEAT.repeat(3)}${EVENT}${DONE}`);
    expect(onSilence).not.toHaveBeenCalled();
  });

  test("is counted once the answer has begun: a long prompt is no stall", async () => {
    async function* source() {
      await pause(limits.heartbeatMs * 2 + 1);
      yield Buffer.from(EVENT);
      await pause(limits.heartbeatMs * 3 + 1);
      yield Buffer.from(DONE);
    }
    const { result, onSilence } = relay(source());
    await vi.advanceTimersByTimeAsync(limits.heartbeatMs * 6);
    expect(await result).toBeNull();
    expect(onSilence).toHaveBeenCalledTimes(3);
  });

  test("after the end there are no more comments", async () => {
    async function* source() {
      yield Buffer.from(EVENT + DONE);
      await pause(limits.heartbeatMs * 3);
    }
    const { response, result } = relay(source());
    await vi.advanceTimersByTimeAsync(limits.heartbeatMs * 4);
    expect(await result).toBeNull();
    expect(response.written).toBe(EVENT + DONE);
  });
});

describe("a reader that takes nothing", () => {
  test("is let go after its time, and reading goes on when it takes again before that", async () => {
    let read = 0;
    async function* source() {
      for (; read < 3; read += 1) yield Buffer.from(EVENT);
      yield Buffer.from(DONE);
    }
    const { response, result } = relay(source());
    response.full = true;
    await vi.advanceTimersByTimeAsync(limits.slowReaderTimeoutMs - 1);
    response.emit("drain");
    await vi.advanceTimersByTimeAsync(limits.slowReaderTimeoutMs + 1);
    expect(await result).toMatchObject({ code: "client_closed" });
    expect(response.destroyed).toBe(true);
    expect(read).toBeLessThan(3);
  });
});

describe("ends", () => {
  test("the reason of an abort is the result, told as an event where the answer had begun", async () => {
    async function* source() {
      yield Buffer.from(EVENT);
      await new Promise((_resolve, reject) =>
        stop.signal.addEventListener("abort", () => reject(new Error("aborted"))),
      );
    }
    const { response, result, stop } = relay(source());
    await vi.advanceTimersByTimeAsync(1);
    stop.abort(new GatewayError("stream_timeout"));
    expect(await result).toMatchObject({ code: "stream_timeout" });
    expect(response.written).toMatch(/^data: \{"choices".*\n\ndata: \{"error".*"stream_timeout"/);
    expect(response.written).not.toContain("[DONE]");
  });

  test("an error after [DONE] is none", async () => {
    async function* source() {
      yield Buffer.from(EVENT + DONE);
      throw new Error("other side closed");
    }
    const { response, result } = relay(source());
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toBeNull();
    expect(response.written).toBe(EVENT + DONE);
  });

  test("an event without end is refused at the limit", async () => {
    async function* source() {
      for (;;) yield Buffer.alloc(limits.eventBytesMax / 4, "x");
    }
    const { response, result } = relay(source());
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toMatchObject({ code: "stream_broken" });
    expect(response.headersSent).toBe(false);
  });
});
