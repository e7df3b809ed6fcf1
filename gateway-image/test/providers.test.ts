/** Outside providers and fallbacks: keys, residency, refusals of the upstream, what is said of them. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  boot,
  endAll,
  eventually,
  MODEL,
  onEnd,
  simulate,
  temporaryFolder,
} from "./test-harness.ts";

afterEach(endAll);

const KEY = "sk-of-the-provider";

async function provider(status = 200) {
  const seen: { path: string; authorization: string; body: Record<string, unknown> }[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const authorization = request.headers.authorization ?? "";
    seen.push({ path: request.url ?? "", authorization, body });
    response.writeHead(status, { "content-type": "application/json", "retry-after": "7" });
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const choices = [{ index: 0, message: { role: "assistant", content: "from outside" } }];
    response.end(
      JSON.stringify({ id: "x", object: "chat.completion", model: body.model, choices, usage }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const model = (id: string, change: object) => ({
  id,
  contextLength: 4096,
  capabilities: ["chat"],
  ...change,
});

async function start(models: readonly Record<string, unknown>[], directory: object = {}) {
  const folder = temporaryFolder();
  mkdirSync(`${folder}/providers`);
  writeFileSync(`${folder}/providers/deepseek`, `${KEY}\n`);
  const env = { GW_PROVIDERS_FOLDER: `${folder}/providers` };
  const harness = await boot({ targets: [], models, env, directory });
  return { harness, folder };
}

describe("a provider", () => {
  test("gets its own key and name of the model, and nothing of the caller", async () => {
    const { url, seen } = await provider();
    const targets = [{ provider: "deepseek", url, model: "deepseek-chat" }];
    const { harness } = await start([model("chat", { targets })]);
    const answer = (await (await harness.chat({ model: "chat" })).json()) as { model: string };
    expect(answer.model).toBe("chat");
    expect(seen).toMatchObject([
      {
        path: "/v1/chat/completions",
        authorization: `Bearer ${KEY}`,
        body: { model: "deepseek-chat" },
      },
    ]);
    expect(JSON.stringify(seen)).not.toContain(harness.key);
    // Nor what would tell one tenant's calls from another's.
    expect(JSON.stringify(seen)).not.toContain("cache_salt");
    expect(JSON.stringify(harness.logLines())).not.toContain(KEY);
  });

  test("without a key is off, and says so; with its key it is on again", async () => {
    const { url } = await provider();
    const { harness, folder } = await start([
      model("outside", { targets: [{ provider: "deepseek", url }] }),
      model("never", { targets: [{ provider: "openai", url }] }),
    ]);
    const health = async () =>
      (await (await fetch(`${harness.base}/health`)).json()) as Record<string, unknown>;
    const listed = async () => {
      const headers = { "x-api-key": harness.key };
      const answer = await fetch(`${harness.base}/v1/models`, { headers });
      return ((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
    };
    expect(await health()).toMatchObject({
      providers: { cerebras: false, deepseek: true, openai: false, dashscope: false, kimi: false },
      models_count: 1,
    });
    expect(await listed()).toEqual(["outside"]);
    expect((await harness.chat({ model: "never" })).status).toBe(503);
    rmSync(`${folder}/providers/deepseek`);
    await eventually(async () => (await health()).models_count).toBe(0);
  });

  test("that refuses for its own rate is a 429 with its time, and another target is tried first", async () => {
    const busy = await provider(429);
    const only = [{ provider: "deepseek", url: busy.url }];
    const first = await start([model("chat", { targets: only })]);
    const refused = await first.harness.chat({ model: "chat" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await refused.json()).toMatchObject({ error: { code: "upstream_rate_limited" } });
    const { url } = await simulate({ models: ["chat"] });
    const second = await start([model("chat", { targets: [...only, { url, weight: 1 }] })]);
    for (let count = 0; count < 4; count += 1) {
      expect((await second.harness.chat({ model: "chat" })).status).toBe(200);
    }
  });
});

describe("a fallback", () => {
  test("serves where the asked model cannot be reached, and the answer says so", async () => {
    const { url } = await simulate();
    const dead = { url: "http://127.0.0.1:9" };
    const { harness } = await start([
      model("big", { targets: [dead], fallbacks: [MODEL] }),
      model(MODEL, { targets: [{ url }] }),
    ]);
    const answer = await harness.chat({ model: "big" });
    expect([answer.status, answer.headers.get("x-model-used")]).toEqual([200, MODEL]);
    expect(await answer.json()).toMatchObject({ model: MODEL });
    expect((await harness.rows()).map((row) => row.model)).toEqual([MODEL]);
  });

  test("is not asked where the request itself is at fault", async () => {
    const { url } = await simulate();
    const other = await simulate();
    const { harness } = await start([
      model(MODEL, { targets: [{ url }], fallbacks: ["other"] }),
      model("other", { targets: [{ url: other.url, model: MODEL }] }),
    ]);
    expect((await harness.chat({ max_tokens: 1_000_000 })).status).toBe(400);
    const produced = `vllm:generation_tokens_total{model_name="${MODEL}",engine="0"}`;
    expect(await other.metric(produced)).toBe(0);
  });
});

describe("what is confidential", () => {
  test("never goes outside: by header, by tenant, or by model", async () => {
    const { url, seen } = await provider();
    const outside = { provider: "deepseek", url };
    const dead = { url: "http://127.0.0.1:9" };
    const { harness } = await start([
      model("outside", { targets: [outside] }),
      model("inside", { targets: [dead], fallbacks: ["outside"] }),
      model("secret", { targets: [dead], confidential: true, fallbacks: ["outside"] }),
    ]);
    const ask = async (name: string, dataClass?: string) => {
      const headers = {
        "x-api-key": harness.key,
        "content-type": "application/json",
        ...(dataClass === undefined ? {} : { "x-data-class": dataClass }),
      };
      const answer = await harness.chat({ model: name }, { headers });
      return [answer.status, ((await answer.json()) as { error?: { code: string } }).error?.code];
    };
    expect(await ask("outside", "patient")).toEqual([403, "residency_refused"]);
    expect(await ask("inside", "confidential")).toEqual([503, "model_unavailable"]);
    expect(await ask("secret")).toEqual([503, "model_unavailable"]);
    expect(await ask("outside", "nonsense")).toEqual([400, "invalid_request"]);
    expect(seen).toEqual([]);
    expect((await ask("inside"))[0]).toBe(200);
    const site = { tenants: [{ id: "platform", name: "A hospital", residency: "site" }] };
    const closed = await start([model("outside", { targets: [outside] })], site);
    const answer = await closed.harness.chat({ model: "outside" });
    expect(answer.status).toBe(403);
    expect(seen).toHaveLength(1);
  });
});
