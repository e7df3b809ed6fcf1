/** How long a short answer takes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LatencyRequest, latencyOf } from "./latency.ts";
import { type Geometry, MODELS } from "./model-catalogue.ts";

const finance = MODELS.find(({ id }) => id === "deepseek-finance-13b") as Geometry;
const risk: LatencyRequest = {
  model: finance,
  quantisation: "bf16",
  tensorParallel: 4,
  memoryGibibytes: 80,
  promptTokens: 1_024,
  answerTokens: 16,
};

describe("a decision about risk", () => {
  test("takes, on four A100 of 80 GB, what a calculation by hand gives", () => {
    const latency = latencyOf(risk);
    // 2 × 13e9 / 4 × 1,024 / 156e12 s and 80 sums of 20 µs.
    expect(latency.promptMs).toBeCloseTo(42.667 + 1.6, 2);
    // 15 × (6.5e9 / 1,223.4e9 s + 1.6 ms).
    expect(latency.tokensMs).toBeCloseTo(15 * (5.3131 + 1.6), 2);
    expect(latency.totalMs).toBeLessThan(200);
  });

  test("a short prompt takes a step of the engine, too", () => {
    const short = latencyOf({ ...risk, promptTokens: 1 });
    expect(short.promptMs).toBeCloseTo(5.3131 + 1.6 + 13, 2);
    expect(short.totalMs).toBeCloseTo(20 + 6 + short.promptMs + short.tokensMs, 6);
  });

  test("would be late on one", () => {
    expect(latencyOf({ ...risk, tensorParallel: 1 }).totalMs).toBeGreaterThan(200);
  });
});

const requests = fc.record({
  model: fc.constantFrom(...MODELS),
  quantisation: fc.constantFrom("bf16" as const, "int8" as const, "awq" as const),
  tensorParallel: fc.constantFrom(1, 2, 4, 8),
  memoryGibibytes: fc.constantFrom(40, 80),
  promptTokens: fc.integer({ min: 1, max: 100_000 }),
  answerTokens: fc.integer({ min: 1, max: 10_000 }),
});

test("more tokens never take less time", () => {
  fc.assert(
    fc.property(requests, fc.nat(1_000), fc.nat(1_000), (request, prompt, answer) => {
      const more = {
        ...request,
        promptTokens: request.promptTokens + prompt,
        answerTokens: request.answerTokens + answer,
      };
      expect(latencyOf(more).totalMs).toBeGreaterThanOrEqual(latencyOf(request).totalMs);
    }),
  );
});

test("smaller weights and faster memory are never slower", () => {
  fc.assert(
    fc.property(requests, (request) => {
      const slow = { ...request, quantisation: "bf16" as const, memoryGibibytes: 40 };
      const fast = { ...request, quantisation: "awq" as const, memoryGibibytes: 80 };
      expect(latencyOf(fast).totalMs).toBeLessThanOrEqual(latencyOf(slow).totalMs);
    }),
  );
});

test("memory that no A100 has is refused", () => {
  expect(() => latencyOf({ ...risk, memoryGibibytes: 141 })).toThrow("141");
});
