/** The stores in memory keep the contracts; their leases end by a clock turned by hand. */
import { expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { limits } from "../limits.ts";
import { ledgerStoreContract } from "./ledger-store.contract.ts";
import { MemoryLedgerStore } from "./memory-ledger-store.ts";
import { MemoryQuotaStore } from "./memory-quota-store.ts";
import { quotaStoreContract } from "./quota-store.contract.ts";

quotaStoreContract("memory", {
  create: async (count) => {
    const store = new MemoryQuotaStore(new ManualClock());
    return Array.from({ length: count }, () => store);
  },
});

ledgerStoreContract("memory", { create: async () => new MemoryLedgerStore() });

test("the slot of a dead gateway is free when its lease ends", async () => {
  const clock = new ManualClock();
  const store = new MemoryQuotaStore(clock);
  const asked = { keyId: "k", callId: "1", requestsPerMinute: 600, concurrency: 1 };
  await store.admit(asked);
  clock.advance(limits.leaseMs - 1);
  expect(await store.admit({ ...asked, callId: "2" })).toMatchObject({ admitted: false });
  clock.advance(1);
  expect(await store.admit({ ...asked, callId: "2" })).toMatchObject({ admitted: true });
});

test("the rate refills with time, up to its minute", async () => {
  const clock = new ManualClock();
  const store = new MemoryQuotaStore(clock);
  const asked = { keyId: "k", callId: "1", requestsPerMinute: 2, concurrency: 10 };
  await store.admit(asked);
  clock.advance(3_600_000);
  expect(await store.admit(asked)).toEqual({ admitted: true, requestsLeft: 1 });
});
