/**
 * Calls that go to their model server before the quota store has answered: who does, and that
 * nothing is shown, kept or left behind of one that is refused late. The store's word is held back
 * by hand; no test measures how fast.
 */
import { writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { MemoryQuotaStore } from "../src/stores/memory-quota-store.ts";
import { boot, CHAT, endAll, eventually, MODEL, onEnd, temporaryFolder } from "./test-harness.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await endAll();
});

/** A model server that answers at once, and says whom it has begun for and who left it. */
async function startServer() {
  const seen = { begun: 0, left: 0, answers: true };
  const server = http.createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    seen.begun += 1;
    response.once("close", () => {
      if (!response.writableFinished) seen.left += 1;
    });
    if (!seen.answers) return;
    const { stream } = JSON.parse(text) as { stream?: boolean };
    if (stream === true) answerStream(response);
    else answerWhole(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const USAGE = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };

function answerWhole(response: http.ServerResponse): void {
  const message = { role: "assistant", content: "a word" };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ id: "c", object: "chat.completion", choices, usage: USAGE }));
}

function answerStream(response: http.ServerResponse): void {
  response.setHeader("content-type", "text/event-stream");
  const choices = [{ index: 0, delta: { content: "a word" }, finish_reason: "stop" }];
  response.write(`data: ${JSON.stringify({ id: "c", choices })}\n\n`);
  response.write(`data: ${JSON.stringify({ id: "c", choices: [], usage: USAGE })}\n\n`);
  response.end("data: [DONE]\n\n");
}

type Word = "admit" | "refuse" | "fail";

/** From now on the store's word comes when it is given. */
function holdStore(): { asked: () => number; give: (word?: Word) => void } {
  const admits = MemoryQuotaStore.prototype.reserve;
  const waiting: ((word: Word) => void)[] = [];
  const held = vi.spyOn(MemoryQuotaStore.prototype, "reserve");
  held.mockImplementation(async function (this: MemoryQuotaStore, wanted) {
    const word = await new Promise<Word>((resolve) => waiting.push(resolve));
    if (word === "fail") throw new Error("the store is away");
    if (word === "admit") return admits.call(this, wanted);
    const scope = wanted.scopes[0]?.id ?? "";
    const limit = "requestsPerMinute";
    return { admitted: false, scope, limit, max: 9, used: 9, retryAfterMs: 2_000 };
  });
  return { asked: () => waiting.length, give: (word = "admit") => waiting.shift()?.(word) };
}

const WIDE = { requestsPerMinute: 1_000, tokensPerMinute: 1_000_000 };

async function start(tier: object = WIDE, target: object = {}, directory: object = {}) {
  const server = await startServer();
  const folder = temporaryFolder();
  writeFileSync(`${folder}/deepseek`, "sk-of-the-provider");
  const harness = await boot({
    targets: [{ url: server.url, ...target }],
    tiers: { service: tier },
    directory,
    env: { GW_PROVIDERS_FOLDER: folder },
  });
  const spent = async () => {
    const answer = await fetch(`${harness.base}/v1/quota`, {
      headers: { authorization: `Bearer ${harness.key}` },
    });
    return JSON.stringify(await answer.json());
  };
  return { ...server, harness, spent };
}

/** The store has said that there is room; now its word is held back. */
async function startKnown(tier?: object) {
  const started = await start(tier);
  expect((await started.harness.chat()).status).toBe(200);
  started.seen.begun = 0;
  return { ...started, store: holdStore() };
}

describe("a caller who is far from every limit", () => {
  test.each([false, true])(
    "is asked for at once and shown nothing before the store's word (streamed: %s)",
    async (stream) => {
      const { harness, seen, store } = await startKnown();
      let shown = false;
      const answer = harness.chat({ stream }).then((response) => {
        shown = true;
        return response;
      });
      await eventually(() => [seen.begun, store.asked()]).toEqual([1, 1]);
      // The model server has answered in full by the time that it is asked for something else.
      await fetch(`${harness.base}/livez`);
      expect(shown).toBe(false);
      store.give();
      const response = await answer;
      expect(response.status).toBe(200);
      expect(response.headers.get("x-ratelimit-limit-requests")).toBe("1000");
      expect(await response.text()).toContain("a word");
    },
  );

  test.each([false, true])(
    "and is refused late gets the refusal and nothing else (streamed: %s)",
    async (stream) => {
      const { harness, seen, store } = await startKnown();
      const answer = harness.chat({ stream });
      await eventually(() => seen.begun).toBe(1);
      await eventually(() => store.asked()).toBe(1);
      store.give("refuse");
      const response = await answer;
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("2");
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ error: { code: "rate_limit_exceeded" } });
      expect(text).not.toContain("a word");
      const rows = await harness.rows();
      expect(rows.at(-1)).toMatchObject({ httpStatus: 429, completionTokens: 0, costMicros: 0 });
    },
  );

  test("has a model server stopped that is at work for a call that is refused", async () => {
    const { harness, seen, store } = await startKnown();
    seen.answers = false;
    const answer = harness.chat();
    await eventually(() => [seen.begun, store.asked()]).toEqual([1, 1]);
    store.give("refuse");
    expect((await answer).status).toBe(429);
    await eventually(() => seen.left).toBe(1);
    const faults = await harness.metric(
      `gateway_upstream_faults_total{model="${MODEL}",reason="timeout"}`,
    );
    expect(faults ?? 0).toBe(0);
    // Nor does it count against the server: the next call goes there.
    seen.answers = true;
    const next = harness.chat();
    await eventually(() => store.asked()).toBe(1);
    store.give();
    expect((await next).status).toBe(200);
  });

  test("is refused where the store fails meanwhile, and waits for it the next time", async () => {
    const { harness, seen, store } = await startKnown();
    const answer = harness.chat();
    await eventually(() => [seen.begun, store.asked()]).toEqual([1, 1]);
    store.give("fail");
    const response = await answer;
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "quota_store_unavailable" } });
    const next = harness.chat();
    await eventually(() => store.asked()).toBe(1);
    await fetch(`${harness.base}/livez`);
    expect(seen.begun).toBe(1);
    store.give();
    expect((await next).status).toBe(200);
  });

  test("settles what it has used, and leaves nothing reserved", async () => {
    const { harness, store, spent } = await startKnown({ ...WIDE, concurrency: 100 });
    const answer = harness.chat({ max_tokens: 50 });
    await eventually(() => store.asked()).toBe(1);
    store.give();
    await (await answer).text();
    await eventually(spent).toContain('"limit":"concurrency","max":100,"used":0');
  });

  test("may leave before the store's word, and what it would have used is given back", async () => {
    const { harness, seen, store, spent } = await startKnown({ ...WIDE, concurrency: 100 });
    seen.answers = false;
    const stop = new AbortController();
    const gone = fetch(`${harness.base}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${harness.key}`, "content-type": "application/json" },
      body: JSON.stringify(CHAT),
      signal: stop.signal,
    }).catch(() => null);
    await eventually(() => [seen.begun, store.asked()]).toEqual([1, 1]);
    stop.abort();
    await gone;
    await eventually(() => seen.left).toBe(1);
    store.give();
    await eventually(spent).toContain('"limit":"concurrency","max":100,"used":0');
  });
});

test("a call that a word list refuses on its way is counted all the same", async () => {
  const wordLists = [{ id: "secrets", words: ["password"], mode: "block" }];
  const { harness, seen, spent } = await start({ requestsPerMinute: 1_000 }, {}, { wordLists });
  await (await harness.chat()).text();
  seen.begun = 0;
  const messages = [{ role: "user", content: "the password" }];
  expect((await harness.chat({ messages })).status).toBe(400);
  expect(seen.begun).toBe(0);
  expect(await spent()).toContain('"limit":"requestsPerMinute","max":1000,"used":2');
});

describe("waits for the store's word before anything is sent", () => {
  const waits = async (tier: object, calls: number, target: object = {}) => {
    const { harness, seen } = await start(tier, target);
    for (let call = 0; call < calls; call += 1) await (await harness.chat()).text();
    seen.begun = 0;
    const store = holdStore();
    const answer = harness.chat();
    await eventually(() => store.asked()).toBe(1);
    await fetch(`${harness.base}/livez`);
    expect(seen.begun).toBe(0);
    store.give();
    expect((await answer).status).toBe(200);
  };

  test("whoever was not seen yet", () => waits(WIDE, 0));
  test("whoever has used half of a limit", () => waits({ requestsPerMinute: 10 }, 5));
  test("whoever asks for more than is left of a half", () =>
    waits({ requestsPerMinute: 1_000, tokensPerMinute: 1_200 }, 1));
  test("whoever is served by an outside provider", () => waits(WIDE, 1, { provider: "deepseek" }));
  test("whose tier has another way than a refusal", () =>
    waits({ ...WIDE, overQuota: { action: "queue", waitMs: 1_000 } }, 1));
});

test("as many calls at once as there is room for in half of the limit go ahead", async () => {
  const { harness, seen } = await start({ requestsPerMinute: 20 });
  await (await harness.chat()).text();
  seen.begun = 0;
  const store = holdStore();
  const answers = Array.from({ length: 15 }, () => harness.chat());
  await eventually(() => store.asked()).toBe(15);
  await eventually(() => seen.begun).toBe(9);
  for (let call = 0; call < 15; call += 1) store.give();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(15).fill(200));
});
