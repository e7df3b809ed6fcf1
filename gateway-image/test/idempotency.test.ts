/** The same key gives the same answer, once computed and once billed; another body does not. */
import { randomUUID } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { createApiKey } from "../src/base/api-key.ts";
import { boot, endAll, simulate, testKey } from "./test-harness.ts";

afterEach(endAll);

async function start(changes: Parameters<typeof simulate>[0] = {}) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0, ...changes });
  const other = createApiKey();
  const harness = await boot({ targets: [{ url }], keys: [testKey(other, { id: "other" })] });
  const ask = async (key: string, change: object = {}, apiKey = harness.key) => {
    const headers = {
      "content-type": "application/json",
      "x-api-key": apiKey,
      "idempotency-key": key,
    };
    const response = await harness.chat({ max_tokens: 4, ...change }, { headers });
    const text = await response.text();
    const replayed = response.headers.get("idempotency-replayed") === "true";
    return { status: response.status, text, replayed };
  };
  return { harness, ask, other };
}

test("the recorded answer comes again, byte for byte, and is billed once", async () => {
  const { harness, ask } = await start();
  const key = randomUUID();
  const [first, second] = [await ask(key), await ask(key)];
  expect(second).toEqual({ ...first, replayed: true });
  expect(await harness.rows()).toHaveLength(1);
});

test("the same key with another body is refused; of another principal it is another key", async () => {
  const { ask, other } = await start();
  const key = randomUUID();
  await ask(key);
  expect((await ask(key, { max_tokens: 5 })).status).toBe(422);
  expect(await ask(key, {}, other)).toMatchObject({ status: 200, replayed: false });
});

test("while the first call runs the second is told to wait", async () => {
  const { ask } = await start({ ttftMs: 300 });
  const key = randomUUID();
  const statuses = (await Promise.all([ask(key), ask(key), ask(key)])).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 409, 409]);
  expect(await ask(key)).toMatchObject({ status: 200, replayed: true });
});

test("a call that comes at the very end of the first one gets its answer", async () => {
  const { harness, ask } = await start();
  const { shared } = harness.gateway.parts;
  const key = randomUUID();
  let first: Awaited<ReturnType<typeof ask>> | undefined;
  const claim = shared.claim.bind(shared);
  // As by way of another gateway: whatever was asked before, the first call ends in between.
  vi.spyOn(shared, "claim").mockImplementationOnce(async (name, ttlMs) => {
    first = await ask(key);
    return claim(name, ttlMs);
  });
  expect(await ask(key)).toEqual({ ...first, replayed: true });
  expect(await harness.rows()).toHaveLength(1);
});

test("a call that failed, and a stream, are not recorded: they may be tried again", async () => {
  const { ask } = await start();
  const key = randomUUID();
  expect((await ask(key, { simulate: { error: 500 } })).status).toBe(502);
  expect(await ask(key)).toMatchObject({ status: 200, replayed: false });
  const stream = randomUUID();
  for (let count = 0; count < 2; count += 1) {
    const answer = await ask(stream, { stream: true });
    expect(answer.replayed).toBe(false);
    expect(answer.text).toContain("[DONE]");
  }
});

test("a key that is no key is refused", async () => {
  const { ask } = await start();
  expect((await ask("x".repeat(256))).status).toBe(400);
});
