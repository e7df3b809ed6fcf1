/** A ledger in this process, for development and tests. Bounded: the oldest rows are forgotten. */
import type { LedgerRow, LedgerStore, UsageTotal } from "./ledger-store.ts";

const ROWS_MAX = 100_000;

export class MemoryLedgerStore implements LedgerStore {
  readonly #rows = new Map<string, LedgerRow>();

  async prepare(): Promise<void> {}

  async write(rows: readonly LedgerRow[]): Promise<void> {
    for (const row of rows) {
      if (this.#rows.get(row.callId)?.state === "settled") continue;
      this.#rows.set(row.callId, row);
    }
    for (const callId of this.#rows.keys()) {
      if (this.#rows.size <= ROWS_MAX) break;
      this.#rows.delete(callId);
    }
  }

  async usage(keyId: string, from: Date): Promise<UsageTotal[]> {
    const totals = new Map<string, UsageTotal>();
    for (const row of this.#rows.values()) {
      if (row.keyId !== keyId || row.state !== "settled" || row.startedAt < from) continue;
      const sum = totals.get(row.model);
      totals.set(row.model, {
        model: row.model,
        requests: (sum?.requests ?? 0) + 1,
        promptTokens: (sum?.promptTokens ?? 0) + row.promptTokens,
        completionTokens: (sum?.completionTokens ?? 0) + row.completionTokens,
      });
    }
    return [...totals.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  async close(): Promise<void> {}

  rows(): LedgerRow[] {
    return [...this.#rows.values()];
  }
}
