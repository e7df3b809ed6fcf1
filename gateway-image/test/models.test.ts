/** The models API: what is offered, what it can do, `auto`, and image parts. */
import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { limits } from "../src/limits.ts";
import { PROVIDER_NAMES } from "../src/proxy/providers.ts";
import {
  boot,
  endAll,
  type Harness,
  type HarnessOptions,
  onEnd,
  simulate,
  temporaryFolder,
} from "./test-harness.ts";

afterEach(endAll);

/** A model server that takes anything and tells what came. */
async function server() {
  const seen: Record<string, unknown>[] = [];
  const listener = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    seen.push(body);
    const usage = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 };
    const choices = [{ index: 0, message: { role: "assistant", content: "seen" } }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "x", object: "chat.completion", choices, usage, ...body }));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onEnd(() => void listener.close());
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, seen };
}

const model = (id: string, url: string, change: object = {}) => ({
  id,
  contextLength: 4096,
  capabilities: ["chat"],
  targets: [{ url }],
  ...change,
});

async function get(harness: Harness, path: string) {
  const answer = await fetch(`${harness.base}${path}`, { headers: { "x-api-key": harness.key } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function listed(harness: Harness, query = ""): Promise<string[]> {
  const { body } = await get(harness, `/v1/models${query}`);
  return (body.data as { id: string }[]).map(({ id }) => id);
}

function providersFolder(...names: readonly string[]): string {
  const folder = temporaryFolder();
  mkdirSync(`${folder}/providers`);
  for (const name of names) writeFileSync(`${folder}/providers/${name}`, "sk-of-a-provider");
  return `${folder}/providers`;
}

async function withProviders(names: readonly string[], options: Partial<HarnessOptions> = {}) {
  const env = { GW_PROVIDERS_FOLDER: providersFolder(...names), GW_PROVIDER_MODELS: "on" };
  const { url } = await server();
  const models = options.models ?? [model("ours", url)];
  return boot({ targets: [], ...options, models, env: { ...env, ...options.env } });
}

describe("the providers' models", () => {
  test("are offered where the provider has a key, beside those of the routes: 35 with all keys", async () => {
    const harness = await withProviders(PROVIDER_NAMES);
    expect((await get(harness, "/health")).body.models_count).toBe(36);
    expect(await listed(harness)).toContain("kimi-k2-thinking");
    const some = await withProviders(["kimi"]);
    expect((await get(some, "/health")).body).toMatchObject({
      providers: { kimi: true, openai: false },
      models_count: 8,
    });
    expect((await get(some, "/v1/models/gpt-4o")).status).toBe(404);
  });

  test("are not offered where the setting is off, and give way to a route of their name", async () => {
    const off = await withProviders(["openai"], { env: { GW_PROVIDER_MODELS: "off" } });
    expect(await listed(off)).toEqual(["ours"]);
    const { url } = await server();
    const models = [model("gpt-4o", url, { ownedBy: "us" })];
    const harness = await withProviders(["openai"], { models });
    expect((await get(harness, "/v1/models/gpt-4o")).body.owned_by).toBe("us");
    expect(await listed(harness)).toHaveLength(4);
  });

  test("never see what must stay at the site", async () => {
    const directory = { tenants: [{ id: "platform", name: "A hospital", residency: "site" }] };
    const harness = await withProviders(PROVIDER_NAMES, { directory });
    const answer = await harness.chat({ model: "qwen-max" });
    expect(await answer.json()).toMatchObject({ error: { code: "residency_refused" } });
    const auto = await harness.chat({ model: "auto" });
    expect([auto.status, auto.headers.get("x-model-used")]).toEqual([200, "ours"]);
  });

  test("that their provider has retired are refused here", async () => {
    const harness = await withProviders(["deepseek"]);
    const answer = await harness.chat({ model: "deepseek-chat" });
    expect([answer.status, await answer.json()]).toMatchObject([
      410,
      { error: { code: "model_sunset" } },
    ]);
  });

  test("have cards that say what is known, and null where nothing is", async () => {
    const harness = await withProviders(PROVIDER_NAMES);
    expect((await get(harness, "/v1/models/gpt-4o")).body).toMatchObject({
      object: "model",
      owned_by: "openai",
      context_length: 128_000,
      lifecycle: "deprecated",
      sunset_at: "2027-01-14",
      training_data: "Up to 2023-10",
      capabilities: { chat: true, vision: true, embedding: false, fine_tuning: false },
      permission: [],
    });
    expect((await get(harness, "/v1/models/text-embedding-v3")).body.dimensions).toBe(1024);
    expect((await get(harness, "/v1/models/qwen-3-350b")).body).toMatchObject({
      context_length: null,
      lifecycle: null,
    });
  });
});

describe("?capability=", () => {
  test("keeps those that can do all that is named", async () => {
    const harness = await withProviders(["openai", "dashscope"]);
    expect(await listed(harness, "?capability=embedding")).toEqual(["text-embedding-v3"]);
    expect(await listed(harness, "?capability=embeddings")).toEqual(["text-embedding-v3"]);
    expect(await listed(harness, "?capability=vision&capability=tools")).toEqual([
      "gpt-4o",
      "gpt-4o-mini",
      "gpt-4-turbo",
    ]);
    const wrong = await get(harness, "/v1/models?capability=constructor");
    expect(wrong).toMatchObject({ status: 400, body: { error: { param: "capability" } } });
  });
});

describe("auto", () => {
  test("takes the preferred model that may be used, says which, and is billed as that", async () => {
    const { url, seen } = await server();
    const models = [model("a", url), model("b", url), model("c", url)];
    const env = { GW_AUTO_MODELS: "c, b" };
    const directory = { accessRules: [] };
    const harness = await boot({ targets: [], models, env, directory });
    const answer = await harness.chat({ model: "auto" });
    expect([answer.status, answer.headers.get("x-model-used")]).toEqual([200, "c"]);
    expect(seen[0]?.model).toBe("c");
    expect((await harness.rows()).map((row) => row.model)).toEqual(["c"]);
  });

  test("goes with the API, and with images, to a model that can do it", async () => {
    const { url, seen } = await server();
    const models = [
      model("a", url, { capabilities: ["chat"] }),
      model("e", url, { capabilities: ["embeddings"] }),
      model("v", url, { capabilities: ["chat", "vision"] }),
    ];
    const harness = await boot({ targets: [], models });
    await harness.post("/v1/embeddings", { model: "auto", input: "a" });
    await harness.chat({ model: "auto", messages: withImage(PIXEL) });
    await harness.chat({ model: "auto" });
    expect(seen.map((body) => body.model)).toEqual(["e", "v", "a"]);
    const none = await harness.post("/v1/completions", { model: "auto", prompt: "a" });
    expect(await none.json()).toMatchObject({ error: { code: "model_not_found", param: "model" } });
  });

  test("serves the native API and streams as well; a model of that name is served as itself", async () => {
    const { url } = await simulate({ models: ["one"] });
    const harness = await boot({ targets: [], models: [model("one", url)] });
    const native = await harness.post("/v1/chat/complete", { model: "auto", prompt: "Hello" });
    expect([native.status, native.headers.get("x-model-used")]).toEqual([200, "one"]);
    const stream = await harness.chat({ model: "auto", stream: true, max_tokens: 2 });
    expect(await stream.text()).toContain("[DONE]");
    const own = await boot({
      targets: [],
      models: [model("auto", url, { targets: [{ url, model: "one" }] })],
    });
    const answer = await own.chat({ model: "auto", max_tokens: 2 });
    expect([answer.status, answer.headers.get("x-model-used")]).toEqual([200, null]);
  });
});

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const withImage = (...urls: readonly string[]) => [
  {
    role: "user",
    content: [
      { type: "text", text: "What is this?" },
      ...urls.map((url) => ({ type: "image_url", image_url: { url } })),
    ],
  },
];

describe("image parts", () => {
  async function start() {
    const { url, seen } = await server();
    const vision = { capabilities: ["chat", "vision"] };
    const models = [model("eye", url, vision), model("text", url)];
    const tiers = { service: { tokensPerMinute: 60_000 } };
    return { harness: await boot({ targets: [], models, tiers }), seen };
  }

  test("reach a model with vision as they came, and are refused by name for another", async () => {
    const { harness, seen } = await start();
    const messages = withImage(PIXEL);
    expect((await harness.chat({ model: "eye", messages })).status).toBe(200);
    expect(seen[0]?.messages).toEqual(messages);
    const refused = await harness.chat({ model: "text", messages });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { message: "The model takes no images.", param: "messages.0.content.1.image_url" } },
    ]);
    const remote = withImage("https://example.org/a.png");
    const away = await harness.chat({ model: "eye", messages: remote });
    expect(await away.json()).toMatchObject({ error: { param: "messages.0.content.1.image_url" } });
    expect(seen).toHaveLength(1);
  });

  test("may be larger than any text, and cost tokens of images, not of bytes", async () => {
    const { harness } = await start();
    const photograph = `data:image/jpeg;base64,${"A".repeat(3 * 1024 * 1024)}`;
    const answer = await harness.chat({ model: "eye", messages: withImage(photograph) });
    expect(answer.status).toBe(200);
    await answer.text();
    const text = "a".repeat(limits.bodyBytesMax);
    const messages = [...withImage(PIXEL), { role: "user", content: text }];
    expect((await harness.chat({ model: "eye", messages })).status).toBe(413);
    const huge = `data:image/jpeg;base64,${"A".repeat(limits.imageBodyBytesMax)}`;
    expect((await harness.chat({ model: "eye", messages: withImage(huge) })).status).toBe(413);
    // Elsewhere the usual size holds.
    const prompt = "a".repeat(limits.bodyBytesMax + 1);
    expect((await harness.post("/v1/completions", { model: "eye", prompt })).status).toBe(413);
  });

  test("do not make room where no model takes images", async () => {
    const { url } = await server();
    const harness = await boot({ targets: [], models: [model("text", url)] });
    const photograph = `data:image/jpeg;base64,${"A".repeat(2 * 1024 * 1024)}`;
    const answer = await harness.chat({ model: "text", messages: withImage(photograph) });
    expect(answer.status).toBe(413);
  });

  test("so many at once that memory would be short are told to come again", async () => {
    const { url } = await server();
    const models = [model("eye", url, { capabilities: ["chat", "vision"] })];
    const harness = await boot({ targets: [], models });
    const room = Math.floor(limits.largeBodiesBytesMax / limits.imageBodyBytesMax);
    const open = Array.from({ length: room }, () => hang(harness, limits.imageBodyBytesMax));
    await Promise.all(open.map(({ begun }) => begun));
    const photograph = `data:image/jpeg;base64,${"A".repeat(2 * 1024 * 1024)}`;
    const ask = () => harness.chat({ model: "eye", messages: withImage(photograph) });
    await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(503);
    expect(await (await ask()).json()).toMatchObject({ error: { code: "large_bodies_busy" } });
    for (const { end } of open) end();
    await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(200);
  });
});

/** Tells of a large body and does not send it. */
function hang(harness: Harness, bytes: number) {
  const request = http.request(`${harness.base}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${harness.key}`,
      "content-type": "application/json",
      "content-length": bytes,
    },
  });
  request.on("error", () => {});
  const begun = new Promise<void>((resolve) => request.write("{", () => resolve()));
  return { begun, end: () => request.destroy() };
}
