/** The matcher against a naive one, whatever the pieces in which a text comes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Automaton, type Word } from "./automaton.ts";
import { normalised, normalisedText } from "./normalise.ts";
import { type Mode, TextFilter } from "./text-filter.ts";

const LAST_CODE_POINT = 0x10ffff;
const MODES: readonly Mode[] = ["mask", "flag", "block"];

/** One list for each mode. */
function create(words: readonly { text: string; mode: Mode }[]) {
  const list = words.map(({ text, mode }): Word => ({ text, list: MODES.indexOf(mode) }));
  const automaton = new Automaton(list);
  const met: string[] = [];
  const filter = () =>
    new TextFilter(automaton, (word) => {
      met.push(word.text);
      return MODES[word.list] ?? null;
    });
  return { filter, met };
}

function run(filter: TextFilter, pieces: readonly string[]): string {
  return pieces.map((piece) => filter.push(piece)).join("") + filter.flush();
}

/** Looks for every word at every place. */
function naive(words: readonly { text: string; mode: Mode }[], text: string): string {
  const points = [...text];
  const units = points.flatMap((point, index) =>
    Array.from(normalised(point), (unit) => ({ unit, index })).flatMap(({ unit, index: at }) =>
      unit.split("").map((one) => ({ unit: one, index: at })),
    ),
  );
  const flat = units.map(({ unit }) => unit).join("");
  const masked = new Set<number>();
  const ends = words.flatMap(({ text: word, mode }) => {
    const found: { start: number; end: number; mode: Mode }[] = [];
    for (let at = flat.indexOf(word); at !== -1; at = flat.indexOf(word, at + 1)) {
      found.push({ start: at, end: at + word.length, mode });
    }
    return found;
  });
  const blocks = ends.filter(({ mode }) => mode === "block");
  const firstEnd = Math.min(...blocks.map(({ end }) => end));
  const blockStart = Math.min(
    ...blocks.filter(({ end }) => end === firstEnd).map(({ start }) => start),
  );
  for (const { start, end, mode } of ends) {
    if (mode !== "mask" || end > firstEnd) continue;
    const from = units[start]?.index ?? 0;
    for (let at = from; at <= (units[end - 1]?.index ?? -1); at += 1) masked.add(at);
  }
  const last = blocks.length > 0 ? (units[blockStart]?.index ?? 0) : points.length;
  return points
    .slice(0, last)
    .map((point, index) => {
      if (!masked.has(index)) return point;
      return normalised(point) === "" ? "" : "*";
    })
    .join("");
}

const letter = fc.constantFrom("a", "b", "c", "A", "ｂ", "國", "国", "\u200b", "é", "𠮷", " ");
const text = fc.array(letter, { maxLength: 40 }).map((letters) => letters.join(""));
const word = fc
  .array(fc.constantFrom("a", "b", "c", "国", "e", "𠮷"), { minLength: 1, maxLength: 5 })
  .map((letters) => letters.join(""));
const words = (modes: readonly Mode[]) =>
  fc.array(fc.record({ text: word, mode: fc.constantFrom(...modes) }), {
    minLength: 1,
    maxLength: 8,
  });

function cutAt(whole: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => whole.slice(from, places[index] ?? whole.length));
}

describe("what comes out", () => {
  test("is what a naive search would leave, in whatever pieces the text comes", () => {
    fc.assert(
      fc.property(words(MODES), text, fc.array(fc.nat()), (list, whole, cuts) => {
        const { filter } = create(list);
        // Whether something invisible is shown just before a blocked word is nobody's business.
        const seen = (shown: string) => shown.replace(/\u200b+$/, "");
        expect(seen(run(filter(), cutAt(whole, cuts)))).toBe(seen(naive(list, whole)));
      }),
      { numRuns: 3_000 },
    );
  });

  test("is the text itself where nothing is masked or blocked", () => {
    fc.assert(
      fc.property(
        words(["flag"]),
        fc.string({ unit: "binary" }),
        fc.array(fc.nat()),
        (list, whole, cuts) => {
          const { filter } = create(list);
          expect(run(filter(), cutAt(whole, cuts))).toBe(whole);
        },
      ),
    );
  });

  test("is met as often, however many invisible characters stand between", () => {
    fc.assert(
      fc.property(words(["flag"]), text, (list, whole) => {
        const plain = create(list);
        run(plain.filter(), [whole]);
        const padded = create(list);
        run(padded.filter(), [[...whole].join("\u200d")]);
        expect(padded.met).toEqual(plain.met);
      }),
    );
  });

  test("is held no longer than a word may still become of it", () => {
    const { filter } = create([{ text: "abcd", mode: "mask" }]);
    const one = filter();
    expect(one.push("xxab")).toBe("xx");
    expect(one.holds).toBe(true);
    expect(one.push("y")).toBe("aby");
    expect(one.holds).toBe(false);
    expect(one.push("abcd")).toBe("");
    expect(one.push("e")).toBe("****e");
  });

  test("after a blocked word is nothing", () => {
    const { filter } = create([{ text: "bad", mode: "block" }]);
    const one = filter();
    expect(one.push("good b")).toBe("good ");
    expect(one.push("ad and more")).toBe("");
    expect(one.blocked).toBe(true);
    expect(one.push("more") + one.flush()).toBe("");
  });
});

describe("one form for all ways to write a word", () => {
  test.each([
    ["ＡＢＣ", "abc"],
    ["ﬁne", "fine"],
    ["Straße", "strasse"],
    ["STRAẞE", "strasse"],
    ["CAFÉ", "cafe"],
    ["cafe\u0301", "cafe"],
    ["國際貿易", "国际贸易"],
    // Simplified to a character that is itself simplified.
    ["薴", "苎"],
    ["s\u200be\u00adc\u2060r\ufeffe\ufe0ft", "secret"],
    ["ΟΔΟΣ", "οδοσ"],
    ["ｶﾞ", "ガ".normalize("NFKD")],
    ["①", "1"],
  ])("%s is %s", (given, expected) => {
    expect(normalisedText(given)).toBe(expected);
  });

  test("a vowel sign of another script is a letter, not an accent", () => {
    expect(normalisedText("कि")).not.toBe(normalisedText("क"));
  });

  test("nothing is changed by doing it twice, whatever the character", () => {
    // Each is taken by itself, so that all of them are all texts.
    const changed: string[] = [];
    for (let code = 0; code <= LAST_CODE_POINT; code += 1) {
      const once = normalisedText(String.fromCodePoint(code));
      if (normalisedText(once) !== once) changed.push(code.toString(16));
    }
    expect(changed).toEqual([]);
  });
});
