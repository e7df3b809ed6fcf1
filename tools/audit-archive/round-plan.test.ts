/** What is shipped, what waits, and what is late, of any trail. */
import { describe, expect, test } from "vitest";
import { planRound, type WaitingSegment } from "./round-plan.ts";

const NOON = Date.parse("2026-03-10T12:00:00Z");
const HOUR = 3_600_000;
const sealed = (name: string, hoursAgo: number): WaitingSegment => ({
  name,
  sealedMs: NOON - hoursAgo * HOUR,
});
const open = (name: string): WaitingSegment => ({ name, sealedMs: null });
const plan = (...segments: WaitingSegment[]) => planRound(segments, NOON, 6 * HOUR);

test("nothing waits where nothing is", () => {
  expect(plan()).toEqual({ due: [], pending: 0, oldestSeconds: 0, late: [] });
});

test("an open segment is never due, and waits only when its day is over", () => {
  expect(plan(open("a/2026-03-10/g-000002.jsonl"))).toMatchObject({ due: [], pending: 0 });
  expect(plan(open("a/2026-03-09/g-000001.jsonl"))).toMatchObject({
    due: [],
    pending: 1,
    oldestSeconds: 12 * 3_600,
    late: [{ day: "a/2026-03-09", segments: 1, oldestSeconds: 12 * 3_600 }],
  });
});

test("sealed ones are due, the oldest day first, whatever their site", () => {
  const one = sealed("b/2026-03-09/g-000001.jsonl", 1);
  const two = sealed("a/2026-03-10/g-000002.jsonl", 2);
  const three = sealed("a/2026-03-10/g-000003.jsonl", 1);
  const round = plan(three, open("a/2026-03-10/g-000004.jsonl"), two, one);
  expect(round.due).toEqual([one, two, three]);
  expect([round.pending, round.oldestSeconds, round.late]).toEqual([3, 7_200, []]);
});

describe("late", () => {
  test("is what waits for longer than it may, and not a moment before", () => {
    const name = "a/2026-03-10/g-000001.jsonl";
    expect(plan(sealed(name, 6)).late).toEqual([]);
    expect(planRound([sealed(name, 6)], NOON + 1, 6 * HOUR).late).toHaveLength(1);
  });

  test("is told by days", () => {
    const days = plan(
      sealed("a/2026-03-09/g-000001.jsonl", 20),
      sealed("a/2026-03-09/g-000002.jsonl", 19),
      sealed("a/2026-03-10/g-000003.jsonl", 7),
      sealed("a/2026-03-10/g-000004.jsonl", 5),
    ).late;
    expect(days.map(({ day, segments }) => [day, segments])).toEqual([
      ["a/2026-03-09", 2],
      ["a/2026-03-10", 1],
    ]);
  });
});

test("a clock that was set back makes nothing negative", () => {
  expect(plan(sealed("a/2026-03-10/g-000001.jsonl", -1)).oldestSeconds).toBe(0);
});
