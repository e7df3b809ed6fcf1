import { describe, expect, test } from "vitest";
import file from "./provider-models.json" with { type: "json" };
import { providerModels, providerModelsSchema } from "./provider-models.ts";

const { models } = providerModelsSchema.parse(file);

describe("the providers' models", () => {
  test("are 35, as many of each provider as were promised, each named once", () => {
    const counts: Record<string, number> = {};
    for (const { provider } of models) counts[provider] = (counts[provider] ?? 0) + 1;
    expect(counts).toEqual({ cerebras: 10, deepseek: 3, openai: 4, dashscope: 11, kimi: 7 });
    expect(new Set(models.map(({ id }) => id)).size).toBe(35);
    expect(providerModels()).toHaveLength(35);
  });

  test("say nothing without a source that was read", () => {
    for (const model of models) {
      for (const { read } of model.sources) expect(read >= "2026-11-25", model.id).toBe(true);
      // A date of shutting down that has passed when it was read is no future one.
      if (model.sunsetAt !== undefined) {
        const gone = model.sunsetAt <= (model.sources[0]?.read ?? "");
        expect([model.id, model.lifecycle]).toEqual([model.id, gone ? "sunset" : "deprecated"]);
      }
    }
  });

  test("have what an API asks for: dimensions of embeddings, a bound of images", () => {
    for (const model of models) {
      const can = (one: (typeof model.capabilities)[number]) => model.capabilities.includes(one);
      expect([model.id, model.dimensions !== undefined]).toEqual([model.id, can("embeddings")]);
      expect([model.id, model.imageTokensMax !== undefined]).toEqual([model.id, can("vision")]);
    }
  });

  test("a target asks the provider for its own name where that differs", () => {
    const found = providerModels().find(({ id }) => id === "qwen-3-32b");
    expect(found?.targets).toEqual([{ provider: "dashscope", model: "qwen3-32b", weight: 1 }]);
  });
});
