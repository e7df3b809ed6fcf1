/** The official OpenAI client runs unchanged against the gateway. */
import OpenAI from "openai";
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey } from "../src/base/api-key.ts";
import { boot, endAll, type HarnessOptions, MODEL, simulate } from "./test-harness.ts";

afterEach(endAll);

async function start(options: Partial<HarnessOptions> = {}) {
  const { url } = await simulate();
  const harness = await boot({ targets: [{ url }], ...options });
  const client = (apiKey = harness.key) =>
    new OpenAI({ apiKey, baseURL: `${harness.base}/v1`, maxRetries: 0 });
  return { harness, client };
}

const messages = [{ role: "user" as const, content: "What is a ledger?" }];

describe("the OpenAI client", () => {
  test("chats", async () => {
    const { client } = await start();
    const answer = await client().chat.completions.create({ model: MODEL, messages });
    expect(answer.choices[0]?.message.content).toMatch(/\w+ \w+/);
    expect(answer.usage?.prompt_tokens).toBe(8);
  });

  test("streams, without usage unless it asks", async () => {
    const { client } = await start();
    const stream = await client().chat.completions.create({ model: MODEL, messages, stream: true });
    let text = "";
    for await (const event of stream) {
      expect(event).not.toHaveProperty("usage");
      text += event.choices[0]?.delta.content ?? "";
    }
    const whole = await client().chat.completions.create({ model: MODEL, messages });
    expect(text).toBe(whole.choices[0]?.message.content);
  });

  test("gets usage once, at the end, and null before, where it asks", async () => {
    const { client } = await start();
    const stream = await client().chat.completions.create({
      model: MODEL,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const usages = [];
    for await (const event of stream) usages.push(event.usage);
    expect(usages.slice(0, -1).every((usage) => usage === null)).toBe(true);
    expect(usages.at(-1)).toMatchObject({ prompt_tokens: 8 });
  });

  test("completes and embeds", async () => {
    const { client } = await start();
    const text = await client().completions.create({ model: MODEL, prompt: "Once upon" });
    expect(text.usage?.completion_tokens).toBeGreaterThan(16);
    // The client asks for base64 by itself and decodes it.
    const input = { model: MODEL, input: ["a", "b"] };
    const decoded = await client().embeddings.create(input);
    const plain = await client().embeddings.create({ ...input, encoding_format: "float" });
    expect(decoded.data[1]?.embedding[7]).toBeCloseTo(plain.data[1]?.embedding[7] ?? 0, 6);
  });

  test("lists models and shows one", async () => {
    const { client } = await start();
    const ids = [];
    for await (const model of client().models.list()) ids.push(model.id);
    expect(ids).toEqual([MODEL]);
    expect(await client().models.retrieve(MODEL)).toMatchObject({ owned_by: "simulated" });
    await expect(client().models.retrieve("none")).rejects.toMatchObject({ status: 404 });
  });

  test("knows a wrong key as an authentication error", async () => {
    const { client } = await start();
    const wrong = client(createApiKey()).chat.completions.create({ model: MODEL, messages });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(wrong).rejects.toMatchObject({ code: "invalid_api_key", status: 401 });
  });

  test("knows a spent quota as a rate-limit error, and when to come again", async () => {
    const tiers = { service: { requestsPerMinute: 1, concurrency: 5 } };
    const { client } = await start({ tiers });
    await client().chat.completions.create({ model: MODEL, messages });
    const second = client().chat.completions.create({ model: MODEL, messages });
    await expect(second).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const headers = await second.catch((error: { headers: Headers }) => error.headers);
    expect(Number((headers as Headers).get("retry-after"))).toBeGreaterThan(0);
  });

  test("meets an unknown model, a refused request", async () => {
    const { client } = await start();
    const unknown = client().chat.completions.create({ model: "none", messages });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    const long = client().chat.completions.create({ model: MODEL, messages, max_tokens: 9_999 });
    await expect(long).rejects.toMatchObject({ status: 400, code: "rejected_by_model" });
    await expect(long).rejects.toThrow(/maximum context length/);
  });

  test("calls a tool, whole and streamed, and answers with its result", async () => {
    const { client } = await start();
    const tools = [
      {
        type: "function" as const,
        function: {
          name: "weather",
          parameters: { type: "object", properties: { city: { type: "string" } } },
        },
      },
    ];
    const whole = await client().chat.completions.create({ model: MODEL, messages, tools });
    const call = whole.choices[0]?.message.tool_calls?.[0];
    if (call?.type !== "function") throw new Error("no tool was called");
    expect(JSON.parse(call.function.arguments)).toEqual({ city: "simulated" });
    const runner = client().chat.completions.stream({ model: MODEL, messages, tools });
    const streamed = (await runner.finalChatCompletion()).choices[0];
    expect(streamed).toMatchObject({ finish_reason: "tool_calls" });
    const result = { role: "tool" as const, tool_call_id: call.id, content: "sunny" };
    const turn = [...messages, { role: "assistant" as const, tool_calls: [call] }, result];
    const last = await client().chat.completions.create({ model: MODEL, messages: turn, tools });
    expect(last.choices[0]?.finish_reason).toBe("stop");
  });

  test("waits and tries again by itself after a 429", async () => {
    const { harness } = await start({ tiers: { service: { requestsPerSecond: 1 } } });
    const options = { apiKey: harness.key, baseURL: `${harness.base}/v1`, maxRetries: 5 };
    const patient = new OpenAI(options);
    const ask = () => patient.chat.completions.create({ model: MODEL, messages, max_tokens: 1 });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map((answer) => answer.object)).toEqual(Array(3).fill("chat.completion"));
    expect(
      await harness.metric('gateway_quota_refusals_total{reason="requestsPerSecond"}'),
    ).toBeGreaterThan(0);
  });
});
