/** Answers of a prescribed shape, through OpenAI's own client: tools, choices, JSON, several at once. */
import OpenAI from "openai";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Simulator, startSimulator } from "./server.ts";
import { testConfig } from "./test-config.ts";

const MODEL = "deepseek-llm-7b-chat";
const QUESTION = { role: "user" as const, content: "What is the weather in Paris?" };
const WEATHER = {
  type: "function" as const,
  function: {
    name: "weather",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string" },
        days: { type: "integer", minimum: 1, maximum: 3 },
        unit: { enum: ["celsius"] },
      },
    },
  },
};

let simulator: Simulator;
let client: OpenAI;
beforeEach(async () => {
  simulator = await startSimulator(testConfig({ models: [MODEL] }));
  const baseURL = `http://127.0.0.1:${simulator.port}/v1`;
  client = new OpenAI({ apiKey: "none", baseURL, maxRetries: 10 });
});
afterEach(() => simulator.kill());

test("a tool is called with arguments that fit its schema, and its result is answered in words", async () => {
  const ask = { model: MODEL, tools: [WEATHER] };
  const first = await client.chat.completions.create({ ...ask, messages: [QUESTION] });
  const choice = first.choices[0];
  expect(choice).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
  const call = choice?.message.tool_calls?.[0];
  if (call?.type !== "function") throw new Error("no call of a function");
  expect(call.function.name).toBe("weather");
  const parameters = JSON.parse(call.function.arguments);
  expect(parameters).toEqual({ city: "simulated", days: expect.any(Number), unit: "celsius" });
  expect(parameters.days).toBeGreaterThanOrEqual(1);
  expect(parameters.days).toBeLessThanOrEqual(3);
  const result = { role: "tool" as const, tool_call_id: call.id, content: "sunny" };
  const messages = [QUESTION, { role: "assistant" as const, tool_calls: [call] }, result];
  const second = await client.chat.completions.create({ ...ask, messages });
  expect(second.choices[0]?.finish_reason).toBe("stop");
  expect(second.choices[0]?.message.content).toMatch(/\w/);
});

test("a streamed tool call is the whole one in pieces", async () => {
  const ask = { model: MODEL, tools: [WEATHER], messages: [QUESTION] };
  const whole = (await client.chat.completions.create(ask)).choices[0]?.message.tool_calls?.[0];
  const streamed = await client.chat.completions.stream(ask).finalChatCompletion();
  const pieced = streamed.choices[0]?.message.tool_calls?.[0];
  expect(pieced).toMatchObject({ type: "function" });
  expect(pieced && "function" in pieced && pieced.function.arguments).toBe(
    whole && "function" in whole && whole.function.arguments,
  );
});

test("no tool is called where the caller forbids it", async () => {
  const ask = {
    model: MODEL,
    tools: [WEATHER],
    messages: [QUESTION],
    tool_choice: "none" as const,
  };
  expect((await client.chat.completions.create(ask)).choices[0]?.finish_reason).toBe("stop");
});

test("n answers differ, the first is what one answer would be, and all of them are counted", async () => {
  const ask = { model: MODEL, messages: [QUESTION], max_tokens: 6 };
  const one = await client.chat.completions.create(ask);
  const three = await client.chat.completions.create({ ...ask, n: 3 });
  const texts = three.choices.map((choice) => choice.message.content);
  expect(new Set(texts).size).toBe(3);
  expect(texts[0]).toBe(one.choices[0]?.message.content);
  expect(three.usage?.completion_tokens).toBe(18);
  const pieces = ["", "", ""];
  for await (const event of await client.chat.completions.create({ ...ask, n: 3, stream: true })) {
    for (const { index, delta } of event.choices) pieces[index] += delta.content ?? "";
  }
  expect(pieces).toEqual(texts);
});

test("structured outputs: one of the choices, or JSON that fits", async () => {
  const body = { model: MODEL, messages: [QUESTION] };
  const post = async (more: object) => {
    const answer = await client.chat.completions.create({ ...body, ...more });
    return answer.choices[0]?.message.content ?? "";
  };
  const choice = ["approve", "review", "refuse"];
  expect(choice).toContain(await post({ structured_outputs: { choice } }));
  const schema = { type: "object", properties: { score: { type: "number", maximum: 1 } } };
  const format = { type: "json_schema", json_schema: { name: "risk", schema } };
  expect(JSON.parse(await post({ response_format: format }))).toEqual({
    score: expect.any(Number),
  });
});
