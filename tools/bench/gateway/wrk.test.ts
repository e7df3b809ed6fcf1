/** The figures of the load generator are read from one line, and its absence is a failure. */
import { expect, test } from "vitest";
import { percentile } from "./measure-gateway.ts";
import { readResult } from "./wrk.ts";

test("reads requests, duration, latencies and faults", () => {
  expect(readResult("Running 4s test\nRESULT 8000 4000000 1500 9000 2\n")).toEqual({
    requests: 8000,
    requestsPerSecond: 2000,
    p50Ms: 1.5,
    p99Ms: 9,
    faults: 2,
  });
});

test("output without a result is refused, not read as zero", () => {
  expect(() => readResult("unable to connect")).toThrow("no result");
});

test("a percentile is one of the values", () => {
  expect(percentile([3, 1, 2], 50)).toBe(2);
  expect(percentile([3, 1, 2], 99)).toBe(3);
  expect(percentile([], 50)).toBeNaN();
});
