/** What every store of jobs must do; run for each implementation. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Job, JobStore } from "../jobs/job-store.ts";

export function testJob(change: Partial<Job> = {}): Job {
  return {
    id: randomUUID(),
    kind: "completions",
    tenant: "bank",
    principal: `p-${randomUUID()}`,
    state: "queued",
    createdMs: 1_000,
    dueMs: 1_000,
    attempts: 0,
    expiresMs: 9_000_000_000_000,
    detail: {
      credential: "first",
      method: "api_key",
      address: "127.0.0.1",
      requestId: "r",
      dataClass: "open",
      model: "m",
      request: "sealed 两",
      requestHash: "h",
      startedMs: null,
      finishedMs: null,
      result: null,
      error: null,
      webhook: null,
    },
    ...change,
  };
}

export function jobStoreContract(
  name: string,
  { create }: { readonly create: () => Promise<JobStore> },
): void {
  const open = async (...jobs: Job[]) => {
    const store = await create();
    await store.prepare();
    // The table is shared with other tests: nothing of theirs is due.
    await store.claim("nobody", "compute", 8e15, 8.1e15, 10_000);
    await store.claim("nobody", "tell", 8e15, 8.1e15, 10_000);
    for (const job of jobs) expect(await store.insert(job, [])).toBe("made");
    return store;
  };

  describe(`the store of jobs in ${name}`, () => {
    test("a job comes back as it went in; an id is taken once", async () => {
      const webhook = {
        url: "https://a.example/",
        secret: "sealed",
        includeResult: true,
        state: "waiting" as const,
        attempts: 0,
      };
      const job = testJob({ detail: { ...testJob().detail, webhook } });
      const store = await open(job);
      expect(await store.get(job.id)).toEqual(job);
      expect(await store.insert({ ...job, principal: "mallory" }, [])).toBe("taken");
      expect((await store.get(job.id))?.principal).toBe(job.principal);
      expect(await store.get(randomUUID())).toBeNull();
    });

    test("what is due is taken once, the longest due first, and not before its time", async () => {
      const jobs = [30, 10, 20, 99].map((dueMs) => testJob({ dueMs }));
      const store = await open(...jobs);
      const first = await store.claim("a", "compute", 50, 1_000, 2);
      expect(first.map(({ id }) => id).sort()).toEqual([jobs[1]?.id, jobs[2]?.id].sort());
      expect(first).toMatchObject([
        { state: "running", dueMs: 1_000, attempts: 1 },
        { state: "running", attempts: 1 },
      ]);
      expect((await store.claim("b", "compute", 50, 1_000, 9)).map(({ id }) => id)).toEqual([
        jobs[0]?.id,
      ]);
      expect(await store.claim("c", "compute", 50, 1_000, 9)).toEqual([]);
    });

    test("many takers at once never take the same", async () => {
      const jobs = Array.from({ length: 40 }, () => testJob({ dueMs: 5 }));
      const store = await open(...jobs);
      const takers = Array.from({ length: 8 }, (_, index) =>
        store.claim(`t${index}`, "compute", 10, 500, 9),
      );
      const taken = (await Promise.all(takers)).flat().map(({ id }) => id);
      expect(new Set(taken).size).toBe(taken.length);
      const rest = await store.claim("last", "compute", 10, 500, 99);
      expect(taken.length + rest.length).toBe(40);
    });

    test("a lease that is not renewed ends, and its former owner can write nothing", async () => {
      const job = testJob({ dueMs: 5 });
      const store = await open(job);
      await store.claim("a", "compute", 10, 100, 1);
      expect(await store.renew("a", [job.id], 200)).toEqual([job.id]);
      expect(await store.claim("b", "compute", 150, 300, 1)).toEqual([]);
      expect(await store.claim("b", "compute", 250, 400, 1)).toMatchObject([
        { id: job.id, state: "running", attempts: 2 },
      ]);
      expect(await store.renew("a", [job.id], 999)).toEqual([]);
      expect(await store.finish("a", { ...job, state: "succeeded", dueMs: null })).toBe(false);
      expect(
        await store.finish("b", { ...job, state: "succeeded", dueMs: null, attempts: 7 }),
      ).toBe(true);
      expect(await store.finish("b", { ...job, state: "failed" })).toBe(false);
      expect(await store.get(job.id)).toMatchObject({
        state: "succeeded",
        dueMs: null,
        attempts: 7,
      });
      expect(await store.claim("c", "compute", 9_000, 9_100, 9)).toEqual([]);
    });

    test("a job may be due between two milliseconds", async () => {
      const job = testJob({ dueMs: 5 });
      const store = await open(job);
      await store.claim("a", "compute", 10, 100, 1);
      expect(await store.finish("a", { ...job, dueMs: 20.5 })).toBe(true);
      expect(await store.claim("b", "compute", 20, 100, 1)).toEqual([]);
      expect(await store.claim("b", "compute", 21, 100, 1)).toMatchObject([{ id: job.id }]);
    });

    test("an open job is cancelled, whoever has it; one that has ended is not", async () => {
      const [queued, running, told] = [testJob({ dueMs: 5 }), testJob({ dueMs: 6 }), testJob()];
      const webhook = {
        url: "https://a.example/",
        secret: "sealed",
        includeResult: false,
        state: "waiting" as const,
        attempts: 0,
      };
      const store = await open(queued, running, {
        ...told,
        dueMs: 7,
        detail: { ...told.detail, webhook },
      });
      expect(await store.cancel(queued.id, 50)).toMatchObject({ state: "cancelled", dueMs: null });
      await store.claim("a", "compute", 10, 100, 1);
      expect(await store.cancel(running.id, 50)).toMatchObject({ state: "cancelled" });
      expect(await store.renew("a", [running.id], 999)).toEqual([]);
      // Its webhook is still to be told.
      expect(await store.cancel(told.id, 50)).toMatchObject({ state: "cancelled", dueMs: 50 });
      expect(await store.claim("b", "compute", 60, 100, 9)).toEqual([]);
      expect(await store.claim("b", "tell", 60, 100, 9)).toMatchObject([
        { id: told.id, state: "cancelled" },
      ]);
      expect(await store.cancel(queued.id, 60)).toBeNull();
      expect(await store.cancel(randomUUID(), 60)).toBeNull();
    });

    test("lists a principal's own, the newest first, page by page", async () => {
      const principal = `p-${randomUUID()}`;
      const jobs = [1, 2, 3, 4].map((createdMs) => testJob({ principal, createdMs }));
      const done = testJob({ principal, createdMs: 5, state: "failed", dueMs: null });
      const store = await open(...jobs, done, testJob());
      const page = { principal, kind: "completions" as const, limit: 2 };
      const first = await store.list(page);
      expect(first.map(({ createdMs }) => createdMs)).toEqual([5, 4]);
      const second = await store.list({ ...page, limit: 9, before: first[1]?.id });
      expect(second.map(({ createdMs }) => createdMs)).toEqual([3, 2, 1]);
      expect(await store.list({ ...page, before: randomUUID() })).toEqual([]);
      expect(await store.list({ ...page, kind: "chat/completions" })).toEqual([]);
    });

    test("all of a principal's are erased, also while they run, and nobody else's", async () => {
      const principal = `p-${randomUUID()}`;
      const [first, second, other] = [testJob({ principal }), testJob({ principal }), testJob()];
      const store = await open(first, second, other);
      const [taken] = await store.claim("one", "compute", 2_000, 9_000, 1);
      expect((await store.erase(principal)).sort()).toEqual([first.id, second.id].sort());
      expect(await store.erase(principal)).toEqual([]);
      expect(await store.get(first.id)).toBeNull();
      expect(await store.get(other.id)).not.toBeNull();
      if (taken?.principal !== principal) throw new Error("the oldest was not taken first");
      expect(await store.finish("one", { ...taken, state: "succeeded" })).toBe(false);
      expect(await store.renew("one", [taken.id], 9_999)).toEqual([]);
    });

    test("where there is room for so many and no more, no burst makes more", async () => {
      const principal = `p-${randomUUID()}`;
      const tenant = `t-${randomUUID()}`;
      const ended = testJob({ principal, tenant, state: "failed", dueMs: null });
      const store = await open(ended, testJob({ principal, tenant }));
      const whole = { tenant, max: 6 };
      const many = async (count: number, who: string) => {
        const jobs = Array.from({ length: count }, () => testJob({ principal: who, tenant }));
        const rooms = [{ principal: who, max: 4 }, whole];
        const told = await Promise.all(jobs.map((job) => store.insert(job, rooms)));
        return told.filter((one) => one === "made").length;
      };
      expect(await many(12, principal)).toBe(3);
      expect(await many(12, `p-${randomUUID()}`)).toBe(2);
      const kind = "completions" as const;
      const listed = await store.list({ tenant, kind, limit: 99 });
      expect(listed).toHaveLength(7);
      expect(await store.insert(ended, [])).toBe("taken");
      // One that ends makes room.
      await store.cancel(listed.find(({ state }) => state === "queued")?.id ?? "", 1);
      expect(await store.insert(testJob({ tenant }), [whole])).toBe("made");
      expect(await store.insert(testJob({ tenant }), [whole])).toBe("full");
    });

    test("what has expired is gone", async () => {
      const job = testJob({ expiresMs: 40 });
      const store = await open(job);
      await store.purge(39);
      expect(await store.get(job.id)).not.toBeNull();
      expect(await store.purge(40)).toBe(1);
      expect(await store.get(job.id)).toBeNull();
    });
  });
}
