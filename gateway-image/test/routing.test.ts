/** Where a call goes, how long it may take, and models that end. */
import { afterEach, describe, expect, test } from "vitest";
import { boot, CHAT, endAll, MODEL, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

const DONE = `vllm:request_success_total{model_name="${MODEL}",engine="0",finished_reason="length"}`;

async function start(change: object, servers = 3) {
  const simulators = await Promise.all(
    Array.from({ length: servers }, () => simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 })),
  );
  const targets = simulators.map(({ url }) => ({ url }));
  const harness = await boot({ targets: [], models: [testModel(targets, change)] });
  const counts = async () =>
    Promise.all(simulators.map(async ({ metric }) => (await metric(DONE)) ?? 0));
  const ask = async (content: string, more: Record<string, string> = {}) => {
    const headers = {
      authorization: `Bearer ${harness.key}`,
      "content-type": "application/json",
      ...more,
    };
    const messages = [
      { role: "system", content },
      { role: "user", content: String(Math.random()) },
    ];
    const answer = await harness.chat({ messages, max_tokens: 1 }, { headers });
    await answer.text();
    return answer;
  };
  return { harness, ask, counts };
}

describe("affinity", () => {
  test("calls that begin alike go to one server, others are spread", async () => {
    const { ask, counts } = await start({ affinity: "prefix" });
    const long = "You are a careful assistant. ".repeat(100);
    for (let count = 0; count < 8; count += 1) await ask(long);
    expect((await counts()).sort((a, b) => a - b)).toEqual([0, 0, 8]);
    for (let count = 0; count < 30; count += 1) await ask(`${count} ${long}`);
    expect((await counts()).filter((served) => served > 0).length).toBeGreaterThan(1);
  });

  test("a session goes to one server, whatever it says", async () => {
    const { ask, counts } = await start({ affinity: "session" });
    for (let count = 0; count < 8; count += 1) await ask(String(count), { "x-session-id": "one" });
    expect((await counts()).sort((a, b) => a - b)).toEqual([0, 0, 8]);
  });
});

describe("the caller's own deadline", () => {
  test("is kept where it is shorter, and only then", async () => {
    const { url } = await simulate({ tokensPerSecond: 20, ttftMs: 0 });
    const harness = await boot({ targets: [{ url }] });
    const headers = (ms: string) => ({
      headers: {
        authorization: `Bearer ${harness.key}`,
        "content-type": "application/json",
        "x-request-timeout-ms": ms,
      },
    });
    const late = await harness.chat({ max_tokens: 200 }, headers("300"));
    expect([late.status, ((await late.json()) as { error: { code: string } }).error.code]).toEqual([
      504,
      "model_timeout",
    ]);
    expect((await harness.chat({ max_tokens: 1 }, headers("999999999"))).status).toBe(200);
    expect((await harness.chat(CHAT, headers("soon"))).status).toBe(400);
  });
});

describe("a model that ends", () => {
  test("says so before, and is refused after", async () => {
    const going = await start({ deprecatedAt: "2026-01-01", sunsetAt: "2999-12-31" }, 1);
    const answer = await going.ask("hello");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("deprecation")).toBe(`@${Date.parse("2026-01-01") / 1000}`);
    expect(answer.headers.get("sunset")).toBe("Tue, 31 Dec 2999 00:00:00 GMT");
    const gone = await start({ sunsetAt: "2020-01-01" }, 1);
    expect((await gone.ask("hello")).status).toBe(410);
    expect(await gone.harness.rows()).toEqual([]);
  });

  test("serves nobody who asks for another model, or for any", async () => {
    const { url } = await simulate({ models: ["going", "staying"] });
    // The discard service is never enabled: nothing listens there.
    const away = testModel([{ url: "http://127.0.0.1:9" }], { fallbacks: ["going"] });
    const models = [
      away,
      testModel([{ url }], { id: "going", sunsetAt: "2020-01-01" }),
      testModel([{ url }], { id: "staying" }),
    ];
    const harness = await boot({ targets: [], models, env: { GW_AUTO_MODELS: "going,staying" } });
    expect((await harness.chat()).status).toBe(503);
    const auto = await harness.chat({ model: "auto" });
    expect([auto.status, auto.headers.get("x-model-used")]).toEqual([200, "staying"]);
  });
});
