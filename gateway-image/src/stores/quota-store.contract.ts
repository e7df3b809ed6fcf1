/** What every quota store must do; run for each implementation. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Limits } from "../directory/entities.ts";
import { MICROS, type QuotaStore, type Reservation, type Scope } from "./quota-store.ts";

export interface QuotaStoreContract {
  /** So many stores on one set of accounts, as the gateways of a site have. */
  readonly create: (count: number) => Promise<readonly QuotaStore[]>;
}

export function quotaStoreContract(name: string, { create }: QuotaStoreContract): void {
  describe(`the quota store of ${name}`, () => contract(create));
}

function contract(create: QuotaStoreContract["create"]): void {
  const open = async (): Promise<QuotaStore> => {
    const [store] = await create(1);
    if (store === undefined) throw new Error("no store");
    return store;
  };
  const scope = (limits: Limits, id = `user:${randomUUID()}`): Scope => ({ id, limits });
  const call = (scopes: readonly Scope[], change: Partial<Reservation> = {}): Reservation => ({
    callId: randomUUID(),
    scopes,
    tokens: 0,
    costMicros: 0,
    ...change,
  });
  /** Settles with what was used: nothing, if not said otherwise. */
  const free = async (store: QuotaStore, reservation: Reservation, tokens = 0, costMicros = 0) => {
    const probe = await store.reserve(call([]));
    const month = probe.admitted ? probe.month : "";
    await store.settle({ reservation, tokens, costMicros, month });
  };

  test("a burst of a minute's requests is admitted, the next one is told when to come", async () => {
    const store = await open();
    const own = scope({ requestsPerMinute: 5 });
    for (let index = 0; index < 5; index += 1) {
      expect(await store.reserve(call([own]))).toMatchObject({ admitted: true });
    }
    const refused = await store.reserve(call([own]));
    expect(refused).toMatchObject({ admitted: false, scope: own.id, limit: "requestsPerMinute" });
    if (refused.admitted) throw new Error("admitted");
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(12_000);
  });

  test("whoever is refused is not told that something is left", async () => {
    const store = await open();
    const own = scope({ requestsPerSecond: 1 });
    await store.reserve(call([own]));
    let looks = 0;
    for (; looks < 100; looks += 1) {
      const verdict = await store.reserve(call([own]));
      if (verdict.admitted) break;
      expect(verdict).toMatchObject({ max: 1, used: 1 });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(looks).toBeGreaterThan(0);
  });

  test("slots are taken, freed by settling, and freeing twice is freeing once", async () => {
    const store = await open();
    const own = scope({ concurrency: 1 });
    const first = call([own]);
    expect((await store.reserve(first)).admitted).toBe(true);
    expect(await store.reserve(call([own]))).toMatchObject({ limit: "concurrency", used: 1 });
    await free(store, first);
    await free(store, first);
    expect((await store.reserve(call([own]))).admitted).toBe(true);
    expect((await store.reserve(call([own]))).admitted).toBe(false);
  });

  test("calls that end at the same moment give back each its own", async () => {
    const store = await open();
    const [first, second] = [scope({ concurrency: 40 }), scope({ tokensPerMinute: 1_000 })];
    const calls = Array.from({ length: 40 }, (_, index) =>
      call(index % 2 === 0 ? [first] : [first, second], { tokens: 50 }),
    );
    for (const one of calls) expect((await store.reserve(one)).admitted).toBe(true);
    const probe = await store.reserve(call([]));
    const month = probe.admitted ? probe.month : "";
    const settled = calls.map((reservation, index) =>
      store.settle({ reservation, tokens: index % 4 === 1 ? 50 : 0, costMicros: 0, month }),
    );
    await Promise.all(settled);
    const standings = await store.read([first, second]);
    expect(standings.find(({ limit }) => limit === "concurrency")).toMatchObject({ used: 0 });
    const tokens = standings.find(({ limit }) => limit === "tokensPerMinute");
    // Ten of them had used what they reserved; a few come back by time alone.
    expect(tokens?.used).toBeLessThanOrEqual(500);
    expect(tokens?.used).toBeGreaterThan(300);
  });

  test("tokens are reserved at their bound and given back when less was used", async () => {
    const store = await open();
    const own = scope({ tokensPerMinute: 1_000 });
    const first = call([own], { tokens: 900 });
    expect((await store.reserve(first)).admitted).toBe(true);
    expect(await store.reserve(call([own], { tokens: 200 }))).toMatchObject({
      limit: "tokensPerMinute",
    });
    await free(store, first, 100);
    expect((await store.reserve(call([own], { tokens: 800 }))).admitted).toBe(true);
  });

  test("what was used beyond the reservation is a debt, not forgiven", async () => {
    const store = await open();
    const own = scope({ tokensPerMinute: 1_000 });
    const first = call([own], { tokens: 100 });
    await store.reserve(first);
    await free(store, first, 5_000);
    const refused = await store.reserve(call([own], { tokens: 1 }));
    if (refused.admitted) throw new Error("admitted");
    // 4,000 below zero at 1,000 a minute.
    expect(refused.retryAfterMs).toBeGreaterThan(230_000);
  });

  test("a day's requests and a month's budget are windows", async () => {
    const store = await open();
    const own = scope({ requestsPerDay: 2, costPerMonth: 1 });
    const dear = call([own], { costMicros: 0.7 * MICROS });
    expect((await store.reserve(dear)).admitted).toBe(true);
    const second = await store.reserve(call([own], { costMicros: 0.4 * MICROS }));
    expect(second).toMatchObject({ admitted: false, limit: "costPerMonth", max: MICROS });
    await free(store, dear, 0, 0.1 * MICROS);
    const third = call([own], { costMicros: 0.4 * MICROS });
    expect((await store.reserve(third)).admitted).toBe(true);
    expect(await store.reserve(call([own]))).toMatchObject({ limit: "requestsPerDay", used: 2 });
  });

  test("a call that one scope refuses has used up nothing of the others", async () => {
    const store = await open();
    const wide = scope({
      requestsPerMinute: 3,
      requestsPerDay: 3,
      concurrency: 3,
      tokensPerMinute: 30,
    });
    const narrow = scope({ requestsPerDay: 1 });
    expect((await store.reserve(call([wide, narrow], { tokens: 10 }))).admitted).toBe(true);
    for (let index = 0; index < 4; index += 1) {
      const refused = await store.reserve(call([wide, narrow], { tokens: 10 }));
      expect(refused).toMatchObject({ admitted: false, scope: narrow.id });
    }
    const left = (await store.read([wide])).map(({ limit, used }) => [limit, used]);
    expect(Object.fromEntries(left)).toEqual({
      requestsPerMinute: expect.closeTo(1, 0),
      requestsPerDay: 1,
      tokensPerMinute: expect.closeTo(10, 0),
      concurrency: 1,
    });
  });

  test("the standings say what is used of each limit", async () => {
    const store = await open();
    const own = scope({ requestsPerSecond: 100, requestsPerDay: 10, costPerMonth: 5 });
    const verdict = await store.reserve(call([own], { costMicros: MICROS }));
    if (!verdict.admitted) throw new Error("refused");
    expect(verdict.month).toMatch(/^\d{4}-\d{2}$/);
    const found = Object.fromEntries(verdict.standings.map((one) => [one.limit, one]));
    expect(found.requestsPerDay).toMatchObject({ max: 10, used: 1 });
    expect(found.costPerMonth).toMatchObject({ max: 5 * MICROS, used: MICROS });
    expect(found.costPerMonth?.resetMs).toBeLessThanOrEqual(31 * 86_400_000);
    expect(found.requestsPerDay?.resetMs).toBeLessThanOrEqual(86_400_000);
  });

  test("many at once are admitted exactly as often as the limits say", async () => {
    const stores = await create(3);
    const tenant = scope({ concurrency: 40 });
    const users = Array.from({ length: 10 }, () => scope({ concurrency: 5, tokensPerMinute: 70 }));
    const verdicts = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => {
        const asked = call([users[index % 10] ?? tenant, tenant], { tokens: 10 });
        return stores[index % 3]?.reserve(asked);
      }),
    );
    expect(verdicts.filter((verdict) => verdict?.admitted)).toHaveLength(40);
  });

  test("a call without scopes is admitted", async () => {
    const store = await open();
    expect(await store.reserve(call([]))).toMatchObject({ admitted: true, standings: [] });
  });
}
