/** The pure parts of a connection: what a message may be, and what an answer becomes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { readMessage } from "./messages.ts";
import { SocketAnswer } from "./socket-answer.ts";
import { callHeaders } from "./socket-request.ts";

describe("a message", () => {
  test("of any bytes is read or refused, never a crash", () => {
    const json = fc.json().map((text) => Buffer.from(text));
    const almost = fc
      .record({
        type: fc.constantFrom("cancel", "completions", "x"),
        id: fc.anything(),
        body: fc.anything(),
      })
      .map((value) => Buffer.from(JSON.stringify(value) ?? ""));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          json,
          almost,
        ),
        (bytes) => {
          try {
            readMessage(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError);
          }
        },
      ),
    );
  });

  test("gives the body as it was sent", () => {
    const body = '{ "model":"m", "n" : 1.0, "seed":12345678901234567890 }';
    const message = readMessage(
      Buffer.from(`{"body":${body} ,"id":"x","type":"chat.completions"}`),
    );
    expect(message).toMatchObject({ kind: "call", type: "chat.completions", id: "x" });
    expect(message.kind === "call" && message.body.toString()).toBe(body);
  });

  test.each(["authorization", "x-api-key", "x-real-ip", "x-forwarded-for", "x-edge-token"])(
    "cannot say who calls by the header %s",
    (name) => {
      const message = { type: "completions", body: {}, headers: { [name]: "x" } };
      expect(() => readMessage(Buffer.from(JSON.stringify(message)))).toThrow(GatewayError);
    },
  );

  test("may tell its class of data, and not take back what the opening told", () => {
    const opening = {
      "x-data-class": "patient",
      cookie: "c",
      upgrade: "websocket",
      "x-request-id": "o",
    };
    expect(callHeaders(opening, {}, 2)).toEqual({
      "x-data-class": "patient",
      cookie: "c",
      "content-type": "application/json",
      "content-length": "2",
    });
    expect(() => callHeaders(opening, { "x-data-class": "open" }, 2)).toThrow(GatewayError);
    expect(callHeaders({}, { "x-data-class": "patient" }, 2)).toMatchObject({
      "x-data-class": "patient",
    });
  });
});

/** What leaves for an event stream that is written in these pieces. */
async function sentFor(pieces: readonly Buffer[], cut = false): Promise<Record<string, unknown>[]> {
  const sent: string[] = [];
  const answer = new SocketAnswer("c", (text, done) => {
    sent.push(text);
    done();
  });
  answer.on("error", () => {});
  answer.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  const closed = new Promise((resolve) => answer.once("close", resolve));
  for (const piece of pieces) answer.write(piece);
  if (cut) answer.destroy();
  else answer.end();
  await closed;
  return sent.map((text) => JSON.parse(text));
}

describe("an answer", () => {
  test("is the same messages however its bytes are cut", async () => {
    const events = fc.array(fc.record({ text: fc.string({ unit: "grapheme" }) }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(events, fc.array(fc.nat({ max: 400 })), async (data, cuts) => {
        const lines = data.map((one) => `data: ${JSON.stringify(one)}\n\n: comment\n\n`);
        const bytes = Buffer.from(`${lines.join("")}data: [DONE]\n\n`);
        const at = [
          0,
          ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b),
          bytes.length,
        ];
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(await sentFor(pieces)).toEqual([
          ...data.map((one) => ({ type: "chunk", id: "c", data: one })),
          { type: "done", id: "c", headers: {} },
        ]);
      }),
      { numRuns: 50 },
    );
  });

  test("that ends without its end, is cut, or holds what is no JSON is never done", async () => {
    const chunk = Buffer.from('data: {"a":1}\n\n');
    const broken = { type: "error", id: "c", error: { code: "stream_broken" } };
    expect(await sentFor([chunk])).toMatchObject([{ type: "chunk" }, broken]);
    expect(await sentFor([chunk], true)).toMatchObject([{ type: "chunk" }, broken]);
    const forged = Buffer.from('data: 1},{"type":"done"\n\ndata: [DONE]\n\n');
    expect(await sentFor([forged])).toMatchObject([broken]);
  });
});
