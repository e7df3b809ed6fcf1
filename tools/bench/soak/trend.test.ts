/** A trend is found in noise, and none where there is none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chart, robustSlope, type Sample } from "./trend.ts";

const line = (slope: number, count = 60): Sample[] =>
  Array.from({ length: count }, (_, index) => ({
    minute: index / 6,
    value: 50 + (slope * index) / 6,
  }));

describe("the slope", () => {
  test("of a line is the line's, whatever it is", () => {
    fc.assert(
      fc.property(fc.double({ min: -100, max: 100, noNaN: true }), (slope) => {
        expect(robustSlope(line(slope))).toBeCloseTo(slope, 6);
      }),
    );
  });

  test("is not moved by a fifth of wild samples, wherever they are", () => {
    const wild = fc.uniqueArray(fc.nat(59), { maxLength: 12 });
    fc.assert(
      fc.property(wild, fc.constantFrom(0, 1e6, -1e6), (places, value) => {
        const samples = line(2).map((one, index) =>
          places.includes(index) ? { ...one, value } : one,
        );
        expect(robustSlope(samples)).toBeGreaterThan(1);
        expect(robustSlope(samples)).toBeLessThan(3);
      }),
    );
  });

  test("is near 0 for noise alone, and found below noise of its own size", () => {
    const noise = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
      minLength: 60,
      maxLength: 60,
    });
    fc.assert(
      fc.property(noise, (values) => {
        // Some order of values may be a trend by chance; sorted against time it is none.
        const flat = values.toSorted((a, b) => Math.abs(a) - Math.abs(b));
        const alternating = flat.map(
          (value, index) => (index % 2 === 0 ? 1 : -1) * Math.abs(value),
        );
        const samples = alternating.map((value, index) => ({ minute: index / 6, value }));
        expect(Math.abs(robustSlope(samples))).toBeLessThan(0.4);
      }),
    );
  });

  test("of one moment is 0", () => {
    expect(robustSlope([])).toBe(0);
    expect(
      robustSlope([
        { minute: 1, value: 1 },
        { minute: 1, value: 9 },
      ]),
    ).toBe(0);
  });
});

test("a chart goes from the least to the most, in no more columns than there are values", () => {
  expect(chart([1, 2, 3, 4, 5, 6, 7, 8], 8)).toBe("▁▂▃▄▅▆▇█");
  expect(chart([5, 5, 5], 40)).toBe("▁▁▁");
  expect(
    chart(
      Array.from({ length: 100 }, (_, index) => index),
      10,
    ),
  ).toHaveLength(10);
});
