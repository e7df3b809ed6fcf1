/** What every ledger must do; run on memory and on a real PostgreSQL. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { LedgerRow, LedgerStore } from "./ledger-store.ts";

export interface LedgerStoreSubject {
  readonly create: () => Promise<LedgerStore>;
}

export function testRow(change: Partial<LedgerRow> = {}): LedgerRow {
  return {
    callId: randomUUID(),
    state: "settled",
    requestId: "r",
    site: "primary",
    instance: "gateway-0",
    keyId: "first",
    tenant: "platform",
    endpoint: "/v1/chat/completions",
    model: "m",
    streamed: true,
    startedAt: new Date(),
    finishedAt: new Date(),
    status: "success",
    httpStatus: 200,
    error: null,
    promptTokens: 10,
    completionTokens: 5,
    usageSource: "reported",
    latencyMs: 12.5,
    firstByteMs: null,
    ...change,
  };
}

export function ledgerStoreContract(name: string, subject: LedgerStoreSubject): void {
  const since = new Date(Date.now() - 3_600_000);
  const create = async () => {
    const store = await subject.create();
    await store.prepare();
    return { store, keyId: `key-${randomUUID()}` };
  };

  describe(`ledger: ${name}`, () => {
    test("sums what is settled by model, and leaves out other keys and open calls", async () => {
      const { store, keyId } = await create();
      await store.write([
        testRow({ keyId, model: "b" }),
        testRow({ keyId, model: "a" }),
        testRow({ keyId, model: "a", promptTokens: 1, completionTokens: 1 }),
        testRow({ keyId, model: "a", state: "open" }),
        testRow({ keyId: `${keyId}-other` }),
      ]);
      expect(await store.usage(keyId, since)).toEqual([
        { model: "a", requests: 2, promptTokens: 11, completionTokens: 6 },
        { model: "b", requests: 1, promptTokens: 10, completionTokens: 5 },
      ]);
    });

    test("a call is one row, however often it is written", async () => {
      const { store, keyId } = await create();
      const row = testRow({ keyId });
      await store.write([{ ...row, state: "open", promptTokens: 0, completionTokens: 0 }]);
      await store.write([row]);
      await store.write([row]);
      expect(await store.usage(keyId, since)).toMatchObject([{ requests: 1, promptTokens: 10 }]);
    });

    test("settled is final: neither a late opening nor another settling changes it", async () => {
      const { store, keyId } = await create();
      const row = testRow({ keyId });
      await store.write([row]);
      await store.write([{ ...row, state: "open", promptTokens: 0 }]);
      await store.write([{ ...row, promptTokens: 999 }]);
      expect(await store.usage(keyId, since)).toMatchObject([{ requests: 1, promptTokens: 10 }]);
    });

    test("preparing again, and many at once, does no harm", async () => {
      const { store, keyId } = await create();
      await store.write([testRow({ keyId })]);
      await Promise.all([store.prepare(), store.prepare(), store.prepare()]);
      expect(await store.usage(keyId, since)).toHaveLength(1);
    });
  });
}
