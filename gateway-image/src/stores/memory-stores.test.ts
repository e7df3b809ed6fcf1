/** The stores in memory keep the contracts; their leases end by a clock turned by hand. */
import { expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { ASYNC_JOBS } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import { auditAnchorStoreContract } from "./audit-anchor-store.contract.ts";
import { directoryStoreContract } from "./directory-store.contract.ts";
import { jobStoreContract } from "./job-store.contract.ts";
import { ledgerStoreContract } from "./ledger-store.contract.ts";
import { MemoryAuditAnchorStore } from "./memory-audit-anchor-store.ts";
import { MemoryDirectoryStore } from "./memory-directory-store.ts";
import { MemoryJobStore } from "./memory-job-store.ts";
import { MemoryLedgerStore } from "./memory-ledger-store.ts";
import { MemoryQuotaStore } from "./memory-quota-store.ts";
import { MemorySharedStore } from "./memory-shared-store.ts";
import { quotaStoreContract } from "./quota-store.contract.ts";
import type { Reservation } from "./quota-store.ts";
import { sharedStoreContract } from "./shared-store.contract.ts";

quotaStoreContract("memory", {
  create: async (count) => {
    const store = new MemoryQuotaStore(new ManualClock());
    return Array.from({ length: count }, () => store);
  },
});

ledgerStoreContract("memory", { create: async () => new MemoryLedgerStore() });
auditAnchorStoreContract("memory", { create: async () => new MemoryAuditAnchorStore() });
jobStoreContract("memory", { create: async () => new MemoryJobStore(ASYNC_JOBS) });
directoryStoreContract("memory", { create: async () => new MemoryDirectoryStore() });
sharedStoreContract("memory", { create: async () => new MemorySharedStore(new ManualClock()) });

const DAY_MS = 86_400_000;

function ask(callId: string, limit: Reservation["scopes"][number]["limits"]): Reservation {
  return { callId, scopes: [{ id: "user:a", limits: limit }], tokens: 0, costMicros: 500_000 };
}

test("the slot of a dead gateway is free when its lease ends", async () => {
  const clock = new ManualClock();
  const store = new MemoryQuotaStore(clock);
  await store.reserve(ask("1", { concurrency: 1 }));
  clock.advance(limits.leaseMs - 1);
  expect(await store.reserve(ask("2", { concurrency: 1 }))).toMatchObject({ admitted: false });
  clock.advance(1);
  expect(await store.reserve(ask("2", { concurrency: 1 }))).toMatchObject({ admitted: true });
});

test("the rate refills with time, up to its minute", async () => {
  const clock = new ManualClock();
  const store = new MemoryQuotaStore(clock);
  await store.reserve(ask("1", { requestsPerMinute: 2 }));
  clock.advance(3_600_000);
  const verdict = await store.reserve(ask("2", { requestsPerMinute: 2 }));
  expect(verdict).toMatchObject({ admitted: true, standings: [{ max: 2, used: 1 }] });
});

test("a day begins at midnight UTC, a month on its first", async () => {
  const clock = new ManualClock();
  const store = new MemoryQuotaStore(clock);
  const limit = { requestsPerDay: 1, costPerMonth: 0.6 };
  expect(await store.reserve(ask("1", limit))).toMatchObject({ admitted: true });
  expect(await store.reserve(ask("2", limit))).toMatchObject({ limit: "requestsPerDay" });
  clock.advance(DAY_MS - (clock.wallMs() % DAY_MS));
  expect(await store.reserve(ask("3", limit))).toMatchObject({ limit: "costPerMonth" });
  // From the second of January 1970 to the first of February.
  clock.advance(30 * DAY_MS);
  expect(await store.reserve(ask("4", limit))).toMatchObject({ admitted: true, month: "1970-02" });
});

test("what a reservation of last month gives back does not lower this month's cost", async () => {
  const clock = new ManualClock();
  const store = new MemoryQuotaStore(clock);
  const reservation = ask("1", { costPerMonth: 1 });
  await store.reserve(reservation);
  clock.advance(31 * DAY_MS);
  await store.settle({ reservation, tokens: 0, costMicros: 0, month: "1970-01" });
  const [standing] = await store.read(reservation.scopes);
  expect(standing?.used).toBe(0);
});

test("what is shared for a while ends: claims, counts and values", async () => {
  const clock = new ManualClock();
  const store = new MemorySharedStore(clock);
  await store.claim("a", 100);
  await store.count("b", 100);
  await store.set("c", Buffer.from("x"), 100);
  clock.advance(99);
  expect([await store.claim("a", 100), await store.count("b", 100)]).toEqual([false, 2]);
  clock.advance(1);
  expect([await store.claim("a", 100), await store.count("b", 100)]).toEqual([true, 1]);
  expect(await store.get("c")).toBeNull();
});
