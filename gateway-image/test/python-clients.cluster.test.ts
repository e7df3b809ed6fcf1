/**
 * The official OpenAI client of Python, also its asynchronous one, and plain `requests`, run
 * unchanged against the gateway. Needs Debian's Python and the package index.
 */
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { ensurePython } from "../../tools/debian/python.ts";
import { createApiKey } from "../src/base/api-key.ts";
import { boot, endAll, MODEL, simulate, testKey } from "./test-harness.ts";

afterEach(endAll);

const here = path.join(import.meta.dirname, "python");
const refused = (name: string, status: number, code: string, param: string | null = null) => ({
  error: [name, status, code, param],
});

const EXPECTED = [
  { step: "chat", model: MODEL, usage: 8, id: "chatcmpl-" },
  { step: "stream", same: true, usages: [] },
  { step: "stream usage", choices: 0, tokens: 8 },
  { step: "completion", tokens: 5 },
  { step: "completion stream", same: true },
  { step: "embeddings", count: 2, near: true },
  {
    step: "tools",
    name: "weather",
    arguments: { city: "simulated" },
    streamed: { city: "simulated" },
    end: "stop",
  },
  { step: "models", ids: [MODEL], owner: "simulated" },
  { step: "wrong key", ...refused("AuthenticationError", 401, "invalid_api_key") },
  { step: "unknown model", ...refused("NotFoundError", 404, "model_not_found", "model") },
  { step: "wrong member", ...refused("BadRequestError", 400, "invalid_request", "max_tokens") },
  { step: "refused by the model", ...refused("BadRequestError", 400, "rejected_by_model") },
  { step: "no such model", ...refused("NotFoundError", 404, "model_not_found", "model") },
  { step: "over the quota", ...refused("RateLimitError", 429, "rate_limit_exceeded") },
  { step: "waits and tries again", object: "chat.completion" },
  { step: "async", answers: 8, same: true },
  { step: "requests", same: true, streamed: true, done: true },
];

test("the OpenAI client of Python does all that it does elsewhere", async () => {
  const python = await ensurePython(path.join(here, "openai.txt"));
  const { url } = await simulate();
  const narrow = createApiKey();
  const harness = await boot({
    targets: [{ url }],
    tiers: { service: { concurrency: 50 }, narrow: { requestsPerSecond: 1 } },
    keys: [testKey(narrow, { id: "narrow", tier: "narrow" })],
  });
  const script = path.join(here, "openai_client.py");
  const { code, stdout, stderr } = await python.run([
    script,
    harness.base,
    harness.key,
    MODEL,
    narrow,
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  const steps = stdout.trim().split("\n");
  expect(steps.map((line) => JSON.parse(line))).toEqual(EXPECTED);
});
