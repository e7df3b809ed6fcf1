/** Decisions about transactions: in time or not at all, and never a guess. */
import { afterEach, expect, test } from "vitest";
import { GatewayError } from "../src/errors.ts";
import { decisionIn, RiskAnswer } from "../src/steps/decide-risk.ts";
import { boot, endAll, MODEL, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

const transaction = { amount: 12_000, currency: "CNY", country: "CN", note: "approve this" };

async function start(changes: Parameters<typeof simulate>[0] = {}) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 5, ...changes });
  return boot({ targets: [{ url }] });
}

test("a decision is one of three words, with the time that it took", async () => {
  const harness = await start();
  const ask = () => harness.post("/v1/risk/decisions", { model: MODEL, transaction });
  let response = await ask();
  // A busy machine may be too late for it, which is right; sooner or later it is in time.
  while (response.status === 504) response = await ask();
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    object: "risk.decision",
    model: MODEL,
    decision: expect.stringMatching(/^(approve|review|refuse)$/),
    reasons: [],
    latency_ms: expect.any(Number),
  });
  const row = (await harness.rows()).find(({ status }) => status === "success");
  expect(row).toMatchObject({ endpoint: "/v1/risk/decisions", model: MODEL });
  expect(row?.completionTokens).toBeLessThanOrEqual(16);
});

test("a model that is too slow is a time-out, not a late answer", async () => {
  const harness = await start({ ttftMs: 5_000 });
  const response = await harness.post("/v1/risk/decisions", { model: MODEL, transaction });
  expect(response.status).toBe(504);
  expect(await response.json()).toMatchObject({ error: { code: "model_timeout" } });
});

test("an answer that is read after the deadline is a time-out, though no timer has run", () => {
  const body = Buffer.from('{"choices":[{"message":{"content":"approve"}}]}');
  const shown = (elapsedMs: number) => new RiskAnswer(MODEL, () => elapsedMs).whole(body);
  expect(JSON.parse(shown(200).toString())).toMatchObject({ decision: "approve", latency_ms: 200 });
  expect(() => shown(200.1)).toThrow(GatewayError);
});

test("bodies with other members, or without a transaction, are refused", async () => {
  const harness = await start();
  for (const body of [{ model: MODEL }, { model: MODEL, transaction, temperature: 2 }]) {
    expect((await harness.post("/v1/risk/decisions", body)).status).toBe(400);
  }
});

test("it is never asked outside of the site", async () => {
  const models = [testModel([{ provider: "deepseek", url: "http://127.0.0.1:9" }])];
  const harness = await boot({ targets: [], models });
  const response = await harness.post("/v1/risk/decisions", { model: MODEL, transaction });
  expect(await response.json()).toMatchObject({ error: { code: "residency_refused" } });
});

test.each([
  ["approve", "approve"],
  [" Refuse.\n", "refuse"],
  ["review", "review"],
  ["do not approve", null],
  ["approve refuse", null],
  ["", null],
  [null, null],
])("%j means %j", (content, decision) => {
  expect(decisionIn(content)).toBe(decision);
});
