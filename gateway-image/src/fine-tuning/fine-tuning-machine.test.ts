/** Several gateways on one store: each job is looked at, one that dies leaves nothing, faults pass. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import { MemoryJobStore } from "../stores/memory-job-store.ts";
import { FINE_TUNINGS, type FineTuning, type FineTuningDriver, type Sight } from "./fine-tuning.ts";
import { FineTuningMachine } from "./fine-tuning-machine.ts";
import { testFineTuning } from "./test-fine-tuning.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now() };

function driverOf(look: FineTuningDriver["look"]) {
  const removed: string[] = [];
  const driver: FineTuningDriver = {
    simulated: false,
    lookMs: 1_000,
    look,
    remove: async ({ id }) => void removed.push(id),
    close: async () => {},
  };
  return { driver, removed };
}

function create(store: MemoryJobStore<FineTuning>, driver: FineTuningDriver, owner = "a") {
  const faults: unknown[] = [];
  const ended: string[] = [];
  const machine = new FineTuningMachine({
    store,
    driver,
    clock,
    owner,
    onFault: (cause) => void faults.push(cause),
    onEnd: ({ id, state }) => void ended.push(`${id} ${state}`),
  });
  return { machine, faults, ended };
}

const stored = async (...jobs: FineTuning[]) => {
  const store = new MemoryJobStore(FINE_TUNINGS);
  for (const job of jobs) await store.insert(job, []);
  return store;
};
const GOOD: Sight = { kind: "succeeded", model: "ft:m", trainedTokens: 5 };

test("a job goes through its states and ends once, whoever looks", async () => {
  const job = testFineTuning();
  const store = await stored(job);
  const sights: Sight[] = [{ kind: "waiting" }, { kind: "running" }, { kind: "running" }, GOOD];
  const look = vi.fn(async () => sights.shift() ?? GOOD);
  const machines = ["a", "b"].map((owner) => create(store, driverOf(look).driver, owner));
  for (const { machine } of machines) machine.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await store.get(job.id)).toMatchObject({
    state: "succeeded",
    dueMs: null,
    detail: { fineTunedModel: "ft:m", trainedTokens: 5, phase: "running" },
  });
  expect(look).toHaveBeenCalledTimes(4);
  expect(machines.flatMap(({ ended }) => ended)).toEqual([`${job.id} succeeded`]);
  for (const { machine } of machines) await machine.stop();
});

test("no more are looked at at once than there is room for", async () => {
  const store = await stored(...Array.from({ length: 20 }, () => testFineTuning()));
  let now = 0;
  let most = 0;
  const { driver } = driverOf(async () => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 50));
    now -= 1;
    return GOOD;
  });
  const { machine, ended } = create(store, driver);
  machine.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([most, ended.length]).toEqual([limits.fineTuningsAtOnce, 20]);
  await machine.stop();
});

test("a cluster that is away is asked again, later and later; nothing is lost", async () => {
  const job = testFineTuning();
  const store = await stored(job);
  let away = true;
  const look = vi.fn(async () => {
    if (away) throw new Error("ECONNREFUSED");
    return GOOD;
  });
  const { machine, faults } = create(store, driverOf(look).driver);
  machine.start();
  await vi.advanceTimersByTimeAsync(600_000);
  const asked = look.mock.calls.length;
  expect(asked).toBeGreaterThan(8);
  expect(asked).toBeLessThan(40);
  expect(faults).toHaveLength(asked);
  expect((await store.get(job.id))?.state).toBe("queued");
  away = false;
  await vi.advanceTimersByTimeAsync(limits.fineTuningRetryMsMax + 1_000);
  expect((await store.get(job.id))?.state).toBe("succeeded");
  await machine.stop();
});

test("a look that never ends is given up in time, and its place is free", async () => {
  vi.useRealTimers();
  const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    return stop.signal;
  });
  const store = await stored(testFineTuning());
  const { driver } = driverOf(
    (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error())),
      ),
  );
  const { machine, faults } = create(store, driver);
  machine.start();
  await expect.poll(() => faults.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(timeout).toHaveBeenCalledWith(limits.fineTuningTimeoutMs);
  timeout.mockRestore();
  await machine.stop();
});

test("one that is cancelled is removed, also where a look begins it afterwards", async () => {
  const job = testFineTuning();
  const store = await stored(job);
  const begun = new Set<string>();
  let go = () => {};
  const { driver } = driverOf(async ({ id }) => {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    begun.add(id);
    return { kind: "waiting" };
  });
  const removing = { ...driver, remove: async ({ id }: FineTuning) => void begun.delete(id) };
  const { machine } = create(store, removing);
  machine.start();
  await vi.advanceTimersByTimeAsync(10);
  await store.cancel(job.id, Date.now());
  machine.wake();
  await vi.advanceTimersByTimeAsync(100);
  go();
  await vi.advanceTimersByTimeAsync(100);
  expect([...begun]).toEqual([]);
  // A gateway that died in between would have left it: the second removal is for that.
  begun.add(job.id);
  await vi.advanceTimersByTimeAsync(limits.jobLeaseMs + 2_000);
  expect([...begun]).toEqual([]);
  expect(await store.get(job.id)).toMatchObject({ state: "cancelled", dueMs: null });
  await machine.stop();
});

test("a gateway that dies with a job lets it go, and another looks on", async () => {
  const job = testFineTuning();
  const store = await stored(job);
  await store.claim("dead", "compute", 0, limits.jobLeaseMs, 1);
  const { machine, ended } = create(store, driverOf(async () => GOOD).driver, "b");
  machine.start();
  await vi.advanceTimersByTimeAsync(limits.jobLeaseMs - 1_000);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ended).toEqual([`${job.id} succeeded`]);
  await machine.stop();
});

test("a store that is away loses no job, and a second look does no harm", async () => {
  const job = testFineTuning();
  const store = await stored(job);
  const finish = store.finish.bind(store);
  store.finish = () => Promise.reject(new Error("away"));
  const { machine, faults } = create(store, driverOf(async () => GOOD).driver);
  machine.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(faults).toHaveLength(1);
  store.finish = finish;
  await vi.advanceTimersByTimeAsync(limits.jobLeaseMs + 2_000);
  expect((await store.get(job.id))?.state).toBe("succeeded");
  await machine.stop();
});

test("a stop ends looks at once, and is no fault of theirs", async () => {
  const job = testFineTuning();
  const store = await stored(job);
  const { driver } = driverOf(
    (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error())),
      ),
  );
  const { machine } = create(store, driver);
  machine.start();
  await vi.advanceTimersByTimeAsync(10);
  const stopped = machine.stop();
  await vi.advanceTimersByTimeAsync(100);
  await stopped;
  expect((await store.get(job.id))?.detail.faults).toBe(0);
});
