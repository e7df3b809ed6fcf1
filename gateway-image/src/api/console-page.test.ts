/** The page's own modules: words in both languages, shapes of data, and where lines and bars lie. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { gateway } from "../../../tools/images/recipes/gateway.ts";
import { CONSOLE_FILES } from "./console-page.ts";

const folder = path.join(import.meta.dirname, "console");
// Plain JavaScript for browsers: its types are checked with those of a browser (tsconfig.json beside it).
const load = (name: string) => import(path.join(folder, name));

test("every file of the folder is served and lies in the image", () => {
  const there = readdirSync(folder).filter((name) => name !== "tsconfig.json");
  expect(there.sort()).toEqual([...CONSOLE_FILES, "index.html"].sort());
  expect([...(gateway.program?.ownFolders?.[0]?.files ?? [])].sort()).toEqual(there.sort());
});

test("both languages have the same words, and none is empty", async () => {
  const { TEXTS, languageOf } = await load("texts.js");
  expect(Object.keys(TEXTS.zh)).toEqual(Object.keys(TEXTS.en));
  for (const words of Object.values(TEXTS))
    expect(Object.values(words as object)).not.toContain("");
  expect([["zh-TW", "en"], ["fr", "en-US", "zh"], ["fr"]].map((one) => languageOf(one))).toEqual([
    "zh",
    "en",
    "en",
  ]);
});

test("an axis ends at a round number, and never below what it shows", async () => {
  const { niceCeiling } = await load("geometry.js");
  expect([0, 0.3, 1, 1.2, 5, 7, 199, 201].map(niceCeiling)).toEqual([1, 0.3, 1, 2, 5, 8, 200, 300]);
});

test("a line has a gap where nothing was measured, and a dot where one value stands alone", async () => {
  const { linePath, areaPath, bars } = await load("geometry.js");
  const frame = { width: 100, height: 20, left: 0, right: 0, top: 0, bottom: 0 };
  expect(linePath(frame, [0, 10, null, 5, null], 10)).toBe(
    "M0,20L25,0M75,10m-1.5,0l1.5,-1.5l1.5,1.5l-1.5,1.5z",
  );
  expect(areaPath(frame, [0, 10], 10)).toBe("M0,20L100,0L100,20L0,20Z");
  expect(areaPath(frame, [3], 10)).toBe("");
  const [first, second] = bars(
    frame,
    [
      [5, 0],
      [5, 10],
    ],
    10,
  );
  // One on the other, down to the ground.
  expect(first.parts.map(({ y, height }: { y: number; height: number }) => [y, height])).toEqual([
    [10, 10],
    [0, 10],
  ]);
  expect(second.parts[1]).toMatchObject({ y: 0, height: 20 });
});

test("the span that is not over is in no number", async () => {
  const { headline } = await load("shape.js");
  const point = (requests: number, failed: number, p95: number | null) => ({
    requests,
    failed,
    completion_tokens: requests * 30,
    p95_ms: p95,
    p50_ms: null,
  });
  const now = headline([point(10, 1, 120), point(30, 0, null), point(999, 999, 9_999)], 30);
  // A quiet span leaves the last latency that was measured.
  expect(now).toMatchObject({
    perMinute: 60,
    tokensPerSecond: 30,
    p95: 120,
    p50: null,
    failedShare: 1 / 40,
  });
  expect(headline([], 30)).toMatchObject({ perMinute: 0, failedShare: null });
});

test("days without usage are zeros, and models beyond six share a colour", async () => {
  const { stacked, costs } = await load("shape.js");
  const lines = Array.from({ length: 8 }, (_, index) => ({
    day: index === 0 ? "2026-11-24" : "2026-11-26",
    model: `m${index}`,
    requests: 100 - index,
    cost: 1,
    currency: index % 2 === 0 ? "CNY" : "USD",
  }));
  const requests = (line: { requests: number }) => line.requests;
  const { days, stacks } = stacked(lines, "2026-11-26T08:00:00Z", 3, requests, "others");
  expect(days).toEqual(["2026-11-24", "2026-11-25", "2026-11-26"]);
  const labels = stacks.map(({ label }: { label: string }) => label);
  expect(labels).toEqual(["m0", "m1", "m2", "m3", "m4", "others"]);
  expect(stacks[0].values).toEqual([100, 0, 0]);
  expect(stacks[5].values).toEqual([0, 0, 95 + 94 + 93]);
  // Money of different currencies is not added up.
  expect(costs(lines)).toEqual([
    { currency: "CNY", cost: 4 },
    { currency: "USD", cost: 4 },
  ]);
});

test("errors of two gateways are kept together, each once, for a day", async () => {
  const { mergedErrors } = await load("shape.js");
  const line = (id: string, at: string) => ({ id, at });
  const now = "2026-11-26T08:00:00Z";
  const known = [line("a", "2026-11-26T07:00:00Z"), line("old", "2026-11-25T07:59:59Z")];
  const fresh = [line("b", "2026-11-26T07:30:00Z"), line("a", "2026-11-26T07:00:00Z")];
  const ids = mergedErrors(known, fresh, now).map((one: { id: string }) => one.id);
  expect(ids).toEqual(["b", "a"]);
});

test("numbers and times as people of each language write them", async () => {
  const { compact, duration, money, percent, remaining } = await load("format.js");
  expect([compact(1_234, "en"), compact(34_567, "zh"), compact(0.5, "en")]).toEqual([
    "1,234",
    "34.6K",
    "0.5",
  ]);
  expect([duration(null), duration(95), duration(1_234), duration(61_000)]).toEqual([
    "–",
    "95 ms",
    "1.23 s",
    "61.0 s",
  ]);
  expect([money(12.5, "CNY", "zh"), money(1, null, "en"), percent(0.0123)]).toEqual([
    "¥12.50",
    "1",
    "1.23 %",
  ]);
  expect([remaining(90, "zh"), remaining(7_200, "en")]).toEqual(["2分钟", "2 hours"]);
});
