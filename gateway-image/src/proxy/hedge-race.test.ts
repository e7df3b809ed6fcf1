/** Two servers of any speed and any success, by timers turned by hand. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Ask, raceHedge } from "./hedge-race.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Server {
  readonly afterMs: number;
  readonly answers: boolean;
}

interface Seen {
  begunMs: number | null;
  stoppedMs: number | null;
}

const HEDGE_AFTER_MS = 1_000;

/** Ends with what it is to end with, or soon after it is stopped, as a failure. */
function played(server: Server, seen: Seen): Ask<Server | null> {
  return (signal) =>
    new Promise((resolve) => {
      seen.begunMs = Date.now();
      const timer = setTimeout(() => resolve(server), server.afterMs);
      signal.addEventListener("abort", () => {
        seen.stoppedMs = Date.now();
        clearTimeout(timer);
        resolve(null);
      });
    });
}

async function run(first: Server, second: Server | null, leaveMs: number | null = null) {
  const startMs = Date.now();
  const caller = new AbortController();
  if (leaveMs !== null) setTimeout(() => caller.abort(new Error("gone")), leaveMs);
  const seen = [
    { begunMs: null, stoppedMs: null },
    { begunMs: null, stoppedMs: null },
  ] as [Seen, Seen];
  let offered = 0;
  const race = raceHedge<Server | null>({
    afterMs: HEDGE_AFTER_MS,
    signal: caller.signal,
    first: played(first, seen[0]),
    second: () => {
      offered += 1;
      return second === null ? null : played(second, seen[1]);
    },
    isAnswer: (result) => result?.answers === true,
  });
  const ended = race.then((end) => ({ ...end, atMs: Date.now() - startMs }));
  await vi.advanceTimersByTimeAsync(100_000);
  const since = (ms: number | null) => (ms === null ? null : ms - startMs);
  return {
    ...(await ended),
    offered,
    begun: seen.map(({ begunMs }) => since(begunMs)),
    stopped: seen.map(({ stoppedMs }) => since(stoppedMs)),
  };
}

// Odd and even, so that no two things happen in the same moment.
const first = fc.record({
  afterMs: fc.integer({ min: 0, max: 2_000 }).map((ms) => ms * 2 + 1),
  answers: fc.boolean(),
});
const second = fc.record({
  afterMs: fc.integer({ min: 1, max: 2_000 }).map((ms) => ms * 2),
  answers: fc.boolean(),
});

test("the first answer counts; the other server is stopped in that moment", async () => {
  await fc.assert(
    fc.asyncProperty(first, fc.option(second), async (one, two) => {
      const end = await run(one, two);
      const late = one.afterMs > HEDGE_AFTER_MS;
      expect(end.offered).toBe(late ? 1 : 0);
      if (!late || two === null) {
        expect(end).toMatchObject({
          winner: one.answers ? 0 : null,
          results: [one],
          atMs: one.afterMs,
          begun: [0, null],
          stopped: [null, null],
        });
        return;
      }
      const both = [one.afterMs, HEDGE_AFTER_MS + two.afterMs] as const;
      const answering = ([0, 1] as const).filter((index) => [one, two][index]?.answers);
      const winner = answering.toSorted((a, b) => both[a] - both[b])[0] ?? null;
      const atMs = winner === null ? Math.max(...both) : both[winner];
      expect(end).toMatchObject({ winner, atMs, begun: [0, HEDGE_AFTER_MS] });
      for (const index of [0, 1] as const) {
        const hasEnded = both[index] <= atMs;
        expect(end.results[index]).toEqual(hasEnded ? [one, two][index] : null);
        if (index === winner) expect(end.stopped[index]).toBeNull();
        else if (!hasEnded) expect(end.stopped[index]).toBe(atMs);
      }
    }),
    { numRuns: 200 },
  );
});

test("a caller that leaves stops all that run, and no second one is begun for it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1_500 }).map((ms) => ms * 2),
      async (leaveMs) => {
        const hangs = { afterMs: 50_001, answers: true };
        const end = await run(hangs, hangs, leaveMs);
        const hedged = leaveMs > HEDGE_AFTER_MS;
        expect(end).toMatchObject({
          winner: null,
          results: hedged ? [null, null] : [null],
          atMs: leaveMs,
          stopped: [leaveMs, hedged ? leaveMs : null],
        });
      },
    ),
    { numRuns: 50 },
  );
});

test("of two answers in the same moment one counts, and the other is stopped", async () => {
  const end = await run(
    { afterMs: HEDGE_AFTER_MS + 500, answers: true },
    { afterMs: 500, answers: true },
  );
  expect(end.winner).not.toBeNull();
  const other = end.winner === 0 ? 1 : 0;
  expect(end.results[other]).toBeNull();
  expect(end.stopped[other]).toBe(HEDGE_AFTER_MS + 500);
});
