import { expect, test } from "vitest";
import { backOffMs } from "./back-off.ts";

test("waits double, within bounds", () => {
  expect([1, 2, 3].map((attempt) => backOffMs(attempt, () => 1))).toEqual([1_000, 2_000, 4_000]);
  expect(backOffMs(40, () => 1)).toBe(600_000);
  expect(backOffMs(1, () => 0)).toBe(500);
});
