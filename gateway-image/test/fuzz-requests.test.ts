/**
 * Requests that no client sends on purpose: mutated bodies, odd headers, lengths that contradict
 * each other, bytes in any portions, connections that end anywhere. Each is answered in one of the
 * gateway's shapes or its connection is closed; no status of 500 or more; nothing stays behind.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENDPOINTS } from "../src/endpoints.ts";
import { limits } from "../src/limits.ts";
import { boot, endAll, type Harness, MODEL, simulate } from "./test-harness.ts";
import { answersIn, expectIdle, expectOurs, runs, speak } from "./test-wire.ts";

let harness: Harness;
let port: number;

beforeAll(async () => {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  harness = await boot({ targets: [{ url }], tiers: { service: { concurrency: 5_000 } } });
  port = harness.gateway.port;
});
afterAll(endAll);

const POSTS = ENDPOINTS.filter(({ method }) => method === "POST").map(({ path }) =>
  path.replace("*", "api-keys"),
);
const GOOD = {
  "/v1/completions": { model: MODEL, prompt: "a", max_tokens: 2 },
  "/v1/embeddings": { model: MODEL, input: ["a", "b"] },
  "/v1/chat/complete": { model: MODEL, prompt: "a", max_tokens: 2 },
} as Readonly<Record<string, object>>;
const CHAT_BODY = { model: MODEL, messages: [{ role: "user", content: "汉字 😀" }], max_tokens: 2 };
const goodBody = (path: string) => Buffer.from(JSON.stringify(GOOD[path] ?? CHAT_BODY));

const head = (path: string, headers: readonly string[], method = "POST") =>
  [
    `${method} ${path} HTTP/1.1`,
    "Host: gateway",
    `X-API-Key: ${harness.key}`,
    ...headers,
    "",
    "",
  ].join("\r\n");
const JSON_TYPE = "Content-Type: application/json";
const request = (path: string, body: Buffer, more: readonly string[] = []) =>
  Buffer.concat([
    Buffer.from(head(path, [JSON_TYPE, `Content-Length: ${body.length}`, ...more]), "latin1"),
    body,
  ]);
const CLOSE = ["Connection: close"];

/** Bytes that are nearly a good body. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant("flip"), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant("cut"), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant("insert"), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant("repeat"), at: fc.nat(), byte: fc.nat(255) }),
);

function mutate(
  body: Buffer,
  { kind, at, byte }: { kind: string; at: number; byte: number },
): Buffer {
  const place = body.length === 0 ? 0 : at % body.length;
  const [before, after] = [body.subarray(0, place), body.subarray(place)];
  if (kind === "cut") return before;
  if (kind === "insert") return Buffer.concat([before, Buffer.from([byte]), after]);
  if (kind === "repeat") return Buffer.concat([before, after, after.subarray(0, byte)]);
  const changed = Buffer.from(body);
  changed[place] = byte;
  return changed;
}

const rawNumber = fc.constantFrom(
  "1e400",
  "-1e400",
  "1e-400",
  `1${"0".repeat(400)}`,
  "-0",
  "1E+2",
  "0x1",
);
const member = fc.oneof(
  fc.tuple(fc.constantFrom("max_tokens", "n", "temperature", "seed", "stream"), rawNumber),
  fc.tuple(
    fc.constantFrom("model", "messages", "prompt", "stream", "__proto__", "constructor"),
    fc.json(),
  ),
  fc.tuple(
    fc.constantFrom("messages", "metadata"),
    fc.nat(5_000).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  ),
);
const builtBody = fc
  .tuple(fc.constantFrom(...POSTS), fc.array(member, { maxLength: 6 }))
  .map(([path, members]) => {
    const extra = members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",");
    const good = goodBody(path).toString("utf8");
    return { path, body: Buffer.from(extra === "" ? good : `${good.slice(0, -1)},${extra}}`) };
  });
const mutatedBody = fc
  .tuple(fc.constantFrom(...POSTS), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([path, changes]) => ({ path, body: changes.reduce(mutate, goodBody(path)) }));

/** One answer of ours, below 500, and then the end. */
async function expectOneAnswer(parts: readonly (string | Buffer)[]): Promise<void> {
  const { bytes, closed } = await speak(port, parts);
  expect(closed).toBe(true);
  const answers = answersIn(bytes);
  expect(answers.length).toBe(1);
  for (const answer of answers) {
    expectOurs(answer);
    expect(answer.status, answer.body).toBeLessThan(500);
  }
}

describe("bodies", () => {
  test("mutated byte by byte, on every endpoint", async () => {
    await fc.assert(
      fc.asyncProperty(mutatedBody, ({ path, body }) =>
        expectOneAnswer([request(path, body, CLOSE)]),
      ),
      runs(400),
    );
    await expectIdle(harness);
  });

  test("of deep nests, huge numbers, repeated and strange members", async () => {
    await fc.assert(
      fc.asyncProperty(builtBody, ({ path, body }) =>
        expectOneAnswer([request(path, body, CLOSE)]),
      ),
      runs(300),
    );
    await expectIdle(harness);
  });

  test("nested as deeply as a body can be, on every endpoint", async () => {
    const depth = (limits.bodyBytesMax - 1_000) / 2;
    for (const path of POSTS) {
      const deep = `"metadata":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      const body = Buffer.from(`${goodBody(path).toString("utf8").slice(0, -1)},${deep}`);
      await expectOneAnswer([request(path, body, CLOSE)]);
    }
    await expectIdle(harness);
  });

  test("in any portions, with its length or in chunks", async () => {
    const portions = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(portions, fc.boolean(), async (sizes, chunked) => {
        const body = goodBody("/v1/chat/completions");
        const headers = [JSON_TYPE, ...CLOSE];
        const whole = chunked
          ? Buffer.concat([
              Buffer.from(head("/v1/chat/completions", [...headers, "Transfer-Encoding: chunked"])),
              ...inChunks(body, sizes),
            ])
          : request("/v1/chat/completions", body, CLOSE);
        const { bytes } = await speak(port, pieces(whole, sizes));
        const [answer] = answersIn(bytes);
        expect([answer?.status, answer?.body]).toEqual([200, expect.stringContaining("choices")]);
      }),
      runs(60),
    );
  });

  test("split at every byte", async () => {
    const whole = request("/v1/chat/completions", goodBody("/v1/chat/completions"), CLOSE);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const { bytes } = await speak(port, [whole.subarray(0, cut), whole.subarray(cut)]);
      expect([cut, answersIn(bytes).map(({ status }) => status)]).toEqual([cut, [200]]);
    }
    await expectIdle(harness);
  });
});

function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index] ?? bytes.length;
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

function inChunks(body: Buffer, sizes: readonly number[]): Buffer[] {
  const parts = pieces(body, sizes).flatMap((part) => [
    Buffer.from(`${part.length.toString(16)}\r\n`),
    part,
    Buffer.from("\r\n"),
  ]);
  return [...parts, Buffer.from("0\r\n\r\n")];
}

describe("headers", () => {
  const name = fc.oneof(
    fc.constantFrom(
      "authorization",
      "x-api-key",
      "x-request-id",
      "accept",
      "origin",
      "x-data-class",
    ),
    fc.constantFrom(
      "content-type",
      "content-encoding",
      "expect",
      "upgrade",
      "idempotency-key",
      "range",
    ),
    fc.constantFrom(
      "x-ds-accesskey",
      "x-ds-signature",
      "x-api-version",
      "traceparent",
      "te",
      "host",
    ),
    fc.string({ minLength: 1, maxLength: 20 }),
  );
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom("", "100-continue", "websocket", "*", "bytes=0-", "identity", "gzip", "\t"),
    fc.nat(limits.headerBytesMax * 2).map((length) => "a".repeat(length)),
  );
  const asByte = (text: string) => Buffer.from(text, "utf8").toString("latin1");

  test("odd, oversized, repeated", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...POSTS, "/v1/models", "/", "/health", "/%zz", "//", "/v1/models/%00"),
        async (given, path) => {
          const lines = given.map(([one, two]) => `${asByte(one)}: ${asByte(two)}`);
          const bytes = request(path, goodBody(path), [...lines, ...CLOSE]);
          const spoken = await speak(port, [bytes], { end: true });
          expect(spoken.closed).toBe(true);
          for (const answer of answersIn(spoken.bytes)) {
            expectOurs(answer);
            expect(answer.status, answer.body).toBeLessThan(500);
          }
        },
      ),
      runs(300),
    );
    await expectIdle(harness);
  });

  test("any bytes at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const spoken = await speak(port, [Buffer.from(bytes)], { end: true });
        expect(spoken.closed).toBe(true);
        for (const answer of answersIn(spoken.bytes)) {
          expectOurs(answer);
          expect(answer.status).toBeLessThan(500);
        }
      }),
      runs(200),
    );
    await expectIdle(harness);
  });
});
