/** The arithmetic of memory against what vLLM told of itself on a real GPU. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { keyValueBytesPerToken, planFit, weightBytes } from "./fit.ts";
import type { Gpu } from "./gpus.ts";
import { MODELS } from "./model-catalogue.ts";

interface Recorded {
  readonly gpu: string;
  readonly memoryMebibytes: number;
  readonly models: readonly {
    readonly id: string;
    readonly weightGibibytes: number;
    readonly keyValueGibibytes: number;
    readonly keyValueTokens: number;
  }[];
}

const GIBIBYTE = 2 ** 30;
const file = path.join(import.meta.dirname, "fixtures/vllm-on-gpu.json");
const recorded: Recorded = JSON.parse(readFileSync(file, "utf8"));
const gpu: Gpu = {
  id: "recorded",
  memoryMebibytes: recorded.memoryMebibytes,
  perNode: 1,
  slice: false,
  source: recorded.gpu,
};

describe.each(recorded.models)("$id", (told) => {
  const model = MODELS.find(({ id }) => id === told.id);
  if (model === undefined) throw new Error(`no model ${told.id}`);

  test("weights take what the catalogue says, to 1.5 %", () => {
    const share = weightBytes(model, "bf16", 1, 1) / (told.weightGibibytes * GIBIBYTE);
    expect(Math.abs(share - 1)).toBeLessThan(0.015);
  });

  test("a token of conversation takes exactly what the geometry says", () => {
    const bytes = (told.keyValueGibibytes * GIBIBYTE) / told.keyValueTokens;
    // The memory is told in hundredths of a GiB.
    expect(bytes / keyValueBytesPerToken(model, 1, 1)).toBeCloseTo(1, 3);
  });

  test("no more conversation is promised than there was room for, and hardly less", () => {
    const fit = planFit({
      model,
      quantisation: "bf16",
      gpu,
      tensorParallel: 1,
      pipelineParallel: 1,
    });
    if ("refusal" in fit) throw new Error(fit.refusal.reasons.join());
    const share = fit.plan.keyValueTokens / told.keyValueTokens;
    expect(share).toBeLessThanOrEqual(1);
    expect(share).toBeGreaterThan(0.97);
  });
});
