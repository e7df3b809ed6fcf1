/** Jobs are taken, computed, tried again and told, whatever dies meanwhile. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import { testJob } from "../stores/job-store.contract.ts";
import { MemoryJobStore } from "../stores/memory-job-store.ts";
import { type Compute, type Computed, JobRunner, type JobRunnerParts } from "./job-runner.ts";
import { ASYNC_JOBS, type Job } from "./job-store.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now() };
const WEBHOOK = {
  url: "https://a.example/",
  secret: "sealed",
  includeResult: false,
  state: "waiting" as const,
  attempts: 0,
};
const LATER = { kind: "later", afterMs: 5_000, error: '{"error":1}', counts: true } as const;

function create(
  store: MemoryJobStore,
  { compute = kept, ...change }: Partial<JobRunnerParts> & { compute?: Compute } = {},
) {
  const faults: unknown[] = [];
  const ended: Job[] = [];
  const runner = new JobRunner({
    store,
    clock,
    owner: "a",
    concurrency: 2,
    tell: async () => "delivered",
    onFault: (cause) => void faults.push(cause),
    onEnd: (job) => void ended.push(job),
    ...change,
  });
  runner.computeWith(compute);
  return { runner, faults, ended };
}

const kept: Compute = async (_job, _signal, keep) => {
  await keep("sealed");
  return { kind: "succeeded" };
};

async function insert(store: MemoryJobStore, ...changes: Partial<Job>[]): Promise<string[]> {
  const jobs = changes.map((change) => testJob({ createdMs: 0, dueMs: 0, ...change }));
  for (const job of jobs) await store.insert(job, []);
  return jobs.map(({ id }) => id);
}

/** Ends when it is told to. */
function slow() {
  const ends: ((computed: Computed) => void)[] = [];
  const compute: Compute = (_job, signal, keep) =>
    new Promise<Computed>((resolve) => {
      ends.push((computed) => {
        const before = computed.kind === "succeeded" ? keep("sealed") : Promise.resolve(true);
        void before.then(() => resolve(computed));
      });
      signal.addEventListener("abort", () => resolve({ ...LATER, counts: false }));
    });
  return { compute, ends };
}

describe("a job", () => {
  test("is computed, kept for a while, and its webhook told", async () => {
    const store = new MemoryJobStore(ASYNC_JOBS);
    const [id = ""] = await insert(store, { detail: { ...testJob().detail, webhook: WEBHOOK } });
    const { runner, ended } = create(store);
    runner.start();
    await vi.advanceTimersByTimeAsync(limits.jobPollMs);
    expect(await store.get(id)).toMatchObject({
      state: "succeeded",
      dueMs: null,
      attempts: 1,
      detail: { result: "sealed", webhook: { state: "delivered", attempts: 1 } },
    });
    expect(ended).toHaveLength(1);
    await runner.stop(0);
  });

  test("more than there is room for waits, and is taken when there is", async () => {
    const store = new MemoryJobStore(ASYNC_JOBS);
    await insert(store, {}, {}, {});
    const { compute, ends } = slow();
    const { runner } = create(store, { compute });
    runner.start();
    await vi.advanceTimersByTimeAsync(limits.jobPollMs * 2);
    expect([runner.running, ends.length]).toEqual([2, 2]);
    ends[0]?.({ kind: "failed", error: "{}" });
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toHaveLength(3);
    const stopped = runner.stop(0);
    await vi.advanceTimersByTimeAsync(100);
    await stopped;
  });

  test("that cannot be served now is tried again, so often and so long, and then fails with the reason", async () => {
    const store = new MemoryJobStore(ASYNC_JOBS);
    const [id = ""] = await insert(store, {});
    let computed = 0;
    const { runner } = create(store, {
      compute: async () => {
        computed += 1;
        return LATER;
      },
    });
    runner.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(computed).toBe(limits.jobAttemptsMax);
    expect(await store.get(id)).toMatchObject({
      state: "failed",
      detail: { error: '{"error":1}' },
    });
    await runner.stop(0);
  });

  test("that waits for its quota does not use up its attempts, but its time", async () => {
    const store = new MemoryJobStore(ASYNC_JOBS);
    const [id = ""] = await insert(store, {});
    const { runner } = create(store, {
      compute: async () => ({ ...LATER, afterMs: limits.jobDeadlineMs / 10, counts: false }),
    });
    runner.start();
    await vi.advanceTimersByTimeAsync(limits.jobDeadlineMs / 2);
    expect(await store.get(id)).toMatchObject({ state: "queued", attempts: 0 });
    await vi.advanceTimersByTimeAsync(limits.jobDeadlineMs);
    expect((await store.get(id))?.state).toBe("failed");
    await runner.stop(0);
  });

  test("of a gateway that died is taken by another when its lease ends, but not for ever", async () => {
    const store = new MemoryJobStore(ASYNC_JOBS);
    const [id = ""] = await insert(store, {});
    // Gateways that take it and die: nothing is written, no lease renewed.
    for (let death = 0; death < limits.jobAttemptsMax; death += 1) {
      expect(
        await store.claim(`dead-${death}`, "compute", Date.now(), Date.now() + 10, 1),
      ).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(20);
    }
    const { runner } = create(store);
    runner.start();
    await vi.advanceTimersByTimeAsync(limits.jobPollMs);
    expect(await store.get(id)).toMatchObject({ state: "failed" });
    await runner.stop(0);
  });

  test("that is cancelled elsewhere is stopped here at the next renewal", async () => {
    const store = new MemoryJobStore(ASYNC_JOBS);
    const [id = ""] = await insert(store, {});
    const { compute } = slow();
    const { runner } = create(store, { compute });
    runner.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(await store.cancel(id, Date.now())).not.toBeNull();
    await vi.advanceTimersByTimeAsync(limits.jobRenewalMs + limits.jobPollMs);
    expect(runner.running).toBe(0);
    expect((await store.get(id))?.state).toBe("cancelled");
    await runner.stop(0);
  });
});

test("webhooks that do not answer hold up no job", async () => {
  const store = new MemoryJobStore(ASYNC_JOBS);
  const detail = { ...testJob().detail, webhook: WEBHOOK };
  const told = Array.from({ length: 50 }, () => ({ state: "succeeded" as const, detail }));
  await insert(store, ...told);
  const [id = ""] = await insert(store, { dueMs: 1 });
  const { runner } = create(store, { tell: () => new Promise(() => {}) });
  runner.start();
  await vi.advanceTimersByTimeAsync(limits.jobPollMs);
  expect((await store.get(id))?.state).toBe("succeeded");
  expect(runner.running).toBe(limits.webhooksAtOnce);
});

test("a job that still runs here when its lease has ended is not begun a second time", async () => {
  const store = new MemoryJobStore(ASYNC_JOBS);
  const [id = ""] = await insert(store, {});
  store.renew = () => Promise.reject(new Error("away"));
  const { compute, ends } = slow();
  const { runner } = create(store, { compute });
  runner.start();
  await vi.advanceTimersByTimeAsync(limits.jobLeaseMs * 3);
  expect(ends).toHaveLength(1);
  ends[0]?.({ kind: "succeeded" });
  await vi.advanceTimersByTimeAsync(1);
  expect(await store.get(id)).toMatchObject({ state: "succeeded", detail: { request: "" } });
  await runner.stop(0);
});

test("a stop lets jobs end, and gives back what does not", async () => {
  const store = new MemoryJobStore(ASYNC_JOBS);
  const [first = "", second = ""] = await insert(store, {}, {});
  const { compute, ends } = slow();
  const { runner } = create(store, { compute });
  runner.start();
  await vi.advanceTimersByTimeAsync(10);
  const stopped = runner.stop(1_000);
  await vi.advanceTimersByTimeAsync(500);
  ends[0]?.({ kind: "succeeded" });
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
  const states = [await store.get(first), await store.get(second)].map((job) => job?.state);
  expect(states.sort()).toEqual(["queued", "succeeded"]);
  expect(await store.claim("b", "compute", Date.now(), Date.now() + 1, 9)).toHaveLength(1);
});

test("a store that is away is asked again, and what was computed meanwhile is computed again", async () => {
  const store = new MemoryJobStore(ASYNC_JOBS);
  const [id = ""] = await insert(store, {});
  const finish = store.finish.bind(store);
  store.finish = () => Promise.reject(new Error("away"));
  const { runner, faults } = create(store);
  runner.start();
  await vi.advanceTimersByTimeAsync(limits.jobPollMs);
  expect(faults.length).toBeGreaterThan(0);
  store.finish = finish;
  await vi.advanceTimersByTimeAsync(limits.jobLeaseMs + limits.jobPollMs);
  expect((await store.get(id))?.state).toBe("succeeded");
  await runner.stop(0);
});

test("a webhook that does not answer is told again, later and later, and then no more", async () => {
  const store = new MemoryJobStore(ASYNC_JOBS);
  const detail = { ...testJob().detail, webhook: WEBHOOK };
  const [id = ""] = await insert(store, { state: "succeeded", detail });
  let told = 0;
  const { runner } = create(store, {
    tell: async () => {
      told += 1;
      return "later";
    },
  });
  runner.start();
  await vi.advanceTimersByTimeAsync(3_600_000 * 2);
  expect(told).toBe(limits.webhookAttemptsMax);
  expect((await store.get(id))?.detail.webhook).toMatchObject({ state: "failed" });
  await runner.stop(0);
});
