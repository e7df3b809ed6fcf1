/** Whatever comes, goes, hangs and ends: one probe of a place at a time, few at once, none forgotten. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../limits.ts";
import { ProbeSchedule } from "./probe-schedule.ts";

const PLACES = Array.from({ length: limits.probesAtOnce + 8 }, (_, index) => `place-${index}`);

const event = fc.oneof(
  fc.record({ kind: fc.constant("follow" as const), places: fc.subarray(PLACES) }),
  fc.record({ kind: fc.constant("end" as const), index: fc.nat() }),
  fc.record({
    kind: fc.constant("wait" as const),
    ms: fc.integer({ min: 1, max: limits.probeIntervalMs * 2 }),
  }),
);

test("a place is never asked twice at once, and no more than so many are", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), fc.infiniteStream(chance), (list, random) => {
      const schedule = new ProbeSchedule(() => random.next().value ?? 0);
      const running: string[] = [];
      let now = 0;
      let places: readonly string[] = [];
      for (const one of list) {
        if (one.kind === "wait") now += one.ms;
        else if (one.kind === "follow") {
          places = one.places;
          schedule.follow(new Set(places), now);
        } else if (running.length > 0) {
          const [ended = ""] = running.splice(one.index % running.length, 1);
          schedule.ended(ended, now);
        }
        for (const taken of schedule.take(now)) {
          expect(running).not.toContain(taken);
          expect(places).toContain(taken);
          running.push(taken);
        }
        expect(running.length).toBeLessThanOrEqual(limits.probesAtOnce);
      }
    }),
  );
});

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("each place has its turn once an interval, moved by no more than the jitter", () => {
  fc.assert(
    fc.property(fc.infiniteStream(chance), (random) => {
      const schedule = new ProbeSchedule(() => random.next().value ?? 0);
      const places = PLACES.slice(0, limits.probesAtOnce);
      schedule.follow(new Set(places), 0);
      const turns = new Map<string, number[]>(places.map((place) => [place, []]));
      for (let now = 0; now <= limits.probeIntervalMs * 10; now += 10) {
        for (const place of schedule.take(now)) {
          turns.get(place)?.push(now);
          schedule.ended(place, now);
        }
      }
      for (const times of turns.values()) {
        expect(times[0]).toBeLessThanOrEqual(limits.probeIntervalMs + 10);
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
        for (const gap of gaps) {
          expect(gap).toBeGreaterThanOrEqual(limits.probeIntervalMs * (1 - limits.probeJitter));
          expect(gap).toBeLessThanOrEqual(limits.probeIntervalMs * (1 + limits.probeJitter) + 10);
        }
        expect(gaps.length).toBeGreaterThanOrEqual(7);
      }
    }),
    { numRuns: 20 },
  );
});

test("who hangs takes places from the others, and not their turns", () => {
  const schedule = new ProbeSchedule(() => 0);
  schedule.follow(new Set(PLACES), 0);
  const first = schedule.take(0);
  expect(first).toEqual(PLACES.slice(0, limits.probesAtOnce));
  for (const place of first.slice(0, 4)) schedule.ended(place, 1);
  // Those that have waited longest, not those that have just been asked.
  expect(schedule.take(limits.probeIntervalMs * 2)).toEqual(
    PLACES.slice(limits.probesAtOnce, limits.probesAtOnce + 4),
  );
});
