/** The ledger in SQLite, for a gateway that runs alone. Times are milliseconds since 1970. */
import { activityOf, activityStatement, faultOf, faultStatement } from "./ledger-activity.ts";
import { insertLedgerRows, LEDGER_COLUMNS, sumLedgerRows, totalOf } from "./ledger-columns.ts";
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
import type { SqliteDatabase, SqlValue } from "./sqlite-database.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_ledger (
     call_id TEXT PRIMARY KEY,
     state TEXT NOT NULL CHECK (state IN ('open', 'settled')),
     request_id TEXT NOT NULL,
     site TEXT NOT NULL,
     instance TEXT NOT NULL,
     principal TEXT NOT NULL,
     key_id TEXT NOT NULL,
     tenant TEXT NOT NULL,
     endpoint TEXT NOT NULL,
     model TEXT NOT NULL,
     streamed INTEGER NOT NULL,
     started_at INTEGER NOT NULL,
     finished_at INTEGER,
     status TEXT CHECK (status IN ('success', 'client_error', 'error')),
     http_status INTEGER,
     error TEXT,
     prompt_tokens INTEGER NOT NULL,
     completion_tokens INTEGER NOT NULL,
     usage_source TEXT NOT NULL,
     cost_micros INTEGER NOT NULL,
     currency TEXT,
     latency_ms REAL,
     first_byte_ms REAL
   ) STRICT;
   CREATE INDEX gateway_ledger_principal_time ON gateway_ledger (principal, started_at);
   CREATE INDEX gateway_ledger_tenant_time ON gateway_ledger (tenant, started_at);`,
];

const place = () => "?";
const toMs = (date: Date) => date.getTime();
const INSERT = insertLedgerRows(1, place);
const DAY = "strftime('%Y-%m-%d', started_at / 1000, 'unixepoch')";

export class SqliteLedgerStore implements LedgerStore {
  readonly #database: SqliteDatabase;

  /** The database stays its owner's to close. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async prepare(): Promise<void> {
    this.#database.migrate("ledger", MIGRATIONS);
  }

  async write(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    this.#database.transaction(() => {
      for (const row of rows) {
        this.#database.run(
          INSERT,
          LEDGER_COLUMNS.map(([, member]) => toSql(row[member])),
        );
      }
    });
  }

  async usage(query: UsageQuery): Promise<UsageTotal[]> {
    const { sql, values } = sumLedgerRows(query, null, place, toMs);
    return this.#database.all(sql, values).map(totalOf);
  }

  async dailyUsage(query: UsageQuery): Promise<DailyUsage[]> {
    const { sql, values } = sumLedgerRows(query, DAY, place, toMs);
    return this.#database
      .all(sql, values)
      .map((row) => ({ day: String(row.day), ...totalOf(row) }));
  }

  async activity(query: ActivityQuery): Promise<Activity[]> {
    const { sql, values } = activityStatement(query, "finished_at * 1.0", place, toMs);
    return this.#database.all(sql, values).map(activityOf);
  }

  async faults(query: FaultQuery): Promise<LedgerFault[]> {
    const { sql, values } = faultStatement(query, place, toMs);
    const date = (value: unknown) => new Date(Number(value));
    return this.#database.all(sql, values).map((row) => faultOf(row, date));
  }

  async rename(principal: string, pseudonym: string): Promise<number> {
    const sql = "UPDATE gateway_ledger SET principal = ?, key_id = ? WHERE principal = ?";
    return this.#database.run(sql, [pseudonym, pseudonym, principal]);
  }

  async close(): Promise<void> {}
}

function toSql(value: LedgerRow[keyof LedgerRow]): SqlValue {
  if (value instanceof Date) return value.getTime();
  return typeof value === "boolean" ? Number(value) : value;
}
