/** Admission while the shared store answers, while it is away, and the renewal of leases. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { limits } from "../limits.ts";
import { MemoryQuotaStore } from "./memory-quota-store.ts";
import { QuotaGuard } from "./quota-guard.ts";
import type { Admission, Verdict } from "./quota-store.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FaultyStore extends MemoryQuotaStore {
  away = false;
  readonly renewed: string[][] = [];

  override async admit(admission: Admission): Promise<Verdict> {
    if (this.away) throw new Error("away");
    return super.admit(admission);
  }

  override async release(keyId: string, callId: string): Promise<void> {
    if (this.away) throw new Error("away");
    return super.release(keyId, callId);
  }

  override async renew(slots: readonly { keyId: string; callId: string }[]): Promise<void> {
    this.renewed.push(slots.map((slot) => slot.callId));
    return super.renew(slots);
  }
}

function create(replicas: number | null) {
  const clock = new ManualClock();
  const store = new FaultyStore(clock);
  let faults = 0;
  const guard = new QuotaGuard({
    store,
    localShare: replicas === null ? null : { store: new MemoryQuotaStore(clock), replicas },
    onFault: () => {
      faults += 1;
    },
  });
  const ask = (callId: string): Admission => ({
    keyId: "k",
    callId,
    requestsPerMinute: 600,
    concurrency: 4,
  });
  return { store, guard, ask, faults: () => faults };
}

test("running calls are renewed, ended ones are not", async () => {
  const { store, guard, ask } = create(null);
  await guard.admit(ask("a"));
  await guard.admit(ask("b"));
  await vi.advanceTimersByTimeAsync(limits.leaseRenewalMs);
  await guard.release(ask("a"));
  await vi.advanceTimersByTimeAsync(limits.leaseRenewalMs);
  await guard.release(ask("b"));
  await vi.advanceTimersByTimeAsync(limits.leaseRenewalMs);
  expect(store.renewed).toEqual([["a", "b"], ["b"]]);
  await guard.close();
});

test("without a local share nothing is admitted while the store is away", async () => {
  const { store, guard, ask, faults } = create(null);
  store.away = true;
  await expect(guard.admit(ask("a"))).rejects.toMatchObject({ code: "quota_store_unavailable" });
  expect(guard.storeAnswers).toBe(false);
  store.away = false;
  expect(await guard.admit(ask("a"))).toMatchObject({ admitted: true });
  expect(guard.storeAnswers).toBe(true);
  expect(faults()).toBe(1);
  await guard.close();
});

test("with one, its part of the concurrency is admitted, and released there", async () => {
  const { store, guard, ask } = create(2);
  store.away = true;
  expect(await guard.admit(ask("a"))).toMatchObject({ admitted: true });
  expect(await guard.admit(ask("b"))).toMatchObject({ admitted: true });
  expect(await guard.admit(ask("c"))).toMatchObject({ admitted: false, reason: "concurrency" });
  await guard.release(ask("a"));
  expect(await guard.admit(ask("c"))).toMatchObject({ admitted: true });
  await guard.close();
});

test("a release that fails is no failure of the call", async () => {
  const { store, guard, ask, faults } = create(null);
  await guard.admit(ask("a"));
  store.away = true;
  await guard.release(ask("a"));
  expect(faults()).toBe(1);
  await guard.close();
});
