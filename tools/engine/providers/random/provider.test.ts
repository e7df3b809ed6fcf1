import bcrypt from "bcryptjs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSecret, type PropertyMap, reveal, revealMap, secret, UNKNOWN } from "../../values.ts";
import { createRandomProvider } from "./provider.ts";
import { RANDOM_TYPES } from "./resources.ts";

const provider = createRandomProvider({ renderOnly: false });
const PASSWORD = "random:index/randomPassword:RandomPassword";

function token(name: string): string {
  return `random:index/r${name.slice(1)}:${name}`;
}

function request(type: string, preview = false) {
  return {
    urn: `urn:pulumi:s::p::${type}::x`,
    type,
    name: "x",
    preview,
    timeoutMs: undefined,
    signal: new AbortController().signal,
    report: () => {},
  };
}

async function create(type: string, inputs: PropertyMap, preview = false) {
  return provider.create({ ...request(type, preview), inputs });
}

async function failures(type: string, inputs: PropertyMap) {
  const base = { oldInputs: undefined, randomSeed: new Uint8Array(32), preview: true };
  const result = await provider.check({ ...base, urn: "u", type, name: "x", inputs });
  return result.failures.map((failure) => failure.property);
}

async function replaces(type: string, oldInputs: PropertyMap, inputs: PropertyMap) {
  const state = { oldOutputs: {}, ignoreChanges: [], preview: true, id: "i" };
  const result = await provider.diff({ ...state, urn: "u", type, oldInputs, inputs });
  return result.replaces;
}

describe("passwords and strings", () => {
  test("satisfy length, classes and minimums, whatever they are", async () => {
    const minimum = fc.integer({ min: 0, max: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          minLower: minimum,
          minUpper: minimum,
          minNumeric: minimum,
          minSpecial: minimum,
        }),
        fc.integer({ min: 1, max: 20 }),
        async (minimums, extra) => {
          const sum = Object.values(minimums).reduce((a, b) => a + b, 0);
          const made = await create(token("RandomString"), { ...minimums, length: sum + extra });
          const result = String(made.outputs.result);
          expect(result).toHaveLength(sum + extra);
          const count = (pattern: RegExp) => result.match(pattern)?.length ?? 0;
          expect(count(/[a-z]/g)).toBeGreaterThanOrEqual(minimums.minLower);
          expect(count(/[A-Z]/g)).toBeGreaterThanOrEqual(minimums.minUpper);
          expect(count(/[0-9]/g)).toBeGreaterThanOrEqual(minimums.minNumeric);
          expect(count(/[^a-zA-Z0-9]/g)).toBeGreaterThanOrEqual(minimums.minSpecial);
          expect(made.id).toBe(result);
        },
      ),
    );
  });

  test("use only the classes that are on, and overrideSpecial", async () => {
    const made = await create(token("RandomString"), {
      length: 200,
      upper: false,
      numeric: false,
      overrideSpecial: "_",
    });
    expect(made.outputs.result).toMatch(/^[a-z_]{200}$/);
    expect(made.outputs).toMatchObject({ number: false, numeric: false, lower: true, minLower: 0 });
  });

  test("a password and its bcrypt hash are secret and belong together", async () => {
    const made = await create(PASSWORD, { length: 24 });
    expect(made.id).toBe("none");
    expect(isSecret(made.outputs.result) && isSecret(made.outputs.bcryptHash)).toBe(true);
    const { result, bcryptHash } = revealMap(made.outputs);
    expect(String(bcryptHash)).toMatch(/^\$2[aby]\$10\$/);
    expect(await bcrypt.compare(String(result), String(bcryptHash))).toBe(true);
    expect(made.outputs.__meta).toBe('{"schema_version":"3"}');
  });

  test("what is only rendered gets a hash that is true and cheap", async () => {
    const rendering = createRandomProvider({ renderOnly: true });
    const made = await rendering.create({ ...request(PASSWORD, false), inputs: { length: 24 } });
    const { result, bcryptHash } = revealMap(made.outputs);
    expect(String(bcryptHash)).toMatch(/^\$2[aby]\$04\$/);
    expect(await bcrypt.compare(String(result), String(bcryptHash))).toBe(true);
  });

  test("characters are drawn evenly (chi-squared over 62 classes)", async () => {
    const made = await create(token("RandomString"), { length: 62_000, special: false });
    const counts = new Map<string, number>();
    for (const one of String(made.outputs.result)) counts.set(one, (counts.get(one) ?? 0) + 1);
    expect(counts.size).toBe(62);
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    // 61 degrees of freedom: 140 is exceeded less than once in ten million runs.
    expect(chi).toBeLessThan(140);
  });
});

describe("the other types", () => {
  test("RandomId: all forms tell the same bytes, with the prefix", async () => {
    const made = await create(token("RandomId"), { byteLength: 8, prefix: "p-" });
    const bytes = Buffer.from(made.id, "base64url");
    expect(bytes).toHaveLength(8);
    expect(made.outputs).toMatchObject({
      b64Url: `p-${made.id}`,
      b64Std: `p-${bytes.toString("base64")}`,
      hex: `p-${bytes.toString("hex")}`,
      dec: `p-${BigInt(`0x${bytes.toString("hex")}`)}`,
    });
  });

  test("RandomBytes are secret, and the id does not tell them", async () => {
    const made = await create(token("RandomBytes"), { length: 32 });
    expect(isSecret(made.outputs.base64) && isSecret(made.outputs.hex)).toBe(true);
    const { base64, hex } = revealMap(made.outputs);
    expect(Buffer.from(String(base64), "base64").toString("hex")).toBe(hex);
    expect(made.id).toBe("none");
  });

  test("RandomInteger stays in its range and repeats for a seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(), fc.option(fc.string()), async (min, span, seed) => {
        const inputs = { min, max: min + span, ...(seed === null ? {} : { seed }) };
        const first = await create(token("RandomInteger"), inputs);
        const result = Number(first.outputs.result);
        expect(result).toBeGreaterThanOrEqual(min);
        expect(result).toBeLessThanOrEqual(min + span);
        if (seed === null || seed === "") return;
        expect((await create(token("RandomInteger"), inputs)).outputs.result).toBe(result);
      }),
    );
  });

  test("RandomShuffle repeats whole permutations", async () => {
    const inputs = ["a", "b", "c"];
    const made = await create(token("RandomShuffle"), { inputs, resultCount: 7 });
    const results = made.outputs.results as string[];
    expect(results).toHaveLength(7);
    expect(results.slice(0, 3).sort()).toEqual(inputs);
    expect(results.slice(3, 6).sort()).toEqual(inputs);
    const empty = await create(token("RandomShuffle"), { inputs, resultCount: 0 });
    expect(empty.outputs.results).toEqual([]);
  });

  test("RandomPet has as many words as asked, and a prefix", async () => {
    const pet = await create(token("RandomPet"), { length: 4, separator: "_", prefix: "db" });
    expect(pet.id).toMatch(/^db(_[a-z]+){4}$/);
    expect((await create(token("RandomPet"), {})).id).toMatch(/^[a-z]+-[a-z]+$/);
  });

  test("the UUIDs carry their version", async () => {
    const forms = { RandomUuid: "4", RandomUuid4: "4", RandomUuid7: "7" };
    for (const [name, version] of Object.entries(forms)) {
      const made = await create(token(name), {});
      expect(made.outputs.result).toBe(made.id);
      expect(made.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
      expect(made.id[14]).toBe(version);
    }
    const seven = (await create(token("RandomUuid7"), {})).id.replaceAll("-", "").slice(0, 12);
    expect(Math.abs(Number.parseInt(seven, 16) - Date.now())).toBeLessThan(60_000);
  });
});

describe("preview", () => {
  test("a create has no id, and what is computed is unknown", async () => {
    for (const [type, spec] of Object.entries(RANDOM_TYPES)) {
      const inputs = { length: 4, byteLength: 4, min: 1, max: 2, inputs: ["a"] };
      const made = await create(type, inputs, true);
      expect(made.id).toBe("");
      for (const key of spec.computed) expect(reveal(made.outputs[key] ?? null)).toBe(UNKNOWN);
    }
  });
});

describe("check", () => {
  test("names what is wrong", async () => {
    expect(await failures(PASSWORD, {})).toEqual(["length"]);
    expect(await failures(PASSWORD, { length: 0 })).toEqual(["length"]);
    expect(await failures(PASSWORD, { length: 3, minLower: 2, minUpper: 2 })).toEqual(["length"]);
    expect(await failures(PASSWORD, { length: 3.5 })).toEqual(["length"]);
    expect(await failures(PASSWORD, { length: 8, lenght: 9 })).toEqual(["lenght"]);
    expect(await failures(PASSWORD, { length: 8, number: true, numeric: false })).toEqual([
      "number",
    ]);
    const none = { lower: false, upper: false, numeric: false, special: false };
    expect(await failures(PASSWORD, { length: 8, ...none })).toEqual(["lower"]);
    expect(await failures(token("RandomInteger"), { min: 5, max: 4 })).toEqual(["max"]);
    expect(await failures(PASSWORD, { length: UNKNOWN, keepers: { a: UNKNOWN } })).toEqual([]);
    expect(await failures(PASSWORD, { length: secret(8), keepers: { a: 1 } })).toEqual(["keepers"]);
  });

  test("an unknown type is refused with the known ones", async () => {
    const message = /RandomCat:RandomCat is not one of/;
    await expect(failures("random:index/RandomCat:RandomCat", {})).rejects.toThrow(message);
  });
});

describe("diff", () => {
  test("any input replaces; a default written out does not", async () => {
    expect(await replaces(PASSWORD, { length: 8 }, { length: 9 })).toEqual(["length"]);
    expect(await replaces(PASSWORD, { length: 8 }, { length: 8, special: true })).toEqual([]);
    expect(await replaces(PASSWORD, { length: 8 }, { length: 8, number: false })).toEqual([
      "numeric",
    ]);
    expect(await replaces(PASSWORD, { length: 8, number: true }, { length: 8 })).toEqual([]);
    expect(await replaces(token("RandomPet"), {}, { length: 2, separator: "-" })).toEqual([]);
  });

  test("keepers replace when a value changes, whatever their order, but not for null", async () => {
    const type = token("RandomUuid");
    expect(await replaces(type, { keepers: { a: "1" } }, { keepers: { a: "2" } })).toEqual([
      "keepers",
    ]);
    expect(
      await replaces(type, { keepers: { a: "1", b: "2" } }, { keepers: { b: "2", a: "1" } }),
    ).toEqual([]);
    expect(await replaces(type, {}, { keepers: { a: null } })).toEqual([]);
    expect(await replaces(type, {}, { keepers: { a: UNKNOWN } })).toEqual(["keepers"]);
  });

  test("a secret input with the same value is no change", async () => {
    expect(await replaces(PASSWORD, { length: secret(8) }, { length: 8 })).toEqual([]);
  });
});

describe("read", () => {
  test("state stays as it is; a value is adopted by its id", async () => {
    const kept = { inputs: { length: 8 }, outputs: { result: secret("x") } };
    const same = await provider.read({ ...request(PASSWORD), id: "none", ...kept });
    expect(same).toEqual({ id: "none", ...kept });
    const none = { inputs: {}, outputs: {} };
    const got = await provider.read({ ...request(PASSWORD), id: "hunter22", ...none });
    expect(got?.id).toBe("none");
    expect(reveal(got?.outputs.result ?? null)).toBe("hunter22");
    const integer = { ...request(token("RandomInteger")), id: "7,1,9", ...none };
    expect((await provider.read(integer))?.inputs).toEqual({ min: 1, max: 9 });
  });

  test("what cannot be adopted is refused without repeating the id", async () => {
    const bad = { ...request(token("RandomUuid")), id: "s3cret", inputs: {}, outputs: {} };
    await expect(provider.read(bad)).rejects.toThrow(/cannot be read by the id given/);
    await expect(provider.read(bad)).rejects.not.toThrow(/s3cret/);
  });
});
