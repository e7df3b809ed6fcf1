/** What every ledger must do; run on memory and on a real PostgreSQL. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DURATION_EDGES_MS } from "./ledger-activity.ts";
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
    principal: "alice",
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
    costMicros: 120,
    currency: "CNY",
    latencyMs: 12.5,
    firstByteMs: null,
    ...change,
  };
}

export function ledgerStoreContract(name: string, subject: LedgerStoreSubject): void {
  const since = new Date(Date.now() - 3_600_000);
  const to = new Date(Date.now() + 3_600_000);
  const create = async () => {
    const store = await subject.create();
    await store.prepare();
    const principal = `user-${randomUUID()}`;
    return { store, principal, query: { principal, from: since, to } };
  };

  describe(`ledger: ${name}`, () => {
    test("sums what is settled by model, and leaves out others and open calls", async () => {
      const { store, principal, query } = await create();
      await store.write([
        testRow({ principal, model: "b" }),
        testRow({ principal, model: "a" }),
        testRow({ principal, model: "a", promptTokens: 1, completionTokens: 1, costMicros: 3 }),
        testRow({ principal, model: "a", state: "open" }),
        testRow({ principal: `${principal}-other` }),
        testRow({ principal, startedAt: to }),
      ]);
      const one = { currency: "CNY" };
      expect(await store.usage(query)).toEqual([
        { ...one, model: "a", requests: 2, promptTokens: 11, completionTokens: 6, costMicros: 123 },
        { ...one, model: "b", requests: 1, promptTokens: 10, completionTokens: 5, costMicros: 120 },
      ]);
      expect(await store.usage({ ...query, model: "b" })).toHaveLength(1);
    });

    test("a tenant's usage is that of its principals, and nobody else's", async () => {
      const { store } = await create();
      const tenant = `tenant-${randomUUID()}`;
      const rows = ["x", "y"].map((principal) => testRow({ principal, tenant }));
      await store.write([...rows, testRow({ tenant: `${tenant}-other` })]);
      expect(await store.usage({ tenant, from: since, to })).toMatchObject([{ requests: 2 }]);
    });

    test("a principal that is renamed is found by its pseudonym alone, with the same sums", async () => {
      const { store, principal, query } = await create();
      const other = `${principal}-other`;
      const rows = [testRow({ principal }), testRow({ principal, state: "open" })];
      await store.write([...rows, testRow({ principal: other })]);
      const before = await store.usage(query);
      const pseudonym = `erased-${randomUUID()}`;
      expect(await store.rename(principal, pseudonym)).toBe(2);
      expect(await store.rename(principal, pseudonym)).toBe(0);
      expect(await store.usage(query)).toEqual([]);
      expect(await store.usage({ ...query, principal: pseudonym })).toEqual(before);
      expect(await store.usage({ ...query, principal: other })).toMatchObject([{ requests: 1 }]);
    });

    test("days are UTC days of the start, the earliest first", async () => {
      const { store, principal } = await create();
      const at = (text: string, model = "m") =>
        testRow({ principal, model, startedAt: new Date(text) });
      await store.write([
        at("2026-03-02T00:00:00.000Z"),
        at("2026-03-01T23:59:59.999Z"),
        at("2026-03-01T00:00:00.000Z", "a"),
        at("2026-03-03T00:00:00.000Z"),
      ]);
      const query = { principal, from: new Date("2026-03-01"), to: new Date("2026-03-03") };
      const days = await store.dailyUsage(query);
      expect(days.map(({ day, model, requests }) => [day, model, requests])).toEqual([
        ["2026-03-01", "a", 1],
        ["2026-03-01", "m", 1],
        ["2026-03-02", "m", 1],
      ]);
    });

    test("calls that ended are told by span and model, with durations in bins", async () => {
      const { store, principal } = await create();
      const start = Math.floor((Date.now() - 600_000) / 60_000) * 60_000;
      const ended = (afterMs: number, change: Partial<LedgerRow> = {}) =>
        testRow({
          principal,
          startedAt: new Date(start),
          finishedAt: new Date(start + afterMs),
          ...change,
        });
      await store.write([
        ended(1_000, { latencyMs: 40, firstByteMs: 8 }),
        ended(29_999, { latencyMs: 700, firstByteMs: 20, streamed: false }),
        ended(30_000, { latencyMs: 9_000_000, status: "error" }),
        ended(30_000, { model: "a", latencyMs: null, status: "client_error" }),
        ended(60_000),
        ended(1_000, { principal: `${principal}-other` }),
        ended(1_000, { state: "open" }),
      ]);
      const query = { principal, from: new Date(start), to: new Date(start + 60_000) };
      const found = await store.activity({ ...query, spanMs: 30_000 });
      expect(found.map(({ at, model, requests }) => [at - start, model, requests])).toEqual([
        [0, "m", 2],
        [30_000, "a", 1],
        [30_000, "m", 1],
      ]);
      const [first, , last] = found;
      expect(first).toMatchObject({
        failed: 0,
        refused: 0,
        promptTokens: 20,
        completionTokens: 10,
      });
      expect([found[1]?.refused, last?.failed]).toEqual([1, 1]);
      const within = (bins: readonly number[] | undefined, edge: number) =>
        bins?.[DURATION_EDGES_MS.indexOf(edge as (typeof DURATION_EDGES_MS)[number])];
      expect([25, 50, 500, 750].map((edge) => within(first?.durations, edge))).toEqual([
        0, 1, 1, 2,
      ]);
      expect([first?.durations.at(-1), first?.firstBytes.at(-1)]).toEqual([2, 1]);
      // Longer than the last edge: measured, and in no bin.
      expect(last?.durations.slice(-2)).toEqual([0, 1]);
    });

    test("calls that did not end well are told, the newest first, and nobody else's", async () => {
      const { store, principal, query } = await create();
      const at = (agoMs: number, change: Partial<LedgerRow>) => {
        const time = new Date(Date.now() - agoMs);
        return testRow({ principal, startedAt: time, finishedAt: time, ...change });
      };
      await store.write([
        at(3_000, { requestId: "old", status: "error", httpStatus: 502, error: "upstream_failed" }),
        at(1_000, { requestId: "new", status: "client_error", httpStatus: 499 }),
        at(2_000, { requestId: "well" }),
        at(2_000, { requestId: "other", status: "error", principal: `${principal}-other` }),
      ]);
      const found = await store.faults({ ...query, limit: 10 });
      expect(found.map(({ requestId, httpStatus }) => [requestId, httpStatus])).toEqual([
        ["new", 499],
        ["old", 502],
      ]);
      expect(found[1]).toMatchObject({ principal, error: "upstream_failed", status: "error" });
      expect(found[0]?.finishedAt).toBeInstanceOf(Date);
      expect(await store.faults({ ...query, limit: 1 })).toHaveLength(1);
    });

    test("a call is one row, however often it is written", async () => {
      const { store, principal, query } = await create();
      const row = testRow({ principal });
      await store.write([{ ...row, state: "open", promptTokens: 0, completionTokens: 0 }]);
      await store.write([row]);
      await store.write([row]);
      expect(await store.usage(query)).toMatchObject([{ requests: 1, promptTokens: 10 }]);
    });

    test("settled is final: neither a late opening nor another settling changes it", async () => {
      const { store, principal, query } = await create();
      const row = testRow({ principal });
      await store.write([row]);
      await store.write([{ ...row, state: "open", promptTokens: 0 }]);
      await store.write([{ ...row, promptTokens: 999 }]);
      expect(await store.usage(query)).toMatchObject([{ requests: 1, promptTokens: 10 }]);
    });

    test("preparing again, and many at once, does no harm", async () => {
      const { store, principal, query } = await create();
      await store.write([testRow({ principal })]);
      await Promise.all([store.prepare(), store.prepare(), store.prepare()]);
      expect(await store.usage(query)).toHaveLength(1);
    });
  });
}
