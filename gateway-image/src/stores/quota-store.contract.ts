/** What every quota store must do; run on memory and on a real Redis. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Admission, QuotaStore } from "./quota-store.ts";

export interface QuotaStoreSubject {
  /** Several stores that share what they count, as the gateways of one site do. */
  readonly create: (count: number) => Promise<QuotaStore[]>;
}

export function quotaStoreContract(name: string, subject: QuotaStoreSubject): void {
  const admission = (change: Partial<Admission> = {}): Admission => ({
    keyId: `key-${randomUUID()}`,
    callId: randomUUID(),
    requestsPerMinute: 600_000,
    concurrency: 1_000,
    ...change,
  });
  const one = async () => (await subject.create(1))[0] as QuotaStore;

  describe(`quota store: ${name}`, () => {
    test("admits up to the rate, then says when to come again", async () => {
      const store = await one();
      const asked = admission({ requestsPerMinute: 3 });
      for (const left of [2, 1, 0]) {
        const verdict = await store.admit({ ...asked, callId: randomUUID() });
        expect(verdict).toEqual({ admitted: true, requestsLeft: left });
      }
      const verdict = await store.admit({ ...asked, callId: randomUUID() });
      expect(verdict).toMatchObject({ admitted: false, reason: "rate" });
      // One request is refilled in a third of a minute.
      const retryAfterMs = verdict.admitted ? 0 : verdict.retryAfterMs;
      expect(retryAfterMs).toBeGreaterThan(15_000);
      expect(retryAfterMs).toBeLessThanOrEqual(20_000);
    });

    test("admits up to the concurrency; a released slot is free", async () => {
      const store = await one();
      const asked = admission({ concurrency: 1 });
      expect(await store.admit(asked)).toMatchObject({ admitted: true });
      const second = { ...asked, callId: randomUUID() };
      expect(await store.admit(second)).toMatchObject({ admitted: false, reason: "concurrency" });
      await store.release(asked.keyId, asked.callId);
      await store.release(asked.keyId, asked.callId);
      expect(await store.admit(second)).toMatchObject({ admitted: true });
    });

    test("a refusal for concurrency uses up no request", async () => {
      const store = await one();
      const asked = admission({ concurrency: 1, requestsPerMinute: 2 });
      await store.admit(asked);
      for (let index = 0; index < 5; index += 1) {
        await store.admit({ ...asked, callId: randomUUID() });
      }
      await store.release(asked.keyId, asked.callId);
      const verdict = await store.admit({ ...asked, callId: randomUUID() });
      expect(verdict).toEqual({ admitted: true, requestsLeft: 0 });
    });

    test("keys do not share a quota", async () => {
      const store = await one();
      await store.admit(admission({ concurrency: 1 }));
      expect(await store.admit(admission({ concurrency: 1 }))).toMatchObject({ admitted: true });
    });

    test("a renewed slot stays taken", async () => {
      const store = await one();
      const asked = admission({ concurrency: 1 });
      await store.admit(asked);
      await store.renew([asked]);
      const second = await store.admit({ ...asked, callId: randomUUID() });
      expect(second).toMatchObject({ admitted: false });
    });

    test("1,000 at once over three gateways: exactly the cap is admitted", async () => {
      const stores = await subject.create(3);
      for (const cap of [1, 7, 137]) {
        const asked = admission({ concurrency: cap });
        const verdicts = await Promise.all(
          Array.from({ length: 1_000 }, (_, index) =>
            (stores[index % 3] as QuotaStore).admit({ ...asked, callId: randomUUID() }),
          ),
        );
        expect(verdicts.filter((verdict) => verdict.admitted)).toHaveLength(cap);
      }
    });
  });
}
