/**
 * The resource types of @pulumi/random 4.21 as data: inputs with their type, least value and
 * default, computed outputs, which of those are secret, how a value is made and how an existing
 * one is adopted by its id. Source: the package's type declarations and
 * https://registry.terraform.io/providers/hashicorp/random/latest/docs (resources).
 */
import { randomBytes, randomUUID } from "node:crypto";
import bcrypt from "bcryptjs";
import type { PropertyMap, PropertyValue } from "../../values.ts";
import {
  generateInteger,
  generatePet,
  generateShuffle,
  generateString,
  idForms,
  type StringRecipe,
  uuid7,
} from "./generate.ts";

export type InputKind = "string" | "integer" | "boolean" | "strings" | "map";

export interface InputSpec {
  readonly kind: InputKind;
  readonly required?: boolean;
  readonly least?: number;
  readonly default?: PropertyValue;
}

export interface Made {
  readonly id: string;
  readonly computed: PropertyMap;
}

export interface RandomType {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly computed: readonly string[];
  readonly secrets: readonly string[];
  /** The real provider's schema version, kept as `__meta` so that it takes the state over as it is. */
  readonly schemaVersion: number;
  /** Faults that concern several inputs at once; unknown values are left out of `inputs`. */
  readonly faults?: (inputs: PropertyMap) => readonly { property: string; reason: string }[];
  readonly make: (inputs: PropertyMap, bcryptCost: number) => Promise<Made>;
  /** Reads an existing value by its id (`get`); undefined: the type cannot be adopted. */
  readonly adopt?: (id: string) => Promise<{ inputs: PropertyMap; made: Made } | undefined>;
}

const KEEPERS: InputSpec = { kind: "map" };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The real provider's cost (Go's bcrypt.DefaultCost); bcrypt itself reads the first 72 bytes. */
export const BCRYPT_COST = 10;
/** The least there is: ten passwords at the real one are most of a second of nothing else. */
export const BCRYPT_COST_LEAST = 4;
/** A password longer than this is a mistake, and the check keeps a preview from hanging. */
const LENGTH_MAX = 65_536;

const STRING_INPUTS: Readonly<Record<string, InputSpec>> = {
  keepers: KEEPERS,
  length: { kind: "integer", required: true, least: 1 },
  lower: { kind: "boolean", default: true },
  upper: { kind: "boolean", default: true },
  number: { kind: "boolean" },
  numeric: { kind: "boolean" },
  special: { kind: "boolean", default: true },
  minLower: { kind: "integer", least: 0, default: 0 },
  minUpper: { kind: "integer", least: 0, default: 0 },
  minNumeric: { kind: "integer", least: 0, default: 0 },
  minSpecial: { kind: "integer", least: 0, default: 0 },
  overrideSpecial: { kind: "string" },
};

function recipe(inputs: PropertyMap): StringRecipe {
  const flag = (key: string) => inputs[key] !== false;
  return {
    length: Number(inputs.length),
    lower: flag("lower"),
    upper: flag("upper"),
    numeric: (inputs.numeric ?? inputs.number) !== false,
    special: flag("special"),
    minLower: Number(inputs.minLower ?? 0),
    minUpper: Number(inputs.minUpper ?? 0),
    minNumeric: Number(inputs.minNumeric ?? 0),
    minSpecial: Number(inputs.minSpecial ?? 0),
    overrideSpecial:
      typeof inputs.overrideSpecial === "string" ? inputs.overrideSpecial : undefined,
  };
}

function stringFaults(inputs: PropertyMap): { property: string; reason: string }[] {
  const faults: { property: string; reason: string }[] = [];
  const wanted = recipe(inputs);
  const least = wanted.minLower + wanted.minUpper + wanted.minNumeric + wanted.minSpecial;
  if (typeof inputs.length === "number" && inputs.length < least) {
    faults.push({
      property: "length",
      reason: `${inputs.length} is less than the sum of the minimums. Set it to ${least} or more.`,
    });
  }
  if (typeof inputs.length === "number" && inputs.length > LENGTH_MAX) {
    faults.push({
      property: "length",
      reason: `${inputs.length} is more than ${LENGTH_MAX}. Ask for a shorter value.`,
    });
  }
  if (!(wanted.lower || wanted.upper || wanted.numeric || wanted.special)) {
    faults.push({
      property: "lower",
      reason: "lower, upper, numeric and special are all false. Set at least one to true.",
    });
  }
  const { number, numeric } = inputs;
  if (typeof number === "boolean" && typeof numeric === "boolean" && number !== numeric) {
    faults.push({
      property: "number",
      reason: "number and numeric differ. Drop number: it is the old name of numeric.",
    });
  }
  return faults;
}

async function makePassword(result: string, bcryptCost: number): Promise<Made> {
  const bcryptHash = await bcrypt.hash(result, bcryptCost);
  return { id: "none", computed: { result, bcryptHash } };
}

function makeUuid(generate: () => string): RandomType {
  return {
    inputs: { keepers: KEEPERS },
    computed: ["result"],
    secrets: [],
    schemaVersion: 0,
    make: async () => {
      const result = generate();
      return { id: result, computed: { result } };
    },
    adopt: async (id) =>
      UUID.test(id)
        ? { inputs: {}, made: { id: id.toLowerCase(), computed: { result: id.toLowerCase() } } }
        : undefined,
  };
}

const RANDOM_ID: RandomType = {
  inputs: {
    keepers: KEEPERS,
    byteLength: { kind: "integer", required: true, least: 1 },
    prefix: { kind: "string" },
  },
  computed: ["b64Std", "b64Url", "dec", "hex"],
  secrets: [],
  schemaVersion: 0,
  make: async (inputs) => {
    const { id, ...computed } = idForms(
      randomBytes(Number(inputs.byteLength)),
      String(inputs.prefix ?? ""),
    );
    return { id, computed };
  },
  adopt: async (text) => {
    const comma = text.lastIndexOf(",");
    const prefix = comma < 0 ? "" : text.slice(0, comma);
    const bytes = Buffer.from(text.slice(comma + 1), "base64url");
    if (bytes.length === 0) return undefined;
    const { id, ...computed } = idForms(bytes, prefix);
    const inputs = { byteLength: bytes.length, ...(prefix === "" ? {} : { prefix }) };
    return { inputs, made: { id, computed } };
  },
};

/**
 * The real provider uses the value itself as the id of RandomBytes. An id is shown and stored in
 * the clear, so ours is "none"; the value is only in the secret outputs.
 */
const RANDOM_BYTES: RandomType = {
  inputs: { keepers: KEEPERS, length: { kind: "integer", required: true, least: 1 } },
  computed: ["base64", "hex"],
  secrets: ["base64", "hex"],
  schemaVersion: 0,
  make: async (inputs) => bytesMade(randomBytes(Number(inputs.length))),
  adopt: async (id) => {
    const bytes = Buffer.from(id, "base64");
    if (bytes.length === 0) return undefined;
    return { inputs: { length: bytes.length }, made: bytesMade(bytes) };
  },
};

function bytesMade(bytes: Buffer): Made {
  return {
    id: "none",
    computed: { base64: bytes.toString("base64"), hex: bytes.toString("hex") },
  };
}

const RANDOM_INTEGER: RandomType = {
  inputs: {
    keepers: KEEPERS,
    min: { kind: "integer", required: true },
    max: { kind: "integer", required: true },
    seed: { kind: "string" },
  },
  computed: ["result"],
  secrets: [],
  schemaVersion: 0,
  faults: ({ min, max }) =>
    typeof min === "number" && typeof max === "number" && max < min
      ? [{ property: "max", reason: `${max} is less than min (${min}). Exchange the two.` }]
      : [],
  make: async (inputs) => {
    const seed = typeof inputs.seed === "string" ? inputs.seed : undefined;
    const result = generateInteger(Number(inputs.min), Number(inputs.max), seed);
    return { id: String(result), computed: { result } };
  },
  adopt: async (id) => {
    const [result, min, max, seed] = id.split(",");
    const numbers = [result, min, max].map(Number);
    if (max === undefined || !numbers.every(Number.isSafeInteger)) return undefined;
    return {
      inputs: { min: Number(min), max: Number(max), ...(seed === undefined ? {} : { seed }) },
      made: { id: String(result), computed: { result: Number(result) } },
    };
  },
};

const RANDOM_SHUFFLE: RandomType = {
  inputs: {
    keepers: KEEPERS,
    inputs: { kind: "strings", required: true },
    resultCount: { kind: "integer", least: 0 },
    seed: { kind: "string" },
  },
  computed: ["results"],
  secrets: [],
  schemaVersion: 0,
  make: async (inputs) => {
    const items = Array.isArray(inputs.inputs) ? inputs.inputs.map(String) : [];
    const count = typeof inputs.resultCount === "number" ? inputs.resultCount : items.length;
    const seed = typeof inputs.seed === "string" ? inputs.seed : undefined;
    return { id: "-", computed: { results: generateShuffle(items, count, seed) } };
  },
};

const RANDOM_PET: RandomType = {
  inputs: {
    keepers: KEEPERS,
    length: { kind: "integer", least: 1, default: 2 },
    prefix: { kind: "string" },
    separator: { kind: "string", default: "-" },
  },
  computed: [],
  secrets: [],
  schemaVersion: 0,
  make: async (inputs) => {
    const { length, separator, prefix } = inputs;
    const id = generatePet(Number(length), String(separator), String(prefix ?? ""));
    return { id, computed: {} };
  },
};

export const RANDOM_TYPES: Readonly<Record<string, RandomType>> = {
  "random:index/randomBytes:RandomBytes": RANDOM_BYTES,
  "random:index/randomId:RandomId": RANDOM_ID,
  "random:index/randomInteger:RandomInteger": RANDOM_INTEGER,
  "random:index/randomPassword:RandomPassword": {
    inputs: STRING_INPUTS,
    computed: ["result", "bcryptHash"],
    secrets: ["result", "bcryptHash"],
    schemaVersion: 3,
    faults: stringFaults,
    make: (inputs, cost) => makePassword(generateString(recipe(inputs)), cost),
    adopt: async (id) => ({
      inputs: { length: id.length },
      made: await makePassword(id, BCRYPT_COST),
    }),
  },
  "random:index/randomPet:RandomPet": RANDOM_PET,
  "random:index/randomShuffle:RandomShuffle": RANDOM_SHUFFLE,
  "random:index/randomString:RandomString": {
    inputs: STRING_INPUTS,
    computed: ["result"],
    secrets: [],
    schemaVersion: 2,
    faults: stringFaults,
    make: async (inputs) => {
      const result = generateString(recipe(inputs));
      return { id: result, computed: { result } };
    },
    adopt: async (id) => ({
      inputs: { length: id.length },
      made: { id, computed: { result: id } },
    }),
  },
  "random:index/randomUuid:RandomUuid": makeUuid(randomUUID),
  "random:index/randomUuid4:RandomUuid4": makeUuid(randomUUID),
  "random:index/randomUuid7:RandomUuid7": makeUuid(() => uuid7()),
};

/** Inputs with every default filled in; `number` and `numeric` are one value under two names. */
export function withDefaults(type: RandomType, inputs: PropertyMap): PropertyMap {
  const defaults = Object.entries(type.inputs).flatMap(([key, spec]) =>
    spec.default === undefined ? [] : [[key, spec.default] as const],
  );
  const given = Object.entries(inputs).filter(
    ([key, value]) => value !== null && key in type.inputs,
  );
  const filled: PropertyMap = { ...Object.fromEntries(defaults), ...Object.fromEntries(given) };
  if (!("numeric" in type.inputs)) return filled;
  const numeric = filled.numeric ?? filled.number ?? true;
  return { ...filled, numeric, number: numeric };
}
