/** The arithmetic of fit against published figures, and what must hold whatever is asked. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type FitRequest,
  KEY_VALUE_TOKENS_MIN,
  keyValueBytesPerToken,
  planFit,
  usableBytes,
  weightBytes,
} from "./fit.ts";
import { GPUS, type GpuId } from "./gpus.ts";
import { type Geometry, MODELS } from "./model-catalogue.ts";
import { QUANTISATIONS, type QuantisationId } from "./quantisations.ts";

function model(id: string): Geometry {
  const found = MODELS.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no model ${id}`);
  return found;
}

const ask = (
  id: string,
  quantisation: QuantisationId,
  gpu: GpuId,
  more: Partial<FitRequest> = {},
) => planFit({ model: model(id), quantisation, gpu: GPUS[gpu], ownCheckpoint: true, ...more });

/** "TP8", or "TP8xPP2". */
function shape(...args: Parameters<typeof ask>): string {
  const found = ask(...args);
  if ("refusal" in found) return found.refusal.reasons.join("; ");
  const { tensorParallel, pipelineParallel } = found.plan;
  return pipelineParallel === 1
    ? `TP${tensorParallel}`
    : `TP${tensorParallel}xPP${pipelineParallel}`;
}

describe("the published table", () => {
  test.each([
    // model, KiB of keys and values a token, GiB of weights in bf16, bf16 on 40 and 80, int8 on 40 and 80
    ["deepseek-llm-7b-chat", 480, 12.9, "TP1", "TP1", "TP1", "TP1"],
    ["deepseek-coder-33b-instruct", 248, 62.1, "TP4", "TP2", "TP2", "TP1"],
    ["deepseek-r1-distill-qwen-1.5b", 28, 3.3, "TP1", "TP1", "TP1", "TP1"],
    ["deepseek-r1-distill-qwen-7b", 56, 14.2, "TP1", "TP1", "TP1", "TP1"],
    ["deepseek-r1-distill-llama-8b", 128, 15.0, "TP1", "TP1", "TP1", "TP1"],
    ["deepseek-r1-distill-qwen-14b", 192, 27.5, "TP2", "TP1", "TP1", "TP1"],
    ["deepseek-r1-distill-qwen-32b", 256, 61.0, "TP4", "TP2", "TP2", "TP1"],
    ["deepseek-r1-distill-llama-70b", 320, 131.4, "TP8", "TP4", "TP4", "TP2"],
    // "1 tight, use 2" on 40 GB: the rule gives 1, with 131,000 tokens left.
    ["deepseek-v2-lite", 30.4, 29.2, "TP1", "TP1", "TP1", "TP1"],
  ] as const)("%s", (id, kibibytes, gibibytes, bf40, bf80, int40, int80) => {
    expect(keyValueBytesPerToken(model(id), 1, 1) / 1_024).toBeCloseTo(kibibytes, 1);
    expect(Math.abs(weightBytes(model(id), "bf16", 1, 1) / 2 ** 30 - gibibytes)).toBeLessThan(0.15);
    expect([shape(id, "bf16", "a100-40"), shape(id, "bf16", "a100-80")]).toEqual([bf40, bf80]);
    expect([shape(id, "int8", "a100-40"), shape(id, "int8", "a100-80")]).toEqual([int40, int80]);
  });

  test("DeepSeek R1: 4 nodes in 16 bits, 2 in int8, 1 in AWQ; of the 40 GB kind 3 and 2", () => {
    expect(keyValueBytesPerToken(model("deepseek-r1"), 8, 1) / 1_024).toBeCloseTo(68.6, 1);
    expect(weightBytes(model("deepseek-r1"), "bf16", 1, 1) / 2 ** 30).toBeCloseTo(1_250, 0);
    expect(weightBytes(model("deepseek-r1"), "awq", 1, 1) / 2 ** 30).toBeCloseTo(331, 0);
    expect(shape("deepseek-r1", "bf16", "a100-80")).toBe("TP8xPP4");
    expect(shape("deepseek-r1", "int8", "a100-80")).toBe("TP8xPP2");
    expect(shape("deepseek-r1", "awq", "a100-80")).toBe("TP8");
    expect(shape("deepseek-r1", "int8", "a100-40")).toBe("TP8xPP3");
    expect(shape("deepseek-r1", "awq", "a100-40")).toBe("TP8xPP2");
  });

  test("the bank's 13B takes 800 KiB a token", () => {
    expect(keyValueBytesPerToken(model("deepseek-finance-13b"), 1, 1)).toBe(800 * 1_024);
  });
});

describe("what is refused, with the nearest plan", () => {
  const refusal = (...args: Parameters<typeof ask>) => {
    const found = ask(...args);
    if ("plan" in found) throw new Error("it fits");
    return found.refusal;
  };

  test("28 heads on 8 GPUs", () => {
    const { reasons, nearest } = refusal("deepseek-r1-distill-qwen-7b", "bf16", "a100-80", {
      tensorParallel: 8,
    });
    expect(reasons).toEqual(["28 attention heads cannot be shared by 8 GPUs"]);
    expect(nearest).toMatchObject({ tensorParallel: 1, quantisation: "bf16" });
  });

  test("FP8 on an A100: int8 is the nearest", () => {
    const { reasons, nearest } = refusal("deepseek-r1", "fp8", "a100-80");
    expect(reasons[0]).toContain("no FP8 arithmetic");
    expect(nearest).toMatchObject({ quantisation: "int8", tensorParallel: 8, pipelineParallel: 2 });
  });

  test("int8 of a model that nobody has quantised", () => {
    const found = ask("deepseek-llm-7b-chat", "int8", "a100-40", { ownCheckpoint: false });
    expect(found).toMatchObject({
      refusal: {
        reasons: [expect.stringContaining("none is known to be published")],
        nearest: { quantisation: "bf16", tensorParallel: 1 },
      },
    });
  });

  test("a slice of a GPU beside another one, and a model that is too large for any", () => {
    const two = refusal("deepseek-llm-7b-chat", "bf16", "a100-80-mig-3g", { tensorParallel: 2 });
    expect(two.reasons.join()).toContain("slices of a GPU");
    expect(two.nearest).toMatchObject({ tensorParallel: 1 });
    const large = refusal("deepseek-coder-33b-instruct", "bf16", "a100-80-mig-3g");
    expect(large.reasons.join()).toContain("does not fit");
    // In 4 bits its 17 GiB leave room in a slice of 40 GiB.
    expect(large.nearest).toMatchObject({ quantisation: "awq" });
    expect(refusal("deepseek-r1", "awq", "a100-40-mig-3g").nearest).toBeNull();
  });

  test("sparse attention, more context than the model knows, and more GPUs than a node has", () => {
    expect(refusal("deepseek-v3.2", "bf16", "a100-80")).toMatchObject({
      reasons: [expect.stringContaining("no A100 backend")],
      nearest: null,
    });
    const long = refusal("deepseek-llm-7b-chat", "bf16", "a100-40", { contextTokens: 8_192 });
    expect(long.reasons).toEqual(["the model knows 4096 tokens of context at most"]);
    expect(long.nearest).toMatchObject({ contextTokens: 4_096 });
    const wide = refusal("deepseek-r1", "awq", "a100-80", { tensorParallel: 16 });
    expect(wide.reasons.join()).toContain("a node has 8 GPUs");
    expect(wide.nearest).toMatchObject({ tensorParallel: 8 });
  });

  test("a fixed shape that is too small", () => {
    const found = refusal("deepseek-r1-distill-llama-70b", "bf16", "a100-80", {
      tensorParallel: 2,
      pipelineParallel: 1,
    });
    expect(found.reasons.join()).toContain("does not fit 2 GPUs a stage and 1 stages");
    expect(found.nearest).toMatchObject({ tensorParallel: 4, quantisation: "bf16" });
  });
});

describe("whatever is asked", () => {
  const request = fc.record({
    model: fc.constantFrom(...MODELS),
    quantisation: fc.constantFrom(...(Object.keys(QUANTISATIONS) as QuantisationId[])),
    gpu: fc.constantFrom(...Object.values(GPUS)),
    tensorParallel: fc.option(fc.constantFrom(1, 2, 3, 4, 8, 16), { nil: undefined }),
    pipelineParallel: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    ownCheckpoint: fc.boolean(),
    contextTokens: fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined }),
  });
  const isSound = (one: FitRequest, plan: Exclude<ReturnType<typeof nearestOf>, null>) => {
    const { model: geometry, gpu } = one;
    const { tensorParallel, pipelineParallel, weightBytes: weights, contextTokens } = plan;
    expect(geometry.heads % tensorParallel).toBe(0);
    expect(tensorParallel).toBeLessThanOrEqual(gpu.perNode);
    if (gpu.slice) expect(plan.gpus).toBe(1);
    expect(plan.keyValueTokens).toBeGreaterThanOrEqual(
      Math.max(KEY_VALUE_TOKENS_MIN, contextTokens),
    );
    expect(contextTokens).toBeLessThanOrEqual(geometry.contextTokensMax);
    const used = weights + plan.keyValueTokens * plan.keyValueBytesPerToken;
    expect(used).toBeLessThanOrEqual(usableBytes(gpu));
    expect(weights * plan.gpus).toBeGreaterThanOrEqual(
      geometry.parameters * QUANTISATIONS[plan.quantisation].bytesPerParameter * 0.999,
    );
    expect(pipelineParallel).toBeLessThanOrEqual(geometry.layers);
  };
  const nearestOf = (one: FitRequest) => {
    const found = planFit(one);
    return "plan" in found ? found.plan : found.refusal.nearest;
  };

  test("a plan is sound, and does what was asked; so is the nearest one", () => {
    fc.assert(
      fc.property(request, (one) => {
        const found = planFit(one);
        if ("plan" in found) {
          const { plan } = found;
          isSound(one, plan);
          expect(plan.quantisation).toBe(one.quantisation);
          expect(one.tensorParallel ?? plan.tensorParallel).toBe(plan.tensorParallel);
          expect(one.pipelineParallel ?? plan.pipelineParallel).toBe(plan.pipelineParallel);
          return;
        }
        expect(found.refusal.reasons.length).toBeGreaterThan(0);
        if (found.refusal.nearest !== null) isSound(one, found.refusal.nearest);
      }),
      { numRuns: 2_000 },
    );
  });

  test("the nearest plan, asked for, is given", () => {
    fc.assert(
      fc.property(request, (one) => {
        const found = planFit(one);
        if ("plan" in found || found.refusal.nearest === null) return;
        const { nearest } = found.refusal;
        const again = planFit({ ...one, ...nearest });
        expect(again).toEqual({ plan: nearest });
      }),
      { numRuns: 2_000 },
    );
  });

  test("a larger GPU never needs more of them", () => {
    fc.assert(
      fc.property(request, (one) => {
        const [small, large] = [GPUS["a100-40"], GPUS["a100-80"]].map((gpu) =>
          planFit({ ...one, gpu }),
        );
        if (small === undefined || large === undefined || "refusal" in small) return;
        if ("refusal" in large) throw new Error("it fits the smaller one");
        expect(large.plan.gpus).toBeLessThanOrEqual(small.plan.gpus);
      }),
      { numRuns: 1_000 },
    );
  });
});
