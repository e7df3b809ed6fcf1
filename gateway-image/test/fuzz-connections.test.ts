/**
 * Connections: requests whose two lengths contradict each other, several in one write, halves that
 * close, readers and writers that crawl. What was not understood is never taken for a next request.
 */
import net from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boot, endAll, eventually, type Harness, MODEL, simulate } from "./test-harness.ts";
import { answersIn, expectIdle, expectOurs, runs, speak } from "./test-wire.ts";

let harness: Harness;
let port: number;
let metricOfModel: (line: string) => Promise<number | undefined>;

beforeAll(async () => {
  const { url, metric } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  metricOfModel = metric;
  harness = await boot({ targets: [{ url }], tiers: { service: { concurrency: 5_000 } } });
  port = harness.gateway.port;
});
afterAll(endAll);

const HIDDEN = "GET /v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n";
const BODY = JSON.stringify({
  model: MODEL,
  messages: [{ role: "user", content: "a" }],
  max_tokens: 1,
});
const call = (lines: readonly string[], body: string) =>
  [
    "POST /v1/chat/completions HTTP/1.1",
    "Host: gateway",
    `X-API-Key: ${harness.key}`,
    "Content-Type: application/json",
    ...lines,
    "",
    body,
  ].join("\r\n");
const inOneChunk = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

describe("requests with two meanings", () => {
  const length = `Content-Length: ${BODY.length}`;
  /** Each is a call whose end two readers may see at different places, with a request behind it. */
  const TWO_MEANINGS: Readonly<Record<string, () => string>> = {
    "a length and chunks": () =>
      call(["Content-Length: 4", "Transfer-Encoding: chunked"], inOneChunk + HIDDEN),
    "chunks and a length": () =>
      call(["Transfer-Encoding: chunked", "Content-Length: 4"], inOneChunk + HIDDEN),
    "two lengths": () => call([length, "Content-Length: 0"], BODY + HIDDEN),
    "two lengths in one line": () => call([`${length}, 0`], BODY + HIDDEN),
    "a signed length": () => call([`Content-Length: +${BODY.length}`], BODY + HIDDEN),
    "a negative length": () => call(["Content-Length: -1"], BODY + HIDDEN),
    "a length in hex": () => call(["Content-Length: 0x10"], BODY + HIDDEN),
    "an endless length": () => call([`Content-Length: ${"9".repeat(40)}`], BODY + HIDDEN),
    "an encoding that is not chunked": () =>
      call(["Transfer-Encoding: xchunked"], inOneChunk + HIDDEN),
    "two encodings": () =>
      call(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], inOneChunk + HIDDEN),
    "a space before the colon": () => call(["Transfer-Encoding : chunked"], inOneChunk + HIDDEN),
    "a folded line": () => call(["Transfer-Encoding:", " chunked"], inOneChunk + HIDDEN),
    "a vertical tab": () => call(["Transfer-Encoding: \u000bchunked"], inOneChunk + HIDDEN),
    "a bare line feed in a header": () =>
      call([`X-A: b\nTransfer-Encoding: chunked`, length], BODY + HIDDEN),
    "a bare carriage return": () =>
      call([`X-A: b\rTransfer-Encoding: chunked`, length], BODY + HIDDEN),
    "a chunk of no number": () => call(["Transfer-Encoding: chunked"], `zz\r\n${HIDDEN}`),
    "a chunk that is longer than it says": () =>
      call(["Transfer-Encoding: chunked"], `1\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`),
    "a chunk that is too large for any number": () =>
      call(["Transfer-Encoding: chunked"], `${"f".repeat(20)}\r\n${HIDDEN}`),
    "a null in a header": () => call([`X-A: \u0000`, length], BODY + HIDDEN),
  };

  test.each(Object.keys(TWO_MEANINGS))("%s: refused, and the connection ends", async (name) => {
    const { bytes, closed } = await speak(port, [
      Buffer.from(TWO_MEANINGS[name]?.() ?? "", "latin1"),
    ]);
    expect(closed).toBe(true);
    const answers = answersIn(bytes);
    expect(answers.map(({ status }) => status)).toEqual([400]);
    answers.forEach(expectOurs);
  });

  test("nothing of them has reached the model or stays behind", async () => {
    expect(await metricOfModel(`vllm:num_requests_running{model_name="${MODEL}",engine="0"}`)).toBe(
      0,
    );
    await expectIdle(harness);
  });
});

describe("several requests on one connection", () => {
  test("are answered in their order, however they are cut", async () => {
    const kinds = fc.constantFrom("chat", "models", "missing", "bad");
    await fc.assert(
      fc.asyncProperty(
        fc.array(kinds, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 }),
        async (asked, sizes) => {
          const lines = { chat: 200, models: 401, missing: 404, bad: 400 };
          const texts = {
            chat: call([`Content-Length: ${BODY.length}`], BODY),
            models: HIDDEN,
            missing: "GET /none HTTP/1.1\r\nHost: gateway\r\n\r\n",
            bad: call(["Content-Length: 2"], "{}"),
          };
          const last = "GET /livez HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
          const whole = Buffer.from(asked.map((kind) => texts[kind]).join("") + last);
          const parts: Buffer[] = [];
          for (let at = 0; at < whole.length; ) {
            const size = sizes[parts.length % sizes.length] ?? 1;
            parts.push(whole.subarray(at, at + size));
            at += size;
          }
          const { bytes, closed } = await speak(port, parts);
          expect(closed).toBe(true);
          const statuses = answersIn(bytes).map(({ status }) => status);
          expect(statuses).toEqual([...asked.map((kind) => lines[kind]), 200]);
        },
      ),
      runs(60),
    );
    await expectIdle(harness);
  });
});

describe("ends", () => {
  test("a client may leave after any byte of its request", async () => {
    const whole = call([`Content-Length: ${BODY.length}`], BODY);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      await speak(port, [whole.slice(0, cut)], { leave: true });
    }
    await expectIdle(harness);
  });

  test("half a request and then nothing more is refused or cut", async () => {
    const whole = call([`Content-Length: ${BODY.length}`], BODY);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 1 }), async (cut) => {
        const { bytes, closed } = await speak(port, [whole.slice(0, cut)], { end: true });
        expect(closed).toBe(true);
        for (const answer of answersIn(bytes)) expectOurs(answer);
      }),
      runs(80),
    );
    await expectIdle(harness);
  });

  test("a client that closes its half has left, as it has for the edge", async () => {
    const long = { ...JSON.parse(BODY), max_tokens: 4_000, simulate: { ttftMs: 60_000 } };
    const body = JSON.stringify(long);
    const whole = call([`Content-Length: ${body.length}`], body);
    expect(await speak(port, [whole], { end: true })).toMatchObject({ closed: true });
    await expectIdle(harness);
  });

  test("clients that stop reading a long stream hold nothing when they go", async () => {
    const long = JSON.stringify({
      ...JSON.parse(BODY),
      stream: true,
      max_tokens: 4_000,
      simulate: { tokens: 4_000 },
    });
    const sockets = Array.from({ length: 20 }, () => {
      const socket = net.connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.pause();
      socket.write(call([`Content-Length: ${long.length}`], long));
      return socket;
    });
    const endpoint = 'api_concurrent_requests{endpoint="/v1/chat/completions"}';
    await eventually(() => harness.metric(endpoint)).toBeGreaterThan(0);
    for (const socket of sockets) socket.destroy();
    await expectIdle(harness);
  });

  test("a body that comes byte by byte is waited for", async () => {
    const whole = call(["Connection: close", `Content-Length: ${BODY.length}`], BODY);
    const { bytes } = await speak(port, [...whole]);
    expect(answersIn(bytes).map(({ status }) => status)).toEqual([200]);
  });
});
