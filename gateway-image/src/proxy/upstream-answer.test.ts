/** A body from undici to its reader: in order, as fast as the reader wants it, with one end. */
import type { Dispatcher } from "undici";
import { describe, expect, test } from "vitest";
import { type BodyReader, sendUpstream } from "./upstream-answer.ts";

/** A dispatcher in the hands of the test. */
function start(signal: AbortSignal = new AbortController().signal) {
  const controller = { paused: false, aborted: null as unknown };
  const control = {
    pause: () => void Object.assign(controller, { paused: true }),
    resume: () => void Object.assign(controller, { paused: false }),
    abort: (reason: Error) => void Object.assign(controller, { aborted: reason }),
  } as unknown as Dispatcher.DispatchController;
  let handler: Dispatcher.DispatchHandler = {};
  const dispatcher = {
    dispatch: (_request: unknown, given: Dispatcher.DispatchHandler) => {
      handler = given;
      return true;
    },
  };
  const answer = sendUpstream(dispatcher, { method: "POST", path: "/" }, signal);
  return {
    answer,
    controller,
    connect: () => handler.onRequestStart?.(control, {}),
    head: (status = 200) => handler.onResponseStart?.(control, status, {}),
    chunk: (text: string) => handler.onResponseData?.(control, Buffer.from(text)),
    end: () => handler.onResponseEnd?.(control, {}),
    fail: (error: Error) => handler.onResponseError?.(control, error),
  };
}

/** Takes as many chunks at a time as it is told to. */
function reader(takes = Number.POSITIVE_INFINITY) {
  const seen: string[] = [];
  const own: BodyReader = {
    onChunk: (chunk) => seen.push(chunk.toString()) < takes,
    onEnd: () => void seen.push("end"),
    onError: (error) => void seen.push(String(error)),
  };
  return { seen, own };
}

const broken = new Error("broken");

describe("a body", () => {
  test("that came before its reader is given to it, with its end", async () => {
    const wire = start();
    wire.connect();
    wire.head();
    wire.chunk("a");
    wire.chunk("b");
    wire.end();
    const { seen, own } = reader();
    (await wire.answer).body.read(own);
    expect(seen).toEqual(["a", "b", "end"]);
  });

  test("that breaks off gives what it had, then the fault, once", async () => {
    const wire = start();
    wire.connect();
    wire.head();
    wire.chunk("a");
    wire.fail(broken);
    const { seen, own } = reader();
    (await wire.answer).body.read(own);
    wire.fail(broken);
    expect(seen).toEqual(["a", "Error: broken"]);
  });

  test("waits for a slow reader, and the server with it", async () => {
    const wire = start();
    wire.connect();
    wire.head();
    const { seen, own } = reader(1);
    const { body } = await wire.answer;
    body.read(own);
    wire.chunk("a");
    expect(wire.controller.paused).toBe(true);
    wire.chunk("b");
    wire.end();
    expect(seen).toEqual(["a"]);
    body.resume();
    // The reader takes no more than one again.
    expect(seen).toEqual(["a", "b"]);
    body.resume();
    expect(seen).toEqual(["a", "b", "end"]);
  });

  test("that nobody reads stops the server at a bound", async () => {
    const wire = start();
    wire.connect();
    wire.head();
    wire.chunk("a".repeat(32 * 1024));
    expect(wire.controller.paused).toBe(false);
    wire.chunk("a".repeat(32 * 1024));
    expect(wire.controller.paused).toBe(true);
    (await wire.answer).body.read(reader().own);
    expect(wire.controller.paused).toBe(false);
  });

  test("that is not wanted any more is cut at the server, and its reader hears nothing", async () => {
    const wire = start();
    wire.connect();
    wire.head();
    const { seen, own } = reader();
    const { body } = await wire.answer;
    body.read(own);
    body.abandon();
    wire.chunk("a");
    wire.fail(broken);
    expect(wire.controller.aborted).toBeInstanceOf(Error);
    expect(seen).toEqual([]);
  });
});

describe("a signal", () => {
  test("ends a call that has no connection yet at once, and the connection when it comes", async () => {
    const stop = new AbortController();
    const wire = start(stop.signal);
    stop.abort(broken);
    await expect(wire.answer).rejects.toBe(broken);
    wire.connect();
    expect(wire.controller.aborted).toBe(broken);
  });

  test("cuts a body that is being read, and tells its reader why", async () => {
    const stop = new AbortController();
    const wire = start(stop.signal);
    wire.connect();
    wire.head();
    const { seen, own } = reader();
    (await wire.answer).body.read(own);
    stop.abort(broken);
    expect(wire.controller.aborted).toBe(broken);
    expect(seen).toEqual(["Error: broken"]);
  });

  test("that is aborted already lets nothing be sent", async () => {
    const wire = start(AbortSignal.abort(broken));
    await expect(wire.answer).rejects.toBe(broken);
    expect(wire.connect()).toBeUndefined();
  });
});

describe("the first byte", () => {
  test("is waited for; an informational head is none, and a fault is told", async () => {
    const wire = start();
    wire.connect();
    wire.head(103);
    wire.head();
    const answer = await wire.answer;
    expect(answer.statusCode).toBe(200);
    const first = answer.firstByte(60_000);
    wire.chunk("a");
    await first;
    const other = start();
    other.connect();
    other.head();
    const none = (await other.answer).firstByte(60_000);
    other.fail(broken);
    await expect(none).rejects.toBe(broken);
  });

  test("is not waited for longer than asked", async () => {
    const wire = start();
    wire.connect();
    wire.head();
    await expect((await wire.answer).firstByte(1)).resolves.toBeUndefined();
  });
});
