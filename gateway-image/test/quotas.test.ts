/** Quotas as a caller meets them: headers, refusals, budgets, and what /v1/quota and usage say. */
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey } from "../src/base/api-key.ts";
import {
  boot,
  endAll,
  eventually,
  MODEL,
  simulate,
  temporaryFolder,
  testKey,
  testModel,
} from "./test-harness.ts";
import { webhookReceiver } from "./test-servers.ts";

afterEach(endAll);

const price = { id: MODEL, currency: "CNY", promptPerMillion: 1_000, completionPerMillion: 2_000 };

async function start(service: object, directory: object = {}, env: Record<string, string> = {}) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  return boot({ targets: [{ url }], tiers: { service }, directory, env });
}

type Harness = Awaited<ReturnType<typeof start>>;
const get = async (harness: Harness, route: string, headers = {}) =>
  fetch(`${harness.base}${route}`, { headers: { "x-api-key": harness.key, ...headers } });

describe("limits", () => {
  test("headers say where the caller stands; a refusal says why and when to come again", async () => {
    const harness = await start({ requestsPerMinute: 2, tokensPerMinute: 10_000 });
    const first = await harness.chat({ max_tokens: 10 });
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    expect(first.headers.get("x-ratelimit-limit-tokens")).toBe("10000");
    await harness.chat();
    const refused = await harness.chat();
    expect(refused.status).toBe(429);
    const { error } = (await refused.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({
      code: "rate_limit_exceeded",
      current_usage: 2,
      limit: 2,
      quota: "requestsPerMinute",
      scope: "user",
    });
    expect(error.retry_after).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("of a model count all of its callers together, and no other model's", async () => {
    const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
    const targets = [{ url }];
    const [other, key] = [createApiKey(), createApiKey()];
    const harness = await boot({
      targets,
      models: [
        testModel(targets, { limits: { requestsPerMinute: 3 } }),
        testModel([{ url, model: MODEL }], { id: "free" }),
      ],
      keys: [
        { ...testKey(other), id: "other", tenant: "another" },
        { ...testKey(key), id: "second" },
      ],
    });
    const ask = async (as: string, model = MODEL) => {
      const headers = { "x-api-key": as, "content-type": "application/json" };
      const answer = await harness.chat({ max_tokens: 1, model }, { headers });
      const { error } = (await answer.json()) as { error?: { scope: string } };
      return error?.scope ?? "ok";
    };
    expect([await ask(other), await ask(key), await ask(other)]).toEqual(["ok", "ok", "ok"]);
    expect([await ask(key), await ask(other)]).toEqual(["model", "model"]);
    expect(await ask(key, "free")).toBe("ok");
  });

  test("tokens are reserved at their bound, and what was not used is there again", async () => {
    const harness = await start({ tokensPerMinute: 2_000 });
    const large = await harness.chat({ max_tokens: 2_000 });
    expect(((await large.json()) as { error: { code: string } }).error.code).toBe(
      "token_limit_exceeded",
    );
    for (let count = 0; count < 3; count += 1) {
      expect((await harness.chat({ max_tokens: 1_500 })).status).toBe(200);
    }
  });

  test.each([
    ["the larger of two names of the limit", { max_tokens: 1, max_completion_tokens: 2_000 }],
    ["each of several answers", { max_tokens: 500, n: 4 }],
  ])("a chat's bound is %s", async (_what, change) => {
    const harness = await start({ tokensPerMinute: 2_000 });
    const refused = await harness.chat(change);
    expect(await refused.json()).toMatchObject({ error: { code: "token_limit_exceeded" } });
  });

  test.each([
    ["each prompt's, as many as are sent", { prompt: ["a", "b", "c", "d"], max_tokens: 500 }],
    ["each list's of token numbers", { prompt: [[1], [2], [3], [4]], max_tokens: 500 }],
    ["the default, whatever a chat's name of the limit says", { max_completion_tokens: 1 }],
  ])("a completion's bound is %s", async (_what, change) => {
    const harness = await start({ tokensPerMinute: 2_000 }, {}, { GW_MAX_TOKENS_DEFAULT: "2000" });
    const ask = (body: object) =>
      harness.post("/v1/completions", { model: MODEL, prompt: "a", ...body });
    const refused = await ask(change);
    expect(await refused.json()).toMatchObject({ error: { code: "token_limit_exceeded" } });
    // One prompt, also as a list of token numbers, is below it; 0 asks for its score alone.
    for (const prompt of ["a", ["a"], [1, 2, 3, 4], [[1, 2]]]) {
      expect((await ask({ prompt, max_tokens: 0 })).status).toBe(200);
    }
  });

  test("a day's requests end with the day, and the caller is warned at four fifths", async () => {
    const harness = await start({ requestsPerDay: 5 });
    const warnings: (string | null)[] = [];
    for (let count = 0; count < 5; count += 1) {
      warnings.push((await harness.chat({ max_tokens: 1 })).headers.get("x-quota-warning"));
    }
    expect(warnings.slice(0, 3)).toEqual([null, null, null]);
    expect(warnings[3]).toBe("user:first requestsPerDay 4/5");
    expect(await (await harness.chat()).json()).toMatchObject({
      error: { code: "daily_quota_exceeded", native_code: 42904 },
    });
  });

  test("and the site's webhook is told so once, signed", async () => {
    const { url, calls } = await webhookReceiver([503]);
    const secret = "a secret of both ends";
    const file = `${temporaryFolder()}/secret`;
    writeFileSync(file, secret);
    const env = {
      GW_WARNING_URL: url,
      GW_WARNING_SECRET_FILE: file,
      GW_WEBHOOK_HOSTS: "127.0.0.1",
    };
    const harness = await start({ requestsPerDay: 10 }, {}, env);
    for (let count = 0; count < 10; count += 1) await harness.chat({ max_tokens: 1 });
    await eventually(() => harness.metric('gateway_webhooks_total{outcome="delivered"}')).toBe(1);
    expect(calls).toHaveLength(2);
    const { body, headers } = calls[1] ?? { body: "", headers: {} };
    expect(JSON.parse(body)).toMatchObject({ scope: "user:first", used: 8, max: 10 });
    const signed = `${headers["x-ds-timestamp"]}.${body}`;
    const signature = createHmac("sha256", secret).update(signed).digest("hex");
    expect(headers["x-ds-signature"]).toBe(signature);
  });

  test("a budget refuses before it is overspent, by the price's upper bound", async () => {
    const harness = await start({ costPerMonth: 1 }, { prices: [{ ...price, source: "a test" }] });
    // 1,000 tokens at 0.002 each are 2, above the budget of 1.
    const dear = await harness.chat({ max_tokens: 1_000 });
    expect(await dear.json()).toMatchObject({ error: { code: "insufficient_quota" } });
    const cheap = await harness.chat({ max_tokens: 100 });
    expect(cheap.status).toBe(200);
    // 8 tokens of prompt at 0.001, 100 of the answer (or fewer) at 0.002.
    const [row] = await harness.rows();
    expect(row).toMatchObject({ currency: "CNY", principal: "first" });
    expect(row?.costMicros).toBe(8 * 1_000 + (row?.completionTokens ?? 0) * 2_000);
    const quota = (await (await get(harness, "/v1/quota")).json()) as { data: { used: number }[] };
    expect(quota.data[0]?.used).toBeCloseTo((row?.costMicros ?? 0) / 1e6, 6);
  });

  test("/v1/quota lists each limit with what is left", async () => {
    const harness = await start({
      requestsPerDay: 10,
      endpoints: { "/v1/embeddings": { requestsPerMinute: 3 } },
    });
    await harness.chat({ max_tokens: 1 });
    expect(await (await get(harness, "/v1/quota")).json()).toMatchObject({
      tier: "service",
      data: [
        { scope: "user:first", limit: "requestsPerDay", max: 10, used: 1, remaining: 9 },
        { scope: "user:first:/v1/embeddings", limit: "requestsPerMinute", max: 3, used: 0 },
      ],
    });
  });
});

describe("usage", () => {
  test("by model and by day, as JSON and as CSV, with cost", async () => {
    const harness = await start({}, { prices: [{ ...price, source: "a test" }] });
    for (let count = 0; count < 2; count += 1) await harness.chat({ max_tokens: 5 });
    await harness.rows();
    const total = (await (await get(harness, "/v1/usage")).json()) as { data: unknown[] };
    const line = {
      model: MODEL,
      requests: 2,
      prompt_tokens: 16,
      completion_tokens: 10,
      total_tokens: 26,
      cost: 0.036,
      currency: "CNY",
    };
    expect(total.data).toEqual([line]);
    const daily = await (await get(harness, "/v1/usage/daily")).json();
    const day = new Date().toISOString().slice(0, 10);
    expect(daily).toMatchObject({ data: [{ day, ...line }], total: { cost: { CNY: 0.036 } } });
    const csv = await get(harness, "/v1/usage/daily", { accept: "text/csv" });
    expect(csv.headers.get("content-type")).toMatch("text/csv");
    expect((await csv.text()).split("\r\n")[1]).toBe(`${day},${MODEL},2,16,10,26,0.036,CNY`);
  });

  test("dates and scopes that are wrong are refused; an empty range holds nothing", async () => {
    const harness = await start({});
    const status = async (query: string) => (await get(harness, `/v1/usage?${query}`)).status;
    expect(await status("from=2026-02-30")).toBe(400);
    expect(await status("from=0020-02-29")).toBe(200);
    const empty = await get(harness, "/v1/usage?from=2026-03-02&to=2026-03-01");
    expect(await empty.json()).toMatchObject({ data: [] });
    expect(await status("scope=everyone")).toBe(400);
    expect(await status("scope=tenant")).toBe(403);
    expect(await status("from=2026-03-01&to=2026-03-01&model=x")).toBe(200);
  });
});
