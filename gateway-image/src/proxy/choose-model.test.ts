import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Model, modelSchema } from "../documents.ts";
import { type Choice, chooseModel } from "./choose-model.ts";

const model = (id: string, change: Partial<Model> = {}): Model => ({
  ...modelSchema.parse({
    id,
    contextLength: 4096,
    capabilities: ["chat"],
    targets: [{ url: "http://127.0.0.1:9" }],
  }),
  ...change,
});
const choice = (id: string, change: Partial<Choice> = {}, known: Partial<Model> = {}): Choice => ({
  model: model(id, known),
  load: 0,
  price: 0,
  ...change,
});
const chosen = (choices: readonly Choice[], tokens = 100, preferred: readonly string[] = []) =>
  chooseModel(choices, tokens, preferred)?.id ?? null;

describe("the order", () => {
  test("the preference of the settings, then load, then price, then the name", () => {
    const busy = choice("a", { load: 2, price: 0 });
    const idle = choice("b", { load: 0, price: 5 });
    const cheap = choice("c", { load: 0, price: 1 });
    expect(chosen([busy, idle, cheap], 100, ["a"])).toBe("a");
    expect(chosen([busy, idle, cheap])).toBe("c");
    expect(chosen([busy, idle])).toBe("b");
    expect(chosen([choice("d"), choice("c")])).toBe("c");
  });

  test("a price or a load that is not known comes last", () => {
    expect(chosen([choice("a", { price: null }), choice("b", { price: 9 })])).toBe("b");
    expect(chosen([choice("a", { load: null }), choice("b", { load: 99 })], 1, ["a"])).toBe("b");
  });

  test("what surely has room comes before what is preferred; else the longest", () => {
    const short = choice("short");
    const long = choice("long", {}, { contextLength: 32_768 });
    const unknown = choice("unknown", {}, { contextLength: null });
    expect(chosen([short, long, unknown], 8_000, ["short"])).toBe("long");
    expect(chosen([short, long, unknown], 1_000_000, ["short"])).toBe("long");
  });

  test("a retired model, or one of which nothing is known, is never chosen", () => {
    expect(chosen([choice("a", {}, { lifecycle: "sunset" })], 1, ["a"])).toBe(null);
    expect(chosen([choice("a", {}, { lifecycle: null })], 1, ["a"])).toBe(null);
    expect(chosen([choice("a", {}, { lifecycle: "deprecated" })])).toBe("a");
    expect(chosen([])).toBe(null);
  });
});

test("the order in which models are listed changes nothing", () => {
  const choices = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("a", "b", "c", "d", "e"),
      load: fc.option(fc.nat(3)),
      price: fc.option(fc.nat(3)),
      contextLength: fc.option(fc.integer({ min: 1, max: 200 })),
    }),
    { selector: ({ id }) => id },
  );
  fc.assert(
    fc.property(choices, fc.nat(300), fc.subarray(["a", "c"]), (found, tokens, preferred) => {
      const all = found.map(({ id, load, price, contextLength }) =>
        choice(id, { load, price }, { contextLength }),
      );
      const one = chosen(all, tokens, preferred);
      expect(one).toBe(chosen(all.toReversed(), tokens, preferred));
      expect(one === null).toBe(all.length === 0);
    }),
  );
});
