/** What happens at a limit: a wait, a smaller model, a turn in the queue. */
import { afterEach, describe, expect, test } from "vitest";
import { boot, CHAT, endAll, eventually, MODEL, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

const SMALL = "small";

async function start(tier: object, options: { tokensPerSecond?: number; models?: object } = {}) {
  const { url, metric } = await simulate({
    models: [MODEL, SMALL],
    tokensPerSecond: options.tokensPerSecond ?? 1_000_000,
    ttftMs: 0,
  });
  const targets = [{ url }];
  const harness = await boot({
    targets: [],
    models: [testModel(targets, options.models), testModel(targets, { id: SMALL })],
    tiers: { service: tier },
  });
  return { harness, metric };
}

describe("a call over its limit", () => {
  test("waits its turn where the tier says so, and is told how long", async () => {
    const overQuota = { action: "queue", waitMs: 20_000 };
    const { harness } = await start({ concurrency: 2, overQuota }, { tokensPerSecond: 100 });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => harness.chat({ max_tokens: 20 })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const waited = answers.filter((answer) => answer.headers.has("x-quota-wait-ms"));
    expect(waited).toHaveLength(4);
    await Promise.all(answers.map((answer) => answer.text()));
  });

  test("is refused when the wait is over, or cannot help", async () => {
    const overQuota = { action: "queue", waitMs: 200 };
    const { harness } = await start(
      { concurrency: 1, requestsPerDay: 2, overQuota },
      { tokensPerSecond: 20 },
    );
    const first = harness.chat({ max_tokens: 40 });
    await eventually(() =>
      harness.metric(`api_concurrent_requests{endpoint="/v1/chat/completions"}`),
    ).toBe(1);
    await eventually(() => harness.gateway.parts.quota.storeAnswers).toBe(true);
    const second = await harness.chat();
    expect(second.status).toBe(429);
    expect(await second.json()).toMatchObject({ error: { code: "concurrency_limit_exceeded" } });
    await (await first).text();
    await (await harness.chat({ max_tokens: 1 })).text();
    const beganMs = Date.now();
    const spent = await harness.chat();
    expect(await spent.json()).toMatchObject({ error: { code: "daily_quota_exceeded" } });
    // The day does not end within the wait, so nobody waits.
    expect(Date.now() - beganMs).toBeLessThan(10_000);
    expect(await harness.metric('gateway_quota_wait_seconds_count{outcome="refused"}')).toBe(2);
  });

  test("that waits and is left by its caller waits no more", async () => {
    const overQuota = { action: "queue", waitMs: 60_000 };
    const { harness } = await start({ concurrency: 1, overQuota }, { tokensPerSecond: 20 });
    const first = harness.chat({ max_tokens: 60 });
    const { quotaWaiters } = harness.gateway.parts;
    await eventually(() =>
      harness.metric(`api_queue_length{model="${MODEL}"}`),
    ).not.toBeUndefined();
    const stop = new AbortController();
    const gone = harness.chat(
      {},
      {
        signal: stop.signal,
        headers: { authorization: `Bearer ${harness.key}`, "content-type": "application/json" },
      },
    );
    gone.catch(() => {});
    await eventually(() => quotaWaiters.count).toBe(1);
    stop.abort();
    await eventually(() => quotaWaiters.count).toBe(0);
    await (await first).text();
  });

  test("is served by a smaller model where the tier says so, recorded and paid as such", async () => {
    const overQuota = { action: "fallback", model: SMALL };
    const { harness } = await start({ models: { [MODEL]: { requestsPerDay: 1 } }, overQuota });
    expect((await harness.chat({ max_tokens: 1 })).headers.get("x-quota-fallback")).toBeNull();
    const second = await harness.chat({ max_tokens: 1 });
    expect([
      second.status,
      second.headers.get("x-quota-fallback"),
      second.headers.get("x-model-used"),
    ]).toEqual([200, MODEL, SMALL]);
    expect(await second.json()).toMatchObject({ model: SMALL });
    expect((await harness.rows()).map(({ model }) => model)).toEqual([MODEL, SMALL]);
  });

  test("is refused as before where the smaller model cannot serve it either", async () => {
    const overQuota = { action: "fallback", model: "nobody" };
    const { harness } = await start({ models: { [MODEL]: { requestsPerDay: 1 } }, overQuota });
    await harness.chat({ max_tokens: 1 });
    const refused = await harness.chat();
    expect([refused.status, refused.headers.get("x-model-used")]).toEqual([429, null]);
  });
});

describe("a model that takes only so many", () => {
  test("never gets more, and every call has its turn", async () => {
    const { harness, metric } = await start(
      {},
      { tokensPerSecond: 200, models: { concurrencyMax: 2 } },
    );
    let most = 0;
    const running = `vllm:num_requests_running{model_name="${MODEL}",engine="0"}`;
    const calls = Promise.all(
      Array.from({ length: 10 }, async () => (await harness.chat({ max_tokens: 10 })).status),
    );
    let done = false;
    void calls.then(() => {
      done = true;
    });
    while (!done) most = Math.max(most, (await metric(running)) ?? 0);
    expect(await calls).toEqual(Array(10).fill(200));
    expect(most).toBeLessThanOrEqual(2);
    expect(await harness.metric(`api_queue_length{model="${MODEL}"}`)).toBe(0);
    const waits = `gateway_queue_wait_seconds_count{model="${MODEL}",class="interactive"}`;
    expect(await harness.metric(waits)).toBe(10);
  });

  test("takes a decision about risk before the calls that wait", async () => {
    const { harness } = await start({}, { tokensPerSecond: 50, models: { concurrencyMax: 1 } });
    const order: string[] = [];
    const calls = Array.from({ length: 4 }, async () => {
      await (await harness.chat({ max_tokens: 20 })).text();
      order.push("chat");
    });
    await eventually(() =>
      harness.metric(`api_queue_length{model="${MODEL}"}`),
    ).toBeGreaterThanOrEqual(3);
    const headers = {
      authorization: `Bearer ${harness.key}`,
      "content-type": "application/json",
      "x-priority": "batch",
    };
    const low = harness.chat({ max_tokens: 1 }, { headers }).then(async (answer) => {
      await answer.text();
      order.push("batch");
    });
    await Promise.all([...calls, low]);
    expect(order.at(-1)).toBe("batch");
  });

  test("a class that nobody knows is refused", async () => {
    const { harness } = await start({}, { models: { concurrencyMax: 1 } });
    const headers = {
      authorization: `Bearer ${harness.key}`,
      "content-type": "application/json",
      "x-priority": "now",
    };
    expect((await harness.chat(CHAT, { headers })).status).toBe(400);
  });
});
