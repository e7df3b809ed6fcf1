/** Every model that is wished for gets a component, a shape and a way to be replaced, or a reason. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GPUS } from "./gpus.ts";
import { MODELS } from "./model-catalogue.ts";
import { type GpuSupply, gpusOf, type ModelWish, serveModels } from "./served-models.ts";

const RATES = { fetch: 1e9, load: 2e9 };
const LARGE = { pool: "large", gpu: "a100-80", perNode: 8 } as const;
const SLICED = { pool: "sliced", gpu: "a100-80-mig-3g", nodes: 1, perNode: 16 } as const;
const NODE: readonly GpuSupply[] = [{ ...LARGE, nodes: 1 }, SLICED];
const TWO: readonly GpuSupply[] = [{ ...LARGE, nodes: 2 }];

function wish(geometry: string, more: Partial<ModelWish> = {}): ModelWish {
  return {
    name: geometry,
    geometry,
    pool: "large",
    quantisation: "bf16",
    runtime: "engine",
    replicas: { least: 1, most: 1 },
    ...more,
  };
}

function served(wishes: readonly ModelWish[], supply = NODE) {
  const found = serveModels(wishes, supply, RATES);
  if ("refusals" in found) throw new Error(JSON.stringify(found.refusals));
  return found.models;
}

function refusals(wishes: readonly ModelWish[], supply = NODE) {
  const found = serveModels(wishes, supply, RATES);
  return "refusals" in found ? found.refusals : [];
}

describe("the component", () => {
  test("is one server where a node holds the model", () => {
    const [seven] = served([wish("deepseek-llm-7b-chat")]);
    expect(seven).toMatchObject({ component: "ModelServer", gpus: 1, gpusPerPod: 1 });
    const [largest] = served([wish("deepseek-r1", { quantisation: "awq" })]);
    expect(largest).toMatchObject({ component: "ModelServer", gpus: 8, gpusPerPod: 8 });
  });

  test("is a group where it takes nodes, each with its GPUs' share", () => {
    const [model] = served([wish("deepseek-r1", { quantisation: "int8" })], TWO);
    expect(model).toMatchObject({ component: "ModelServerGroup", gpus: 16, gpusPerPod: 8 });
    expect(model?.plan.pipelineParallel).toBe(2);
    expect(model?.notes).toContainEqual(expect.stringContaining("SGLang's"));
  });

  test("is Ray's where that is wished", () => {
    const ray = { runtime: "ray", replicas: { least: 1, most: 2 } } as const;
    const [tight] = served([wish("deepseek-r1-distill-llama-70b", ray)]);
    expect(tight).toMatchObject({ component: "RayModelService", gpus: 8, spareCluster: false });
    const [wide] = served([wish("deepseek-r1-distill-llama-70b", ray)], TWO);
    expect(wide?.spareCluster).toBe(true);
  });
});

describe("a start", () => {
  test("is fetched by every node whole, and loaded in parts", () => {
    const [large] = served([wish("deepseek-r1-distill-llama-70b")]);
    expect(large?.prepareSeconds).toBe(142);
    expect(large?.startSeconds).toBe(191);
    const [grouped] = served([wish("deepseek-r1", { quantisation: "int8" })], TWO);
    const [alone] = served([wish("deepseek-r1", { quantisation: "awq" })]);
    expect(grouped?.prepareSeconds).toBe(671);
    // Half of 671 GB a node, against all of 356 GB.
    expect(grouped?.startSeconds).toBeLessThan(alone?.startSeconds ?? 0);
  });

  test("in memory takes memory", () => {
    const memory = { weightsInMemory: true };
    const [model] = served([wish("deepseek-finance-13b", memory)]);
    const [other] = served([wish("deepseek-finance-13b")]);
    expect([model?.resources.memory, other?.resources.memory]).toEqual(["41Gi", "16Gi"]);
  });
});

describe("a replacement", () => {
  test("waits for nothing that others hold", () => {
    const four = { replicas: { least: 4, most: 4 }, tensorParallel: 2 };
    const [full] = served([wish("deepseek-r1-distill-qwen-32b", four)]);
    expect(full?.rollout).toMatchObject({ maxSurge: 0, maxUnavailable: 1, servingLeast: 3 });
    const three = { replicas: { least: 3, most: 3 }, tensorParallel: 2 };
    const [spare] = served([wish("deepseek-r1-distill-qwen-32b", three)]);
    expect(spare?.rollout).toMatchObject({ maxSurge: 1, maxUnavailable: 0 });
    expect(refusals([wish("deepseek-r1-distill-qwen-32b", { ...four, surge: 1 })])).toMatchObject([
      { reasons: [expect.stringContaining("would wait for ever")] },
    ]);
  });

  test("of the only replica is said", () => {
    const [model] = served([wish("deepseek-r1", { quantisation: "awq" })]);
    expect(model?.notes).toContainEqual(expect.stringContaining("nobody serves it"));
  });
});

describe("small ones beside large ones", () => {
  const whole = wish("deepseek-r1", { quantisation: "awq" });
  const halves = wish("deepseek-r1-distill-llama-70b", { replicas: { least: 2, most: 2 } });

  test("stand together where they could leave no node whole", () => {
    const [large, small] = served([whole, halves], TWO);
    expect([large?.packed, small?.packed]).toEqual([false, true]);
  });

  test("are spread where a node is left, however they stand", () => {
    const three: readonly GpuSupply[] = [{ ...LARGE, nodes: 3 }];
    expect(served([whole, halves], three)[1]?.packed).toBe(false);
    expect(served([halves], TWO)[0]?.packed).toBe(false);
  });

  test("never fill every node by halves: any way to put them leaves room, or they are packed", () => {
    const sizes = fc.array(fc.constantFrom(1, 2, 4), { maxLength: 10 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.nat()),
        (pods, nodes, dice) => {
          const supply = [{ ...LARGE, nodes }];
          const small = pods.map((size, index) =>
            wish("deepseek-r1-distill-llama-8b", { name: `m${index}`, tensorParallel: size }),
          );
          const found = serveModels([whole, ...small], supply, RATES);
          if ("refusals" in found || found.models.some(({ packed }) => packed)) return;
          const free = Array.from({ length: nodes }, () => 8);
          for (const size of pods) {
            const places = free.flatMap((left, place) => (left >= size ? [place] : []));
            const place = places[(dice.next().value ?? 0) % places.length] ?? 0;
            free[place] = (free[place] ?? 0) - size;
          }
          expect(Math.max(...free)).toBe(8);
        },
      ),
    );
  });
});

describe("refused", () => {
  test.each([
    ["28 heads on 8 GPUs", wish("deepseek-r1-distill-qwen-7b", { tensorParallel: 8 }), "28"],
    ["FP8", wish("deepseek-v3", { quantisation: "fp8" }), "FP8"],
    ["INT8 nobody made", wish("deepseek-llm-7b-chat", { quantisation: "int8" }), "checkpoint"],
    ["what no A100 serves", wish("deepseek-v3.2", { quantisation: "awq" }), "sparse attention"],
    ["no model", wish("gpt-oss"), "is not in the catalogue"],
    ["no range", wish("deepseek-llm-7b-chat", { replicas: { least: 2, most: 1 } }), "no range"],
    [
      "slices joined",
      wish("deepseek-coder-33b-instruct", { pool: "sliced", tensorParallel: 2 }),
      "slices",
    ],
  ])("%s", (_, one, words) => {
    const [refusal] = refusals([one]);
    expect(refusal?.reasons.join(" ")).toContain(words);
  });

  test("with the nearest plan that fits", () => {
    const [refusal] = refusals([wish("deepseek-r1-distill-qwen-7b", { tensorParallel: 8 })]);
    expect(refusal?.nearest).toMatchObject({ tensorParallel: 1, quantisation: "bf16" });
  });

  test("for GPUs that other models have, and all of them at once", () => {
    const large = wish("deepseek-r1-distill-llama-70b", { replicas: { least: 2, most: 2 } });
    const found = refusals([large, wish("deepseek-llm-7b-chat")]);
    expect(found.map(({ name }) => name)).toEqual([large.name, "deepseek-llm-7b-chat"]);
    expect(found[1]?.reasons[0]).toBe(
      "1 × 1 are 1 GPUs, and large has 8, and 8 of them are other models'",
    );
  });

  test("for GPUs that nobody declared", () => {
    const [refusal] = refusals([wish("deepseek-llm-7b-chat", { pool: "huge" })]);
    expect(refusal?.reasons).toEqual(["there are no GPUs called huge: large, sliced"]);
  });

  test("where enough GPUs are free, but not together", () => {
    const nodes: readonly GpuSupply[] = [{ ...LARGE, nodes: 3, perNode: 6 }];
    const four = wish("deepseek-r1-distill-llama-70b", { replicas: { least: 4, most: 4 } });
    const [refusal] = refusals([four], nodes);
    expect(refusal?.reasons[0]).toContain("not 4 of them together in one node");
  });

  test("over nodes of two GPUs, as tensors do not leave a node", () => {
    const pairs: readonly GpuSupply[] = [{ ...LARGE, nodes: 8, perNode: 2 }];
    const seventy = wish("deepseek-r1-distill-llama-70b");
    const [model] = served([seventy], pairs);
    expect(model?.plan).toMatchObject({ tensorParallel: 2, pipelineParallel: 2, nodes: 2 });
    expect(refusals([{ ...seventy, tensorParallel: 4 }], pairs)[0]?.reasons[0]).toContain(
      "a node has 2 GPUs",
    );
  });
});

test("what is served never takes more than there is, whatever is wished", () => {
  const pools = ["a", "b", "c"];
  const wishes = fc.array(
    fc.record({
      name: fc.string(),
      geometry: fc.constantFrom(...MODELS.map(({ id }) => id)),
      pool: fc.constantFrom(...pools),
      quantisation: fc.constantFrom("bf16", "awq", "int8", "fp16", "fp8"),
      runtime: fc.constantFrom("engine", "ray"),
      replicas: fc.record({ least: fc.nat(3), most: fc.nat(4) }),
    }),
    { minLength: 1, maxLength: 5 },
  ) as fc.Arbitrary<ModelWish[]>;
  const supplies = fc
    .array(
      fc.record({
        gpu: fc.constantFrom(...(Object.keys(GPUS) as (keyof typeof GPUS)[])),
        nodes: fc.nat(8),
        perNode: fc.constantFrom(1, 2, 4, 6, 8, 16),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((all) => all.map((one, index) => ({ ...one, pool: pools[index] ?? "" })));
  fc.assert(
    fc.property(wishes, supplies, (all, supply) => {
      const found = serveModels(all, supply, RATES);
      if ("refusals" in found) {
        expect(found.refusals.length).toBeGreaterThan(0);
        for (const { reasons } of found.refusals) expect(reasons.length).toBeGreaterThan(0);
        return;
      }
      expect(found.models).toHaveLength(all.length);
      const declared = supply.reduce((total, one) => total + one.nodes * one.perNode, 0);
      expect(gpusOf(found.models)).toBeLessThanOrEqual(declared);
      for (const model of found.models) {
        expect(model.gpusPerPod).toBeLessThanOrEqual(16);
        expect(model.plan.gpus % model.gpusPerPod).toBe(0);
        const surge = model.rollout.maxSurge * model.plan.gpus;
        expect(surge).toBeLessThanOrEqual(model.rollout.gpusSpare);
      }
    }),
  );
});
