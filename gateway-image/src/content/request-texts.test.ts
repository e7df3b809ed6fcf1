/** Where a request keeps what people and models said: every place is looked into, nothing else is touched. */
import { expect, test } from "vitest";
import { replaceTexts } from "./request-texts.ts";

const hidden = (text: string) => text.replaceAll("secret", "******");

test.each([
  ["a message", { messages: [{ role: "user", content: "a secret" }] }],
  ["parts of a message", { messages: [{ content: [{ type: "text", text: "a secret" }] }] }],
  ["thoughts by DeepSeek's name", { messages: [{ reasoning_content: "a secret" }] }],
  ["thoughts by vLLM's name", { messages: [{ reasoning: "a secret" }] }],
  ["a call", { messages: [{ tool_calls: [{ function: { arguments: "a secret" } }] }] }],
  ["a prompt", { prompt: "a secret" }],
])("%s", (_place, body) => {
  const [member = "", value] = Object.entries(body)[0] ?? [];
  const masked = JSON.stringify(value).replace("secret", "******");
  expect(replaceTexts(body, hidden)).toEqual({ [member]: masked });
  expect(replaceTexts(body, (text) => text)).toEqual({});
});
