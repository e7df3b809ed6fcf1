/** What a model server is asked: the caller's own words, and nothing by which one caller reaches another. */
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, MODEL, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

const KEYS = { a: createApiKey(), b: createApiKey() };
/** Long enough for several blocks of a cache. */
const PROMPT = "The patient of room 7 has been given ".repeat(20);

async function start(model: object = {}, tier: object = {}) {
  const { url, metric } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const names = Object.keys(KEYS);
  const harness = await boot({
    targets: [{ url }],
    models: [{ ...testModel([{ url }]), ...model }],
    tiers: { service: tier },
    directory: {
      tenants: names.map((id) => ({ id, name: id })),
      principals: names.map((id) => ({ id, tenant: id, kind: "service", tier: "service" })),
      apiKeys: Object.entries(KEYS).map(([id, key]) => ({
        ...{ id, sha256: hashApiKey(key), principal: id, name: id, models: "*" },
      })),
    },
  });
  const ask = (who: keyof typeof KEYS, route: string, body: object) => {
    const headers = { "x-api-key": KEYS[who], "content-type": "application/json" };
    return harness.post(route, { model: MODEL, ...body }, { headers });
  };
  const hits = async (who: keyof typeof KEYS, change: object = {}) => {
    const line = `vllm:prefix_cache_hits_total{model_name="${MODEL}",engine="0"}`;
    const before = (await metric(line)) ?? 0;
    const response = await ask(who, "/v1/completions", {
      ...{ prompt: PROMPT, max_tokens: 1, ...change },
    });
    expect(response.status).toBe(200);
    return ((await metric(line)) ?? 0) - before;
  };
  return { ask, hits };
}

describe("what a model server remembers of prompts", () => {
  test("serves the tenant that sent them, and no other, by whatever salt it names", async () => {
    const { hits } = await start();
    expect(await hits("a")).toBe(0);
    expect(await hits("a")).toBeGreaterThan(0);
    expect(await hits("b")).toBe(0);
    expect(await hits("b", { stream: true })).toBeGreaterThan(0);
    expect(await hits("a", { cache_salt: "mine" })).toBe(0);
    expect(await hits("b", { cache_salt: "mine" })).toBe(0);
    expect(await hits("a", { cache_salt: "mine" })).toBeGreaterThan(0);
  });

  test("serves all of the site where the model says so", async () => {
    const { hits } = await start({ prefixCache: "site" });
    expect(await hits("a")).toBe(0);
    expect(await hits("b")).toBeGreaterThan(0);
  });
});

describe.each([
  ["/v1/chat/completions", { messages: [{ role: "user", content: "Hello" }] }],
  ["/v1/chat/complete", { prompt: "Hello" }],
])("%s", (route, body) => {
  test.each([
    ["kv_transfer_params", { remote_host: "10.0.0.7" }],
    ["priority", -9],
  ])("refuses %s, which steers the server of others too", async (name, value) => {
    const { ask } = await start();
    const refused = await ask("a", route, { ...body, [name]: value });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain(`${name}: is between the gateway`);
  });

  test.each([[{ max_tokens: 1, max_completion_tokens: 900 }], [{ max_tokens: 300, n: 3 }]])(
    "reserves all that %j can cost",
    async (limit) => {
      const { ask } = await start({}, { tokensPerMinute: 800 });
      expect((await ask("a", route, { ...body, ...limit })).status).toBe(429);
      expect((await ask("a", route, { ...body, max_tokens: 300 })).status).toBe(200);
    },
  );
});
