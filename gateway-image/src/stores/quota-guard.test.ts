/** Reservation while the shared store answers, while it is away, and the renewal of slots. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { limits } from "../limits.ts";
import { MemoryQuotaStore } from "./memory-quota-store.ts";
import { type Held, QuotaGuard } from "./quota-guard.ts";
import type { Reservation, Settlement, Verdict } from "./quota-store.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FaultyStore extends MemoryQuotaStore {
  away = false;
  readonly renewed: string[][] = [];

  override async reserve(reservation: Reservation): Promise<Verdict> {
    if (this.away) throw new Error("away");
    return super.reserve(reservation);
  }

  override async settle(settlement: Settlement): Promise<void> {
    if (this.away) throw new Error("away");
    return super.settle(settlement);
  }

  override async renew(slots: readonly { scope: string; callId: string }[]): Promise<void> {
    this.renewed.push(slots.map((slot) => slot.callId));
    return super.renew(slots);
  }
}

function create(replicas: number | null, siteShare = 1) {
  const clock = new ManualClock();
  const store = new FaultyStore(clock);
  let faults = 0;
  const guard = new QuotaGuard({
    store,
    siteShare,
    clock,
    localShare: replicas === null ? null : { store: new MemoryQuotaStore(clock), replicas },
    onFault: () => {
      faults += 1;
    },
  });
  const reserve = (callId: string) =>
    guard.reserve({
      callId,
      scopes: [
        { id: "user:a", limits: { requestsPerMinute: 600, concurrency: 4, costPerMonth: 10 } },
        { id: "tenant:t", limits: { requestsPerMinute: 600 } },
      ],
      tokens: 0,
      costMicros: 0,
    });
  const held = async (callId: string): Promise<Held> => {
    const answer = await reserve(callId);
    if (answer.held === null) throw new Error("refused");
    return answer.held;
  };
  return { store, guard, reserve, held, faults: () => faults };
}

test("the slots of running calls are renewed, ended ones are not", async () => {
  const { store, guard, held } = create(null);
  const [a, b] = [await held("a"), await held("b")];
  await vi.advanceTimersByTimeAsync(limits.leaseRenewalMs);
  await guard.settle(a, 0, 0);
  await vi.advanceTimersByTimeAsync(limits.leaseRenewalMs);
  await guard.settle(b, 0, 0);
  await vi.advanceTimersByTimeAsync(limits.leaseRenewalMs);
  expect(store.renewed).toEqual([["a", "b"], ["b"]]);
  await guard.close();
});

test("without a local share nothing is admitted while the store is away", async () => {
  const { store, guard, reserve, faults } = create(null);
  store.away = true;
  await expect(reserve("a")).rejects.toMatchObject({ code: "quota_store_unavailable" });
  expect(guard.storeAnswers).toBe(false);
  store.away = false;
  expect(await reserve("a")).toMatchObject({ verdict: { admitted: true } });
  expect(guard.storeAnswers).toBe(true);
  expect(faults()).toBe(1);
  await guard.close();
});

test("with one, its part of the concurrency is admitted, and settled there", async () => {
  const { store, guard, reserve, held } = create(2);
  store.away = true;
  const first = await held("a");
  expect(await reserve("b")).toMatchObject({ verdict: { admitted: true } });
  const refused = { verdict: { admitted: false, limit: "concurrency" } };
  expect(await reserve("c")).toMatchObject(refused);
  // The shared store is back, but the slot is where it was taken.
  store.away = false;
  await guard.settle(first, 0, 0);
  store.away = true;
  expect(await reserve("c")).toMatchObject({ verdict: { admitted: true } });
  await guard.close();
});

test("a site enforces its share of every limit", async () => {
  const { guard, reserve } = create(null, 0.25);
  const answer = await reserve("a");
  if (!answer.verdict.admitted) throw new Error("refused");
  expect(answer.verdict.standings.map(({ limit, max }) => [limit, max])).toEqual([
    ["requestsPerMinute", 150],
    ["concurrency", 1],
    ["costPerMonth", 2_500_000],
    ["requestsPerMinute", 150],
  ]);
  expect(await reserve("b")).toMatchObject({ verdict: { admitted: false } });
  await guard.close();
});

test("a settlement that fails is no failure of the call", async () => {
  const { store, guard, held, faults } = create(null);
  const first = await held("a");
  store.away = true;
  await guard.settle(first, 0, 0);
  expect(faults()).toBe(1);
  await guard.close();
});
