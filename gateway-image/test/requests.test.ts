/** Requests that must be refused, each in OpenAI's shape, none of them able to hurt the process. */
import net from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey } from "../src/base/api-key.ts";
import {
  boot,
  CHAT,
  endAll,
  eventually,
  MODEL,
  onEnd,
  simulate,
  testKey,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

async function start(options: Partial<Parameters<typeof boot>[0]> = {}) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000 });
  return boot({ targets: [{ url }], ...options });
}

const json = { "content-type": "application/json" };

describe("identity", () => {
  test("either header carries the key; without one, or with a wrong one, 401", async () => {
    const harness = await start();
    const get = (headers: Record<string, string>) =>
      fetch(`${harness.base}/v1/models`, { headers }).then((response) => response.status);
    expect(await get({ authorization: `Bearer ${harness.key}` })).toBe(200);
    expect(await get({ "x-api-key": harness.key })).toBe(200);
    expect(await get({})).toBe(401);
    expect(await get({ authorization: `Basic ${harness.key}` })).toBe(401);
    expect(await get({ authorization: `Bearer ${createApiKey()}` })).toBe(401);
    expect(await get({ authorization: "Bearer sk-ds-short" })).toBe(401);
  });

  test("an expired key and a foreign model are refused", async () => {
    const [expired, narrow] = [createApiKey(), createApiKey()];
    const harness = await start({
      keys: [
        testKey(expired, { id: "expired", expires: "2020-01-01T00:00:00Z" }),
        testKey(narrow, { id: "narrow", models: ["another"] }),
      ],
    });
    const codeWith = async (key: string) => {
      const response = await harness.chat({}, { headers: { ...json, "x-api-key": key } });
      return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
    };
    expect(await codeWith(expired)).toEqual([401, "expired_api_key"]);
    expect(await codeWith(narrow)).toEqual([403, "model_not_allowed"]);
    const models = await fetch(`${harness.base}/v1/models`, { headers: { "x-api-key": narrow } });
    expect(await models.json()).toEqual({ object: "list", data: [] });
  });

  test("a key of a tier that is not configured stops the start", async () => {
    const keys = [testKey(createApiKey(), { id: "adrift", tier: "no-such-tier" })];
    await expect(start({ keys })).rejects.toThrow(
      "principal adrift: there is no tier no-such-tier",
    );
  });

  test("the log and the metrics hold no key and no prompt", async () => {
    const harness = await start();
    await harness.chat({ messages: [{ role: "user", content: "a secret diagnosis" }] });
    await harness.chat({}, { headers: { ...json, authorization: "Bearer sk-ds-wrong" } });
    const log = JSON.stringify(harness.logLines());
    expect(log).not.toContain("diagnosis");
    expect(log).not.toContain(harness.key);
    expect(log).not.toContain("sk-ds-wrong");
  });
});

describe("request ids", () => {
  test("a sane one is kept, any other replaced", async () => {
    const harness = await start();
    const idFor = async (id: string) =>
      (await fetch(`${harness.base}/v1/models`, { headers: { "x-request-id": id } })).headers.get(
        "x-request-id",
      );
    expect(await idFor("trace-1:a.b_c")).toBe("trace-1:a.b_c");
    expect(await idFor("a b")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idFor("x".repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("two calls under one request id are two rows", async () => {
    const harness = await start();
    const headers = { ...json, "x-api-key": harness.key, "x-request-id": "same" };
    await (await harness.chat({}, { headers })).text();
    await (await harness.chat({}, { headers })).text();
    expect((await harness.rows()).map((row) => row.requestId)).toEqual(["same", "same"]);
  });
});

describe("bodies", () => {
  test.each([
    ["{", 400, "invalid_json"],
    ["[]", 400, "invalid_request"],
    ['{"model":"\ud800"}', 400, "invalid_request"],
    [{ ...CHAT, messages: "hi" }, 400, "invalid_request"],
    [{ ...CHAT, stream: "yes" }, 400, "invalid_request"],
    [{ ...CHAT, max_tokens: -1 }, 400, "invalid_request"],
    [{ ...CHAT, stream_options: {} }, 400, "invalid_request"],
    [{ messages: CHAT.messages }, 400, "invalid_request"],
    [`{"model":"a","model":"${MODEL}","messages":[{"role":"user"}]}`, 400, "invalid_request"],
    [
      `{"model":"${MODEL}","messages":${"[".repeat(100)}${"]".repeat(100)}}`,
      400,
      "invalid_request",
    ],
    [{ ...CHAT, padding: "x".repeat(1024 * 1024) }, 413, "body_too_large"],
  ])("body number %# is refused", async (body, status, code) => {
    const harness = await start();
    const headers = { ...json, "x-api-key": harness.key };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const url = `${harness.base}/v1/chat/completions`;
    const response = await fetch(url, { method: "POST", headers, body: text });
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(response.status).toBe(status);
  });

  test("another media type, a compressed body and a missing one are refused", async () => {
    const harness = await start();
    const url = `${harness.base}/v1/chat/completions`;
    const post = async (headers: Record<string, string>, body?: string) =>
      (
        await fetch(url, {
          method: "POST",
          headers: { "x-api-key": harness.key, ...headers },
          body: body ?? null,
        })
      ).status;
    expect(await post({ "content-type": "text/plain" }, "{}")).toBe(415);
    expect(await post({ ...json, "content-encoding": "gzip" }, "{}")).toBe(415);
    expect(await post({})).toBe(415);
    expect(await post(json)).toBe(400);
  });

  test("whatever the bytes, the answer is an error in OpenAI's shape and the process lives", async () => {
    const harness = await start();
    const url = `${harness.base}/v1/chat/completions`;
    const headers = { ...json, "x-api-key": harness.key };
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ model: fc.jsonValue(), messages: fc.jsonValue(), stream: fc.jsonValue() })
        .map((body) => Buffer.from(JSON.stringify(body))),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(bytes) });
        expect(response.status).toBeLessThan(500);
        expect(await response.json()).toHaveProperty("error.code");
      }),
      { numRuns: 200 },
    );
    expect((await harness.chat({ max_tokens: 1 })).status).toBe(200);
  });
});

describe("HTTP", () => {
  test("paths and methods that do not exist", async () => {
    const harness = await start();
    const get = (path: string, method = "GET") => fetch(`${harness.base}${path}`, { method });
    expect((await get("/nothing")).status).toBe(404);
    const wrong = await get("/v1/chat/completions");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await get("/%zz")).status).toBe(400);
    expect(await (await get("/v1/models/%zz")).json()).toHaveProperty("error.code");
  });

  test("bytes that are no HTTP, and headers without end, get an answer and a closed door", async () => {
    const harness = await start();
    const send = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = net.connect(Number(new URL(harness.base).port), "127.0.0.1");
        onEnd(() => socket.destroy());
        let answer = "";
        socket.on("data", (data) => {
          answer += data.toString();
        });
        socket.on("close", () => resolve(answer)).on("error", () => {});
        socket.end(text);
      });
    expect(await send("NONSENSE\r\n\r\n")).toMatch(/^HTTP\/1.1 400 .*"invalid_request"/s);
    const header = `x-long: ${"a".repeat(20_000)}`;
    expect(await send(`GET / HTTP/1.1\r\nhost: a\r\n${header}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/);
  });

  test("a body that is too large is refused while it is still on its way", async () => {
    const harness = await start();
    const socket = net.connect(Number(new URL(harness.base).port), "127.0.0.1");
    onEnd(() => socket.destroy());
    const answer = new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(data.toString())),
    );
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-api-key: ${harness.key}\r\n` +
        "content-type: application/json\r\ncontent-length: 999999999\r\n\r\n{",
    );
    expect(await answer).toMatch(/^HTTP\/1.1 413 .*connection: close/is);
  });
});

describe("quotas", () => {
  test("concurrency: one more than allowed is refused, and a free slot is given", async () => {
    const { url } = await simulate({ tokensPerSecond: 20 });
    const tiers = { service: { requestsPerMinute: 1_000, concurrency: 2 } };
    const harness = await boot({ targets: [{ url }], tiers });
    const long = { max_tokens: 40, simulate: { tokens: 40 } };
    const running = [harness.chat(long), harness.chat(long)];
    await eventually(async () => (await harness.chat({ max_tokens: 1 })).status).toBe(429);
    const statuses = (await Promise.all(running)).map((response) => response.status);
    expect(statuses).toEqual([200, 200]);
    expect((await harness.chat({ max_tokens: 1 })).status).toBe(200);
  });

  test("every answer says what is left", async () => {
    const harness = await start({ tiers: { service: { requestsPerMinute: 10, concurrency: 2 } } });
    const { headers } = await harness.chat();
    expect(headers.get("x-ratelimit-limit-requests")).toBe("10");
    expect(headers.get("x-ratelimit-remaining-requests")).toBe("9");
  });

  test("a model without a capability is refused for it", async () => {
    const models = [testModel([{ url: "http://127.0.0.1:9" }], { capabilities: ["chat"] })];
    const harness = await start({ models });
    const response = await harness.post("/v1/embeddings", { model: MODEL, input: "a" });
    expect(response.status).toBe(400);
  });

  test("usage of this month is told to the key that used it", async () => {
    const harness = await start();
    await (await harness.chat({ max_tokens: 7, simulate: { tokens: 7 } })).text();
    await harness.rows();
    const usage = await fetch(`${harness.base}/v1/usage`, {
      headers: { "x-api-key": harness.key },
    });
    expect(await usage.json()).toMatchObject({
      data: [{ model: MODEL, requests: 1, prompt_tokens: 8, completion_tokens: 7 }],
    });
  });
});
