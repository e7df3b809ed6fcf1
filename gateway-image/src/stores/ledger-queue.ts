/**
 * Between requests and the ledger: a bounded queue that is written in batches, in order, and kept
 * until it is written. A row that was opened and settled before a flush is written once. When it
 * is full no new call is opened; what was opened can always be settled. With a log, every row is
 * on the disk as well until the ledger has it, so that no end of the process loses one.
 */
import { limits } from "../limits.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { type LedgerRow, LedgerRowsRefused, type LedgerStore } from "./ledger-store.ts";

export interface LedgerQueueEvents {
  readonly onFault: (error: unknown) => void;
  /** Rows that will never be written. */
  readonly onLost: (row: LedgerRow, error: unknown) => void;
}

/** How often a drain looks whether all is written. */
const DRAIN_STEP_MS = 10;

export class LedgerQueue {
  readonly #store: LedgerStore;
  readonly #rowsMax: number;
  readonly #events: LedgerQueueEvents;
  readonly #log: LedgerLog | null;
  #waiting = new Map<string, LedgerRow>();
  /** Calls opened and not yet settled, with what is known of them now. */
  readonly #open = new Map<string, () => LedgerRow>();
  #checkpoints: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    store: LedgerStore,
    rowsMax: number,
    events: LedgerQueueEvents,
    log: LedgerLog | null = null,
  ) {
    this.#log = log;
    this.#store = store;
    this.#rowsMax = rowsMax;
    this.#events = events;
  }

  get rows(): number {
    return this.#waiting.size;
  }

  /** On the disk, owed to the ledger. */
  get loggedBytes(): number {
    return this.#log?.bytes ?? 0;
  }

  /** When the row that waits longest came; null: none waits. */
  get oldest(): Date | null {
    const row = this.#waiting.values().next().value;
    return row === undefined ? null : (row.finishedAt ?? row.startedAt);
  }

  /** Takes over what an earlier process owes, and begins to note what running calls have used. */
  start(now: Date): number {
    const owed = this.#log?.replay(now) ?? [];
    for (const row of owed) this.#add(row);
    if (this.#log !== null) {
      this.#checkpoints = setInterval(() => this.#checkpoint(), limits.ledgerCheckpointMs);
      this.#checkpoints.unref();
    }
    return owed.length;
  }

  /** False where there is no room: the call must not be made. `current`: the row as it is now. */
  open(row: LedgerRow, current: () => LedgerRow = () => row): boolean {
    if (this.#waiting.size + this.#open.size + 1 > this.#rowsMax) return false;
    if (this.#log?.isFull) return false;
    this.#open.set(row.callId, current);
    if (this.#log === null) this.#add(row);
    else void this.#addOpened(row, this.#log);
    return true;
  }

  /**
   * Not before the log has it: an open row that only the ledger knows would stay open for ever if
   * the process were killed now.
   */
  async #addOpened(row: LedgerRow, log: LedgerLog): Promise<void> {
    // The call goes on first.
    await null;
    try {
      await log.note(row);
    } catch (error) {
      this.#events.onFault(error);
      return;
    }
    if (this.#open.has(row.callId)) this.#add(row);
  }

  /** Resolves when the row cannot be lost any more; rejects where it could not be noted. */
  async settle(row: LedgerRow): Promise<void> {
    this.#open.delete(row.callId);
    this.#add(row);
    await this.#log?.append(row);
  }

  /** Writes what waits; gives up at the deadline and counts the rest as lost. */
  async drain(timeoutMs: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += DRAIN_STEP_MS) {
      if (this.#waiting.size === 0 && this.#writing === null) break;
      this.#schedule(0);
      await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS));
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#checkpoints !== null) clearInterval(this.#checkpoints);
    await this.#log?.close();
    // What is in the log is not lost: the next start writes it.
    if (this.#log !== null) return;
    const late = new Error("the ledger did not take it in time");
    for (const row of this.#waiting.values()) this.#events.onLost(row, late);
  }

  #checkpoint(): void {
    for (const current of this.#open.values()) {
      const row = current();
      if (row.usageSource !== "none") this.#note(row);
    }
  }

  /** Nobody waits for it: the row that settles the call is waited for. */
  #note(row: LedgerRow): void {
    this.#log?.note(row).catch((error: unknown) => this.#events.onFault(error));
  }

  #add(row: LedgerRow): void {
    this.#waiting.set(row.callId, row);
    this.#schedule(limits.ledgerFlushMs);
  }

  #schedule(delayMs: number): void {
    if (this.#writing !== null || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writing = this.#flush();
    }, delayMs);
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    const batch = [...this.#waiting.values()].slice(0, limits.ledgerBatchRowsMax);
    for (const row of batch) this.#waiting.delete(row.callId);
    let delayMs: number = limits.ledgerFlushMs;
    try {
      await this.#write(batch);
      for (const row of batch) if (row.state === "settled") this.#log?.settle(row.callId);
    } catch (error) {
      this.#events.onFault(error);
      this.#putBack(batch);
      delayMs = limits.ledgerRetryMs;
    }
    this.#writing = null;
    if (this.#waiting.size > 0) this.#schedule(delayMs);
  }

  /** Rows that the store refuses are found by halving, so that one cannot hold up the others. */
  async #write(batch: readonly LedgerRow[]): Promise<void> {
    try {
      await this.#store.write(batch);
    } catch (error) {
      if (!(error instanceof LedgerRowsRefused)) throw error;
      const [row, ...others] = batch;
      if (row !== undefined && others.length === 0) {
        this.#log?.settle(row.callId);
        return this.#events.onLost(row, error);
      }
      const middle = Math.ceil(batch.length / 2);
      await this.#write(batch.slice(0, middle));
      await this.#write(batch.slice(middle));
    }
  }

  /** In front, in their order; a newer row of the same call stays. */
  #putBack(batch: readonly LedgerRow[]): void {
    const newer = this.#waiting;
    this.#waiting = new Map(batch.map((row) => [row.callId, row]));
    for (const [callId, row] of newer) this.#waiting.set(callId, row);
  }
}
