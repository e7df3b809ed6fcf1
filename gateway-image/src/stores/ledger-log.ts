/**
 * Rows of the ledger on the disk before anybody is told that a call is done, until the ledger has
 * them. A call that was open when its gateway died is settled by the next start, with the tokens
 * that were known.
 */
import type { WriteAheadLog } from "../base/write-ahead-log.ts";
import { LEDGER_COLUMNS } from "./ledger-columns.ts";
import type { LedgerRow } from "./ledger-store.ts";

/** What the ledger says of a call whose gateway died. */
export const GATEWAY_DIED = "gateway_died";

export class LedgerLog {
  readonly #log: WriteAheadLog;

  constructor(log: WriteAheadLog) {
    this.#log = log;
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  get isFull(): boolean {
    return this.#log.isFull;
  }

  /** Resolves when the row is on the disk; a later row of the same call stands for it. */
  append(row: LedgerRow): Promise<void> {
    return this.#log.append({ name: row.callId, content: rowText(row) });
  }

  /** The same of a call under way, whose end is yet to be told: it goes with what is waited for. */
  note(row: LedgerRow): Promise<void> {
    return this.#log.append({ name: row.callId, content: rowText(row) }, true);
  }

  /** The ledger has the call's last row. */
  settle(callId: string): void {
    this.#log.settle(callId);
  }

  /** Once, before anything is appended: what an earlier process owes, all of it settled. */
  replay(now: Date): LedgerRow[] {
    return this.#log.replay().map(({ content }) => {
      const row = parseRow(content);
      if (row.state === "settled") return row;
      return { ...row, state: "settled", status: "error", error: GATEWAY_DIED, finishedAt: now };
    });
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

/**
 * Values without their names, times as numbers: written twice for each call, a row as an object
 * costs it three times as much. A new member goes to the end, or what an earlier version has left
 * behind would be read wrongly.
 */
const MEMBERS = LEDGER_COLUMNS.map(([, member]) => member);

function rowText(row: LedgerRow): string {
  return JSON.stringify(
    MEMBERS.map((member) => {
      const value = row[member];
      return value instanceof Date ? value.getTime() : value;
    }),
  );
}

/** Written by us and guarded by a checksum, so only the dates have to be made again. */
function parseRow(content: Buffer): LedgerRow {
  const values = JSON.parse(content.toString("utf8"));
  // Earlier versions wrote an object.
  const row = Array.isArray(values)
    ? Object.fromEntries(MEMBERS.map((member, index) => [member, values[index] ?? null]))
    : values;
  const finishedAt = row.finishedAt === null ? null : new Date(row.finishedAt);
  return { ...row, startedAt: new Date(row.startedAt), finishedAt };
}
