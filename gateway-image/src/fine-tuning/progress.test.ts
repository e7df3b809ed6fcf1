/** Whatever is seen in whatever order, a job goes forward, ends once, and says why. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isOpen } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import { FINE_TUNINGS, type FineTuning, PHASES, type Sight } from "./fine-tuning.ts";
import { advance, afterRemoval, type Moment } from "./progress.ts";
import { testFineTuning } from "./test-fine-tuning.ts";

const sight: fc.Arbitrary<Sight> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Sight>({ kind: "waiting" }) },
  { weight: 3, arbitrary: fc.constant<Sight>({ kind: "running" }) },
  { weight: 3, arbitrary: fc.constant<Sight>({ kind: "unseen" }) },
  { weight: 2, arbitrary: fc.constant<Sight>({ kind: "refused", reason: "403" }) },
  fc.constant<Sight>({ kind: "succeeded", model: "ft:m", trainedTokens: 9 }),
  fc.constant<Sight>({ kind: "failed", code: "c", message: "Why.", param: null }),
);
const at = (nowMs: number, simulated = false): Moment => ({
  nowMs,
  lookMs: 10,
  retryMs: 3,
  simulated,
});

function run(sights: readonly Sight[], stepMs = 10): FineTuning[] {
  const seen = [testFineTuning()];
  sights.forEach((one, index) => {
    seen.push(advance(seen.at(-1) as FineTuning, one, at((index + 1) * stepMs)));
  });
  return seen;
}

test("no phase goes back, no end is left, and nothing about a job that has ended changes", () => {
  fc.assert(
    fc.property(fc.array(sight, { maxLength: 30 }), (sights) => {
      const states = run(sights);
      for (const [index, job] of states.slice(1).entries()) {
        const former = states[index] as FineTuning;
        if (!isOpen(former)) expect(job).toEqual(former);
        expect(PHASES.indexOf(job.detail.phase)).toBeGreaterThanOrEqual(
          PHASES.indexOf(former.detail.phase),
        );
        expect(job.detail.events.slice(0, former.detail.events.length)).toEqual(
          former.detail.events,
        );
        expect(Number(job.detail.handedOver)).toBeGreaterThanOrEqual(
          Number(former.detail.handedOver),
        );
      }
    }),
  );
});

test("an open job is due again, one that has ended is not; what callers see fits its end", () => {
  fc.assert(
    fc.property(fc.array(sight, { maxLength: 30 }), (sights) => {
      for (const [index, job] of run(sights).entries()) {
        const { detail, state } = job;
        expect(detail.events.length).toBeLessThanOrEqual(1 + PHASES.length);
        expect(detail.finishedMs !== null).toBe(!isOpen(job));
        expect(detail.fineTunedModel !== null).toBe(state === "succeeded");
        expect(detail.error !== null).toBe(state === "failed");
        if (isOpen(job)) expect(job.dueMs).toBeGreaterThanOrEqual(index * 10);
        else expect(job.dueMs).toBeNull();
      }
    }),
  );
});

test("what the cluster refuses again and again fails; a good answer between forgets it", () => {
  const refused: Sight = { kind: "refused", reason: "403 Forbidden" };
  const often = Array<Sight>(limits.fineTuningRefusalsMax).fill(refused);
  expect(run(often).at(-1)).toMatchObject({
    state: "failed",
    detail: { error: { code: "not_begun" } },
  });
  const between = [...often.slice(1), { kind: "waiting" } as const, ...often.slice(1)];
  expect(run(between).at(-1)?.state).toBe("queued");
  // A reason of the cluster's is for its administrators.
  expect(JSON.stringify(run(often).at(-1)?.detail)).not.toContain("Forbidden");
});

test("what cannot be seen is not over, however long, until its time is", () => {
  const unseen = Array<Sight>(100).fill({ kind: "unseen" });
  expect(run([{ kind: "running" }, ...unseen]).at(-1)).toMatchObject({
    state: "queued",
    detail: { phase: "running", faults: 100 },
  });
  const late = advance(testFineTuning(), { kind: "running" }, at(limits.fineTuningDeadlineMs));
  // It is due: whatever runs of it must be removed.
  expect(late).toMatchObject({
    state: "failed",
    dueMs: limits.fineTuningDeadlineMs,
    detail: { error: { code: "time_exceeded" } },
  });
  const inTime = { kind: "succeeded", model: "m", trainedTokens: null } as const;
  expect(advance(testFineTuning(), inTime, at(limits.fineTuningDeadlineMs)).state).toBe(
    "succeeded",
  );
});

test("one that is cancelled is removed twice: after a look that was on its way, too", () => {
  const cancelled = FINE_TUNINGS.cancelled(testFineTuning(), 50);
  expect(cancelled).toMatchObject({ state: "cancelled", dueMs: 50, detail: { finishedMs: 50 } });
  const once = afterRemoval(cancelled, true, at(60));
  expect(once.dueMs).toBe(60 + limits.jobLeaseMs);
  const away = afterRemoval(once, false, at(99));
  expect(away).toMatchObject({ dueMs: 102, detail: { removals: 1, faults: 1 } });
  expect(afterRemoval(away, true, at(200)).dueMs).toBeNull();
});

test("a removal that never works ends, and says who must do it", () => {
  let job = FINE_TUNINGS.cancelled(testFineTuning(), 0);
  let tries = 0;
  for (; job.dueMs !== null && tries < 10_000; tries += 1) {
    job = afterRemoval(job, false, at(tries));
  }
  expect(tries).toBe(limits.fineTuningRemovalsMax);
  expect(job.detail.events.at(-1)?.message).toContain("administrators");
});

test("simulated training says so in each of its events", () => {
  const sights: Sight[] = [
    { kind: "waiting" },
    { kind: "running" },
    { kind: "succeeded", model: "m", trainedTokens: 0 },
  ];
  let job = testFineTuning();
  for (const one of sights) job = advance(job, one, at(1, true));
  expect(job.detail.events.slice(1).every(({ message }) => message.includes("simulated"))).toBe(
    true,
  );
  expect(job.detail.events).toHaveLength(4);
});
