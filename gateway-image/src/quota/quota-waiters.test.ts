/** Waiting for a limit: woken in order, bounded, and left by those who leave. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { QuotaWaiters } from "./quota-waiters.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

test("the longest waiting is woken first, and only those of the account", async () => {
  const waiters = new QuotaWaiters(9);
  const woken: string[] = [];
  for (const name of ["a1", "a2", "b1"]) {
    void waiters.wait(name.slice(0, 1), 1_000, never).then(() => woken.push(name));
  }
  waiters.wake("a");
  await vi.advanceTimersByTimeAsync(1);
  expect(woken).toEqual(["a1"]);
  waiters.wake("a");
  waiters.wake("a");
  await vi.advanceTimersByTimeAsync(1);
  expect(woken).toEqual(["a1", "a2"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(woken).toEqual(["a1", "a2", "b1"]);
  expect(waiters.count).toBe(0);
});

test("no more wait than may; one that leaves makes room", async () => {
  const waiters = new QuotaWaiters(1);
  const stop = new AbortController();
  const first = waiters.wait("a", 1_000, stop.signal);
  expect(await waiters.wait("a", 1_000, never)).toBe(false);
  stop.abort();
  await first;
  expect(waiters.count).toBe(0);
  const again = waiters.wait("a", 10, never);
  await vi.advanceTimersByTimeAsync(10);
  expect(await again).toBe(true);
});
