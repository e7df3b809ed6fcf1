/**
 * One form for all ways to write the same word: full and half width, ligatures, accents, case,
 * traditional and simplified Chinese, and characters that nobody sees between the others. Each code
 * point is taken by itself, so that a text may be cut anywhere.
 */
// @ts-expect-error The package has types for its converters, not for its tables.
import table from "opencc-js/dict/TSCharacters";

/** Pairs of a traditional character and its simplified ones. */
const traditional: string = table;

/** Soft hyphens, zero-width spaces and joiners, variation selectors, direction marks … */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
/** Accents only: in other scripts a combining mark is a letter of its own. */
const ACCENTS = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;

const simplified = new Map<string, string>(
  traditional.split("|").map((pair) => {
    // Where one traditional character has become several, the first stands for all of them.
    const [from = "", to = ""] = pair.split(" ");
    return [from, to];
  }),
);

const ASCII = Array.from({ length: 128 }, (_, code) => compute(String.fromCharCode(code)));
const known = new Map<string, string>();
/** More different characters than any language has; beyond them nothing is kept. */
const KNOWN_MAX = 50_000;

/** What a code point is compared as: nothing, one or several characters. */
export function normalised(point: string): string {
  const ascii = point.length === 1 ? ASCII[point.charCodeAt(0)] : undefined;
  if (ascii !== undefined) return ascii;
  const found = known.get(point);
  if (found !== undefined) return found;
  const result = compute(point);
  if (known.size < KNOWN_MAX) known.set(point, result);
  return result;
}

export function normalisedText(text: string): string {
  let result = "";
  for (const point of text) result += normalised(point);
  return result;
}

function compute(point: string): string {
  const visible = point.replace(INVISIBLE, "");
  if (visible === "") return "";
  // ẞ is ß only in lower case, ß is SS only in upper case, and both forms of the small sigma are one after that.
  const spelt = visible.normalize("NFKD").toLowerCase().toUpperCase();
  const folded = spelt.toLowerCase().normalize("NFKD");
  let result = "";
  for (const one of folded.replace(INVISIBLE, "").replace(ACCENTS, "")) result += simplest(one);
  return result;
}

/** What is simplified to a character that is itself simplified: 薴 to 苧, and that to 苎. */
function simplest(point: string): string {
  const next = simplified.get(point);
  return next === undefined || next === point ? point : simplest(next);
}
