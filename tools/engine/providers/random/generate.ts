/**
 * The values themselves: strings that satisfy their minimums, identifiers, integers, permutations,
 * pets. Pure apart from the Source they draw from. Semantics follow the public documentation of
 * https://registry.terraform.io/providers/hashicorp/random (the provider behind @pulumi/random).
 */
import { below, cryptoSource, pick, type Source, seededSource, shuffle } from "./draw.ts";
import { ADJECTIVES, ADVERBS, NAMES } from "./pet-words.ts";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const NUMERIC = "0123456789";
/** The documented default of `special`. */
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

export interface StringRecipe {
  readonly length: number;
  readonly lower: boolean;
  readonly upper: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly minLower: number;
  readonly minUpper: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
  readonly overrideSpecial: string | undefined;
}

/** As in the real provider, a minimum counts even where its character class is switched off. */
export function generateString(recipe: StringRecipe, source: Source = cryptoSource): string {
  const special =
    recipe.overrideSpecial === undefined || recipe.overrideSpecial === ""
      ? SPECIAL
      : recipe.overrideSpecial;
  const classes = [
    { characters: UPPER, used: recipe.upper, minimum: recipe.minUpper },
    { characters: LOWER, used: recipe.lower, minimum: recipe.minLower },
    { characters: NUMERIC, used: recipe.numeric, minimum: recipe.minNumeric },
    { characters: special, used: recipe.special, minimum: recipe.minSpecial },
  ];
  const all = classes.flatMap((one) => (one.used ? Array.from(one.characters) : []));
  const drawn = classes.flatMap((one) => many(Array.from(one.characters), one.minimum, source));
  const rest = many(all, recipe.length - drawn.length, source);
  return shuffle([...drawn, ...rest], source).join("");
}

function many(characters: readonly string[], count: number, source: Source): string[] {
  return Array.from({ length: Math.max(0, count) }, () => pick(characters, source));
}

export function generateInteger(minimum: number, maximum: number, seed: string | undefined) {
  const range = BigInt(maximum) - BigInt(minimum) + 1n;
  return Number(BigInt(minimum) + below(range, sourceFor(seed)));
}

/** Whole permutations one after another until there are `count` items. */
export function generateShuffle(
  items: readonly string[],
  count: number,
  seed: string | undefined,
): string[] {
  if (items.length === 0) return [];
  const source = sourceFor(seed);
  const result: string[] = [];
  while (result.length < count) result.push(...shuffle(items, source));
  return result.slice(0, count);
}

export interface IdForms {
  readonly id: string;
  readonly b64Url: string;
  readonly b64Std: string;
  readonly hex: string;
  readonly dec: string;
}

export function idForms(bytes: Uint8Array, prefix: string): IdForms {
  const buffer = Buffer.from(bytes);
  const id = buffer.toString("base64url");
  return {
    id,
    b64Url: prefix + id,
    b64Std: prefix + buffer.toString("base64"),
    hex: prefix + buffer.toString("hex"),
    dec: prefix + BigInt(`0x${buffer.toString("hex")}`).toString(),
  };
}

/** RFC 9562: version 7 carries the Unix time in milliseconds in its first 48 bits. */
export function uuid7(nowMs: number = Date.now(), source: Source = cryptoSource): string {
  const bytes = Buffer.from(source.bytes(16));
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** One word is a name, two an adjective and a name, more begin with adverbs. */
export function generatePet(length: number, separator: string, prefix: string): string {
  const adverbs = Array.from({ length: Math.max(0, length - 2) }, () =>
    pick(ADVERBS, cryptoSource),
  );
  const adjective = length >= 2 ? [pick(ADJECTIVES, cryptoSource)] : [];
  const name = length >= 1 ? [pick(NAMES, cryptoSource)] : [];
  const words = [...adverbs, ...adjective, ...name].join(separator);
  return prefix === "" ? words : `${prefix}${separator}${words}`;
}

function sourceFor(seed: string | undefined): Source {
  return seed === undefined || seed === "" ? cryptoSource : seededSource(seed);
}
