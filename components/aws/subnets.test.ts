import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRange, subnetRanges, subnetsFault, writeRange } from "./subnets.ts";

/** Any range of a size that is allowed with any number of zones. */
const RANGES = fc
  .record({
    bits: fc.integer({ min: 16, max: 21 }),
    block: fc.nat(),
    zones: fc.integer({ min: 2, max: 8 }),
  })
  .map(({ bits, block, zones }) => {
    const start = (block % 2 ** bits) * 2 ** (32 - bits);
    return { cidr: writeRange({ start, bits }), zones };
  });

const spanOf = (cidr: string) => {
  const range = parseRange(cidr);
  if (range === undefined) throw new Error(`${cidr} is no range`);
  return { ...range, end: range.start + 2 ** (32 - range.bits) };
};

test("three zones of a /16 get the first three quarters of it", () => {
  expect(subnetRanges("10.20.0.0/16", 3)).toEqual([
    "10.20.0.0/18",
    "10.20.64.0/18",
    "10.20.128.0/18",
  ]);
});

test("subnets are disjoint, inside, equal and large enough", () => {
  fc.assert(
    fc.property(RANGES, ({ cidr, zones }) => {
      const whole = spanOf(cidr);
      const spans = subnetRanges(cidr, zones).map(spanOf);
      expect(spans).toHaveLength(zones);
      expect(new Set(spans.map(({ bits }) => bits)).size).toBe(1);
      spans.forEach((span, index) => {
        expect(span.start).toBeGreaterThanOrEqual(spans[index - 1]?.end ?? whole.start);
        expect(span.end).toBeLessThanOrEqual(whole.end);
        expect(span.bits).toBeGreaterThanOrEqual(16);
        expect(span.bits).toBeLessThanOrEqual(24);
      });
    }),
  );
});

test("a third and a fourth zone move no subnet", () => {
  fc.assert(
    fc.property(RANGES, ({ cidr }) => {
      const four = subnetRanges(cidr, 4);
      expect(subnetRanges(cidr, 2)).toEqual(four.slice(0, 2));
      expect(subnetRanges(cidr, 3)).toEqual(four.slice(0, 3));
    }),
  );
});

test("a range is read and written back as it was", () => {
  fc.assert(
    fc.property(RANGES, ({ cidr }) => {
      expect(writeRange(spanOf(cidr))).toBe(cidr);
    }),
  );
});

describe("refuses, and says what is right", () => {
  test.each([
    ["10.20.0.0", 3, "not a range"],
    ["10.20.0.1/16", 3, "not a range"],
    ["10.256.0.0/16", 3, "not a range"],
    ["10.20.0.0/33", 3, "not a range"],
    ["fd00::/56", 3, "not a range"],
    ["10.0.0.0/8", 3, "/16 or smaller"],
    ["10.20.0.0/16", 1, "one more"],
    ["10.20.0.0/16", 9, "8 at most"],
    ["10.20.0.0/23", 3, "/22 or larger"],
    ["10.20.0.0/22", 5, "/21 or larger"],
  ])("%s for %i zones", (cidr, zones, message) => {
    const { wrong, right } = subnetsFault(cidr, zones) ?? {};
    expect(`${wrong}: ${right}`).toContain(message);
    expect(() => subnetRanges(cidr, zones)).toThrow(message);
  });

  test("and takes the smallest and the largest", () => {
    expect(subnetsFault("10.20.0.0/22", 4)).toBeUndefined();
    expect(subnetsFault("10.20.0.0/16", 8)).toBeUndefined();
  });
});
