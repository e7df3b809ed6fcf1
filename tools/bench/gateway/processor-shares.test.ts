/** Names of processes hold what they like, and the numbers stand behind them. */
import { expect, test } from "vitest";
import {
  endedChildrenSeconds,
  parseStat,
  processorSeconds,
  sharesBetween,
} from "./processor-shares.ts";

test.each(["nginx", "a) b (c", "two words"])("reads the times of a process called %s", (name) => {
  const fields = ["S", ...Array.from({ length: 10 }, () => "7"), "150", "50", "20", "10", "20"];
  const text = `42 (${name}) ${fields.join(" ")}\n`;
  expect(parseStat(text)).toEqual({ name, seconds: 2, childrenSeconds: 0.3 });
});

test("is null for what is no stat", () => {
  expect(parseStat("")).toBeNull();
});

test("of this machine finds this process, and shows what was used between two readings", () => {
  const now = processorSeconds();
  expect([...now.values()].some((seconds) => seconds > 0)).toBe(true);
  expect(endedChildrenSeconds()).toBeGreaterThanOrEqual(0);
  const before = new Map([
    ["nginx", 1],
    ["ended", 5],
  ]);
  const after = new Map([
    ["nginx", 2],
    ["node", 3],
    ["idle", 0],
  ]);
  expect(sharesBetween(before, after)).toEqual([
    ["node", 3],
    ["nginx", 1],
  ]);
});
