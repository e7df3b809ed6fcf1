/** A ledger in this process, for tests. Bounded: the oldest rows are forgotten. */
import { activityOfRows, faultsOfRows } from "./ledger-activity.ts";
import type {
  Activity,
  ActivityQuery,
  DailyUsage,
  FaultQuery,
  LedgerFault,
  LedgerRow,
  LedgerStore,
  UsageQuery,
  UsageTotal,
} from "./ledger-store.ts";

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

  async usage(query: UsageQuery): Promise<UsageTotal[]> {
    return this.#sums(query, () => "").map(({ day: _day, ...total }) => total);
  }

  async dailyUsage(query: UsageQuery): Promise<DailyUsage[]> {
    return this.#sums(query, (row) => row.startedAt.toISOString().slice(0, 10));
  }

  async activity(query: ActivityQuery): Promise<Activity[]> {
    return activityOfRows(this.#rows.values(), query);
  }

  async faults(query: FaultQuery): Promise<LedgerFault[]> {
    return faultsOfRows(this.#rows.values(), query);
  }

  async rename(principal: string, pseudonym: string): Promise<number> {
    const found = [...this.#rows.values()].filter((row) => row.principal === principal);
    for (const row of found) {
      this.#rows.set(row.callId, { ...row, principal: pseudonym, keyId: pseudonym });
    }
    return found.length;
  }

  async close(): Promise<void> {}

  rows(): LedgerRow[] {
    return [...this.#rows.values()];
  }

  #sums(query: UsageQuery, dayOf: (row: LedgerRow) => string): DailyUsage[] {
    const sums = new Map<string, DailyUsage>();
    for (const row of this.#rows.values()) {
      if (row.state !== "settled" || !isWanted(row, query)) continue;
      const day = dayOf(row);
      const name = JSON.stringify([day, row.model, row.currency]);
      const sum = sums.get(name);
      sums.set(name, {
        day,
        model: row.model,
        currency: row.currency,
        requests: (sum?.requests ?? 0) + 1,
        promptTokens: (sum?.promptTokens ?? 0) + row.promptTokens,
        completionTokens: (sum?.completionTokens ?? 0) + row.completionTokens,
        costMicros: (sum?.costMicros ?? 0) + row.costMicros,
      });
    }
    return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  }
}

function isWanted(row: LedgerRow, query: UsageQuery): boolean {
  return (
    row.startedAt >= query.from &&
    row.startedAt < query.to &&
    (query.principal === undefined || row.principal === query.principal) &&
    (query.tenant === undefined || row.tenant === query.tenant) &&
    (query.model === undefined || row.model === query.model)
  );
}
