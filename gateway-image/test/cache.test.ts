/** Answers that are told again: when, to whom, at what price, and never what is private. */
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import {
  boot,
  CHAT,
  endAll,
  eventsOf,
  eventually,
  MODEL,
  simulate,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

const other = createApiKey();

async function start(change: object = {}, env: Record<string, string> = {}) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const harness = await boot({
    targets: [],
    models: [testModel([{ url }], change)],
    env: { GW_CACHE_ENTRIES_MAX: "1000", ...env },
    directory: {
      tenants: [{ id: "another", name: "Another" }],
      principals: [{ id: "other", kind: "service", tenant: "another", tier: "service" }],
      apiKeys: [{ id: "other", principal: "other", sha256: hashApiKey(other) }],
      prices: [
        { id: MODEL, currency: "CNY", perRequest: 1, completionPerMillion: 8, source: "a test" },
      ],
    },
  });
  const ask = async (
    body: object = {},
    headers: Record<string, string> = {},
    key = harness.key,
  ) => {
    const answer = await harness.chat(
      { temperature: 0, max_tokens: 4, ...body },
      {
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      },
    );
    return {
      status: answer.status,
      cache: answer.headers.get("x-cache"),
      text: await answer.text(),
    };
  };
  return { harness, ask };
}

/** The answer is kept without anybody waiting for it. */
async function kept(ask: () => Promise<{ cache: string | null }>) {
  await eventually(async () => (await ask()).cache).toBe("hit");
}

describe("the same question", () => {
  test("is answered from the cache, byte for byte, for nothing", async () => {
    const { harness, ask } = await start();
    const first = await ask();
    expect(first).toMatchObject({ status: 200, cache: "miss" });
    await kept(ask);
    const second = await ask();
    expect(second.text).toBe(first.text);
    const rows = await harness.rows();
    expect(rows[0]).toMatchObject({ usageSource: "reported", status: "success" });
    expect(rows[0]?.costMicros).toBeGreaterThan(0);
    const last = rows.at(-1);
    expect(last).toMatchObject({
      usageSource: "cached",
      status: "success",
      costMicros: 0,
      completionTokens: 0,
    });
    expect(await harness.metric('gateway_cache_total{outcome="hit"}')).toBeGreaterThan(0);
  });

  test("may be asked as a stream, with usage where it is wanted", async () => {
    const { ask } = await start();
    const first = await ask();
    await kept(ask);
    const { choices } = JSON.parse(first.text) as { choices: { message: { content: string } }[] };
    const streamed = await ask({ stream: true, stream_options: { include_usage: true } });
    expect(streamed.cache).toBe("hit");
    const events = eventsOf(streamed.text) as {
      choices: { delta: { content?: string } }[];
      usage: unknown;
    }[];
    const text = events
      .flatMap((one) => one.choices)
      .map(({ delta }) => delta.content ?? "")
      .join("");
    expect(text).toBe(choices[0]?.message.content);
    expect(events.at(-1)?.usage).toMatchObject({ completion_tokens: 4 });
    expect(streamed.text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("of another tenant is another question", async () => {
    const { ask } = await start();
    await ask();
    await kept(ask);
    expect((await ask({}, {}, other)).cache).toBe("miss");
  });

  test.each([
    ["another limit", { max_tokens: 5 }],
    ["another message", { messages: [{ role: "user", content: "?" }] }],
  ])("with %s is another question", async (_name, change) => {
    const { ask } = await start();
    await ask();
    await kept(ask);
    expect((await ask(change)).cache).toBe("miss");
  });
});

test("numbers that doubles cannot tell apart are two questions", async () => {
  const { harness } = await start();
  const ask = async (seed: string) => {
    const headers = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    const body = `{"seed":${seed},"temperature":0,${JSON.stringify(CHAT).slice(1)}`;
    const answer = await fetch(`${harness.base}/v1/chat/completions`, {
      method: "POST",
      headers,
      body,
    });
    await answer.text();
    return { cache: answer.headers.get("x-cache") };
  };
  await ask("9007199254740993");
  await kept(() => ask("9007199254740993"));
  expect((await ask("9007199254740992")).cache).toBe("miss");
});

describe("nothing is kept", () => {
  test.each<[string, object, Record<string, string>]>([
    ["where chance is wanted", { temperature: 0.5 }, {}],
    ["where nothing is said of it", { temperature: null }, {}],
    ["where the caller wants none", {}, { "x-cache": "no-store" }],
    ["of private data", {}, { "x-data-class": "patient" }],
  ])("%s", async (_name, body, headers) => {
    const { ask } = await start();
    expect((await ask(body, headers)).cache).toBeNull();
    expect((await ask(body, headers)).cache).toBeNull();
  });

  test.each([[{ cache: false }], [{ confidential: true }]])(
    "of a model with %j",
    async (change) => {
      const { ask } = await start(change);
      expect((await ask()).cache).toBeNull();
    },
  );

  test("where the gateway keeps none", async () => {
    const { ask } = await start({}, { GW_CACHE_ENTRIES_MAX: "0" });
    expect((await ask()).cache).toBeNull();
  });
});

test("the caller may allow it, or ask for a fresh one", async () => {
  const { ask } = await start();
  const allow = () => ask({ temperature: 1 }, { "x-cache": "allow" });
  expect((await allow()).cache).toBe("miss");
  await kept(allow);
  expect((await ask({ temperature: 1 }, { "x-cache": "no-cache" })).cache).toBe("miss");
  expect((await ask({}, { "x-cache": "yes" })).status).toBe(400);
});

test("a store that is away costs no call its answer", async () => {
  const { harness, ask } = await start();
  const { shared } = harness.gateway.parts;
  shared.get = () => Promise.reject(new Error("away"));
  shared.set = () => Promise.reject(new Error("away"));
  expect(await ask()).toMatchObject({ status: 200, cache: "miss" });
  expect(await harness.metric('gateway_cache_total{outcome="unavailable"}')).toBeGreaterThan(0);
});

test("two questions in one place: the later one is kept, and neither gets the other's answer", async () => {
  const { ask } = await start({}, { GW_CACHE_ENTRIES_MAX: "1" });
  const [a, b] = ["a", "b"].map((content) => ({
    messages: [{ role: "user", content }],
    max_tokens: 2,
  }));
  const first = await ask(a);
  await kept(() => ask(a));
  expect((await ask(b)).cache).toBe("miss");
  await kept(() => ask(b));
  const again = await ask(a);
  expect(again.cache).toBe("miss");
  expect(JSON.parse(again.text).choices).toEqual(JSON.parse(first.text).choices);
});

test("embeddings are kept without being asked for", async () => {
  const { harness } = await start();
  const body = { model: MODEL, input: CHAT.messages[0]?.content };
  const ask = async () => {
    const answer = await harness.post("/v1/embeddings", body);
    await answer.text();
    return { cache: answer.headers.get("x-cache") };
  };
  expect((await ask()).cache).toBe("miss");
  await kept(ask);
});
