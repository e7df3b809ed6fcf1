import fc from "fast-check";
import { expect, test } from "vitest";
import { planFit, weightBytes } from "./fit.ts";
import { GPUS } from "./gpus.ts";
import { MODELS } from "./model-catalogue.ts";
import { startupOf } from "./startup.ts";

test("at 2 GB/s a 70B is read in 71 s, and R1 on one node of 80 GB in three minutes", () => {
  const large = MODELS.find(({ id }) => id === "deepseek-r1-distill-llama-70b");
  const largest = MODELS.find(({ id }) => id === "deepseek-r1");
  if (large === undefined || largest === undefined) throw new Error("not in the catalogue");
  expect(startupOf(weightBytes(large, "bf16", 1, 1), 2e9).loadSeconds).toBeCloseTo(71, 0);
  const found = planFit({ model: largest, quantisation: "awq", gpu: GPUS["a100-80"] });
  if ("refusal" in found) throw new Error("it fits");
  const { weightBytes: each, tensorParallel } = found.plan;
  expect(startupOf(each * tensorParallel, 2e9).loadSeconds).toBeCloseTo(178, 0);
});

test("slower storage never starts sooner; nothing is no storage", () => {
  const bytes = fc.double({ min: 1, max: 1e13, noNaN: true });
  fc.assert(
    fc.property(bytes, bytes, (weights, rate) => {
      expect(startupOf(weights, rate / 2).seconds).toBeGreaterThanOrEqual(
        startupOf(weights, rate).seconds,
      );
    }),
  );
  expect(() => startupOf(1, 0)).toThrow();
});
