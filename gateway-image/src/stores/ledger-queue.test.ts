/** The queue before the ledger: order, bounds, retries, and rows that no store will ever take. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limits } from "../limits.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { LedgerQueue } from "./ledger-queue.ts";
import { testRow } from "./ledger-store.contract.ts";
import { type LedgerRow, LedgerRowsRefused } from "./ledger-store.ts";
import { MemoryLedgerStore } from "./memory-ledger-store.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FaultyStore extends MemoryLedgerStore {
  away = false;
  poison = "";
  readonly batches: number[] = [];

  override async write(rows: readonly LedgerRow[]): Promise<void> {
    this.batches.push(rows.length);
    if (this.away) throw new Error("away");
    if (rows.some((row) => row.callId === this.poison)) throw new LedgerRowsRefused();
    await super.write(rows);
  }
}

/** A log on a disk that is as slow as the test wants. */
function slowLog() {
  const pending: (() => void)[] = [];
  const append = () => new Promise<void>((resolve) => pending.push(resolve));
  const log = {
    append,
    note: append,
    settle: () => {},
    close: async () => {},
    isFull: false,
  } as unknown as LedgerLog;
  return { log, write: () => pending.splice(0).forEach((resolve) => void resolve()) };
}

function create(rowsMax = 2_000, log: LedgerLog | null = null) {
  const store = new FaultyStore();
  const seen = { faults: 0, lost: [] as string[] };
  const events = {
    onFault: () => {
      seen.faults += 1;
    },
    onLost: ({ callId }: LedgerRow) => {
      seen.lost.push(callId);
    },
  };
  const queue = new LedgerQueue(store, rowsMax, events, log);
  return { store, seen, queue };
}

const open = (callId: string) => testRow({ callId, state: "open" });
const settled = (callId: string) => testRow({ callId });

describe("the ledger queue", () => {
  test("a call that was opened and settled before a flush is written once", async () => {
    const { store, queue } = create();
    queue.open(open("a"));
    void queue.settle(settled("a"));
    await vi.advanceTimersByTimeAsync(limits.ledgerFlushMs);
    expect(store.batches).toEqual([1]);
    expect(store.rows()).toMatchObject([{ callId: "a", state: "settled" }]);
  });

  test("an open row reaches the store only after the log has it", async () => {
    const { log, write } = slowLog();
    const { store, queue } = create(2_000, log);
    queue.open(open("a"));
    queue.open(open("b"));
    void queue.settle(settled("b"));
    await vi.advanceTimersByTimeAsync(limits.ledgerFlushMs * 4);
    expect(store.rows().map((row) => row.callId)).toEqual(["b"]);
    write();
    await vi.advanceTimersByTimeAsync(limits.ledgerFlushMs * 4);
    expect(store.rows().map((row) => [row.callId, row.state])).toEqual([
      ["b", "settled"],
      ["a", "open"],
    ]);
  });

  test("rows wait while the store is away, keep their order, and are written once", async () => {
    const { store, seen, queue } = create();
    store.away = true;
    queue.open(open("a"));
    await vi.advanceTimersByTimeAsync(limits.ledgerFlushMs);
    void queue.settle(settled("a"));
    queue.open(open("b"));
    expect(seen.faults).toBe(1);
    store.away = false;
    await vi.advanceTimersByTimeAsync(limits.ledgerRetryMs);
    expect(store.rows().map((row) => [row.callId, row.state])).toEqual([
      ["a", "settled"],
      ["b", "open"],
    ]);
    expect(seen.lost).toEqual([]);
    expect(queue.rows).toBe(0);
  });

  test("a full queue opens no call, and every open call can be settled", async () => {
    const { store, queue } = create(4);
    store.away = true;
    expect(queue.open(open("a"))).toBe(true);
    expect(queue.open(open("b"))).toBe(true);
    expect(queue.open(open("c"))).toBe(false);
    void queue.settle(settled("a"));
    expect(queue.open(open("d"))).toBe(true);
    expect(queue.rows).toBeLessThanOrEqual(4);
  });

  test("a refused row is found and counted; its neighbours are written", async () => {
    const { store, seen, queue } = create();
    store.poison = "c";
    for (const id of ["a", "b", "c", "d", "e"]) queue.open(open(id));
    await vi.advanceTimersByTimeAsync(limits.ledgerFlushMs);
    expect(store.rows().map((row) => row.callId)).toEqual(["a", "b", "d", "e"]);
    expect(seen).toMatchObject({ lost: ["c"], faults: 0 });
  });

  test("a batch is bounded", async () => {
    const { store, queue } = create();
    for (let index = 0; index < 700; index += 1) queue.open(open(`call-${index}`));
    await vi.advanceTimersByTimeAsync(limits.ledgerFlushMs * 3);
    expect(store.batches).toEqual([limits.ledgerBatchRowsMax, 200]);
  });

  test("a drain writes what waits, or says what is lost", async () => {
    const { store, seen, queue } = create();
    queue.open(open("a"));
    const drained = queue.drain(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await drained;
    expect(store.rows()).toHaveLength(1);
    store.away = true;
    queue.open(open("b"));
    const second = queue.drain(1_000);
    await vi.advanceTimersByTimeAsync(1_100);
    await second;
    expect(seen.lost).toEqual(["b"]);
  });
});
