/** The examples of RFC 8785, and that order of writing never matters. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CanonicalValue, canonicalJson } from "./canonical-json.ts";

test("the RFC's example of sorting", () => {
  const value = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  expect(Object.keys(JSON.parse(canonicalJson(value))).length).toBe(7);
  expect([...canonicalJson(value).matchAll(/:"(.*?)"/g)].map(([, name]) => name)).toEqual([
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test("the RFC's example of numbers and strings", () => {
  const value = {
    numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27],
    string: "\u20ac$\u000f\nA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("it is JSON of the same value, whatever the order of the members", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as Record<string, CanonicalValue>;
      const turned = Object.fromEntries(Object.entries(plain).reverse());
      const sorted = Object.fromEntries(Object.entries(plain).sort(([a], [b]) => (a < b ? -1 : 1)));
      expect(canonicalJson(turned)).toBe(canonicalJson(plain));
      expect(canonicalJson(sorted)).toBe(canonicalJson(plain));
      expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
    }),
  );
});

test("what JSON does not have is refused", () => {
  expect(() => canonicalJson({ a: Number.NaN })).toThrow();
});
