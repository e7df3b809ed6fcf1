/** Points, models, errors and percentiles from what the stores say. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { activityOfRows, DURATION_EDGES_MS } from "../stores/ledger-activity.ts";
import { testRow } from "../stores/ledger-store.contract.ts";
import {
  errorsOf,
  modelState,
  modelsOf,
  SPAN_MS,
  SPANS,
  seriesOf,
  windowAt,
} from "./console-data.ts";
import { addBins, percentileOf } from "./percentile.ts";
import { type Refusal, Refusals } from "./refusals.ts";
import { Remembered } from "./remembered.ts";

const NOW = Date.parse("2026-11-26T08:00:10Z");

test("the window ends with the span that is not over, and every span has its point", () => {
  const window = windowAt(NOW);
  expect(new Date(window.to).toISOString()).toBe("2026-11-26T08:00:30.000Z");
  const finishedAt = new Date(NOW - SPAN_MS);
  const startedAt = new Date(NOW - SPAN_MS - 100);
  const rows = [testRow({ startedAt, finishedAt, latencyMs: 120, completionTokens: 7 })];
  const query = { from: new Date(window.from), to: new Date(window.to), spanMs: SPAN_MS };
  const series = seriesOf(activityOfRows(rows, query), window);
  expect(series).toHaveLength(SPANS);
  expect(series.map(({ requests }) => requests)).toEqual([...Array(28).fill(0), 1, 0]);
  expect(series[28]).toMatchObject({ at: "2026-11-26T07:59:30.000Z", completion_tokens: 7 });
  expect(series[0]?.p95_ms).toBe(null);
});

test("models are told with the busiest first, and their tokens a second", () => {
  const at = { startedAt: new Date(NOW), finishedAt: new Date(NOW) };
  const rows = [
    testRow({ ...at, model: "b", completionTokens: 900 }),
    testRow({ ...at, model: "a", status: "error" }),
    testRow({ ...at, model: "a" }),
  ];
  const query = { from: new Date(0), to: new Date(NOW + 1), spanMs: SPAN_MS };
  const found = modelsOf(activityOfRows(rows, query), 60);
  expect(found.map(({ model, failed, tokens_per_second: n }) => [model, failed, n])).toEqual([
    ["a", 1, 0.2],
    ["b", 0, 15],
  ]);
});

test("a percentile lies between the least and the most of its bin", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 600_000 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (durations, share) => {
        const counts = [
          ...DURATION_EDGES_MS.map((edge) => durations.filter((one) => one <= edge).length),
          durations.length,
        ];
        const sorted = [...durations].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        const bin = DURATION_EDGES_MS.findIndex((edge) => exact <= edge);
        const found = percentileOf(share, DURATION_EDGES_MS, counts) ?? -1;
        const low = bin === 0 ? 0 : (DURATION_EDGES_MS[bin - 1] ?? 0);
        return found >= low && found <= (DURATION_EDGES_MS[bin] ?? 0);
      },
    ),
    { numRuns: 100 },
  );
});

test("of nothing there is no percentile, beyond the last bin its edge, and bins add up", () => {
  expect(percentileOf(0.5, [10, 20], [0, 0, 0])).toBe(null);
  expect(percentileOf(0.5, [10, 20], [])).toBe(null);
  expect(percentileOf(0.95, [10, 20], [1, 1, 100])).toBe(20);
  expect(percentileOf(0.5, [10, 20], [0, 4, 4])).toBe(15);
  expect([
    addBins([
      [1, 2],
      [3, 4],
    ]),
    addBins([]),
  ]).toEqual([[4, 6], []]);
});

test("a model serves while all servers do, and is down when none does", () => {
  const of = (all: number, well: number) => modelState({ all, well });
  expect([of(2, 2), of(2, 1), of(2, 0), of(0, 0)]).toEqual(["serving", "degraded", "down", "down"]);
});

const refusal = (change: Partial<Refusal>): Refusal => ({
  at: NOW,
  callId: "c",
  requestId: "r",
  principal: "alice",
  tenant: "bank",
  endpoint: "/v1/chat",
  model: null,
  status: "client_error",
  httpStatus: 429,
  error: "rate_limited",
  ...change,
});

test("an error that both know is told once, in the ledger's words; a request id may repeat", () => {
  const status = { status: "error", httpStatus: 502, error: "upstream_failed" } as const;
  const fault = { ...testRow({ requestId: "r", ...status }), finishedAt: new Date(NOW - 1) };
  const own = refusal({ callId: fault.callId });
  const found = errorsOf([fault], [own, refusal({ callId: "other", at: NOW - 5 })]);
  expect(found.map(({ id, error }) => [id, error])).toEqual([
    [fault.callId, "upstream_failed"],
    ["other", "rate_limited"],
  ]);
});

test("refusals are bounded for each tenant and over all, and end after an hour", () => {
  const refusals = new Refusals();
  for (let i = 0; i < 60; i += 1) refusals.note(refusal({ requestId: `b${i}`, at: NOW + i }));
  refusals.note(refusal({ tenant: "shop", requestId: "s" }));
  const bank = refusals.of({ tenant: "bank" }, NOW + 60);
  expect([bank.length, bank[0]?.requestId]).toEqual([50, "b59"]);
  expect(refusals.of({ tenant: "shop" }, NOW)).toHaveLength(1);
  expect(refusals.of({ tenant: "bank", principal: "bob" }, NOW)).toEqual([]);
  expect(refusals.of({}, NOW + 60)).toHaveLength(51);
  expect(refusals.of({}, NOW + 3_600_060)).toEqual([]);
  for (let i = 0; i < 500; i += 1) refusals.note(refusal({ tenant: `t${i}` }));
  expect(refusals.of({ tenant: "bank" }, NOW)).toEqual([]);
});

test("an answer is told again for its time, and for longer where it took long", async () => {
  const clock = new ManualClock();
  const remembered = new Remembered(clock);
  let asked = 0;
  const ask = (tookMs: number) =>
    remembered.get("key", 5_000, async () => {
      clock.advance(tookMs);
      asked += 1;
      return asked;
    });
  expect([await ask(0), await ask(0)]).toEqual([1, 1]);
  clock.advance(5_001);
  expect(await ask(1_000)).toBe(2);
  // A question that took a second is asked again after twenty.
  clock.advance(19_000);
  expect(await ask(0)).toBe(2);
  clock.advance(1_001);
  expect(await ask(0)).toBe(3);
});

test("a failure is not remembered", async () => {
  const remembered = new Remembered(new ManualClock());
  const fail = () => remembered.get("key", 5_000, () => Promise.reject(new Error("away")));
  await expect(fail()).rejects.toThrow("away");
  expect(await remembered.get("key", 5_000, async () => "there")).toBe("there");
});
