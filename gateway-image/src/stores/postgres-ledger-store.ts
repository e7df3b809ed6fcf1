/** The ledger in PostgreSQL. One insert a batch; a settled row is never overwritten. */
import type pg from "pg";
import { activityOf, activityStatement, faultOf, faultStatement } from "./ledger-activity.ts";
import { insertLedgerRows, LEDGER_COLUMNS, sumLedgerRows, totalOf } from "./ledger-columns.ts";
import {
  type Activity,
  type ActivityQuery,
  type DailyUsage,
  type FaultQuery,
  type LedgerFault,
  type LedgerRow,
  LedgerRowsRefused,
  type LedgerStore,
  type UsageQuery,
  type UsageTotal,
} from "./ledger-store.ts";
import { isDataFault, migratePostgres } from "./postgres-pool.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS gateway_ledger (
     call_id uuid PRIMARY KEY,
     state text NOT NULL CHECK (state IN ('open', 'settled')),
     request_id text NOT NULL,
     site text NOT NULL,
     instance text NOT NULL,
     key_id text NOT NULL,
     tenant text NOT NULL,
     endpoint text NOT NULL,
     model text NOT NULL,
     streamed boolean NOT NULL,
     started_at timestamptz NOT NULL,
     finished_at timestamptz,
     status text CHECK (status IN ('success', 'client_error', 'error')),
     http_status integer,
     error text,
     prompt_tokens bigint NOT NULL,
     completion_tokens bigint NOT NULL,
     usage_source text NOT NULL,
     latency_ms double precision,
     first_byte_ms double precision
   );
   CREATE INDEX IF NOT EXISTS gateway_ledger_tenant_time ON gateway_ledger (tenant, started_at);`,
  `ALTER TABLE gateway_ledger ADD COLUMN principal text;
   UPDATE gateway_ledger SET principal = key_id;
   ALTER TABLE gateway_ledger ALTER COLUMN principal SET NOT NULL;
   ALTER TABLE gateway_ledger ADD COLUMN cost_micros bigint NOT NULL DEFAULT 0;
   ALTER TABLE gateway_ledger ADD COLUMN currency text;
   CREATE INDEX gateway_ledger_principal_time ON gateway_ledger (principal, started_at);
   DROP INDEX IF EXISTS gateway_ledger_key_time;`,
  // Over all tenants, for the console of administrators. Rows arrive in the order of their times, so that
  // an index of block ranges serves, which costs a write next to nothing.
  "CREATE INDEX gateway_ledger_time ON gateway_ledger USING brin (started_at);",
  // Rows that went out to another site's ledger or came from one; gateways tell the audit trail of each.
  `CREATE TABLE gateway_ledger_transfers (
     id uuid PRIMARY KEY,
     at timestamptz NOT NULL DEFAULT now(),
     kind text NOT NULL CHECK (kind IN ('export', 'merge')),
     actor text NOT NULL,
     site text NOT NULL,
     row_count bigint NOT NULL,
     added bigint NOT NULL,
     sha256 text NOT NULL,
     told boolean NOT NULL DEFAULT false
   );`,
];

const RENAME_STEP = 5_000;

const place = (position: number) => `$${position}`;
const asIs = (date: Date) => date;
const END = "(extract(epoch FROM finished_at) * 1000)";
const DAY = "to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')";

/** A date as text: the client's own way, in the zone of the process, takes ten times as long. */
function textOr(value: LedgerRow[keyof LedgerRow]) {
  return value instanceof Date ? value.toISOString() : value;
}

export class PostgresLedgerStore implements LedgerStore {
  readonly #pool: pg.Pool;

  /** The pool stays its owner's to close. */
  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async prepare(): Promise<void> {
    await migratePostgres(this.#pool, "ledger", MIGRATIONS);
  }

  async write(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = rows.flatMap((row) => LEDGER_COLUMNS.map(([, member]) => textOr(row[member])));
    try {
      await this.#pool.query(insertLedgerRows(rows.length, place), values);
    } catch (error) {
      if (isDataFault(error)) throw new LedgerRowsRefused("rows refused", { cause: error });
      throw error;
    }
  }

  async usage(query: UsageQuery): Promise<UsageTotal[]> {
    const { sql, values } = sumLedgerRows(query, null, place, asIs);
    return (await this.#pool.query(sql, [...values])).rows.map(totalOf);
  }

  async dailyUsage(query: UsageQuery): Promise<DailyUsage[]> {
    const { sql, values } = sumLedgerRows(query, DAY, place, asIs);
    const { rows } = await this.#pool.query(sql, [...values]);
    return rows.map((row) => ({ day: String(row.day), ...totalOf(row) }));
  }

  async activity(query: ActivityQuery): Promise<Activity[]> {
    const { sql, values } = activityStatement(query, END, place, asIs);
    return (await this.#pool.query(sql, [...values])).rows.map(activityOf);
  }

  async faults(query: FaultQuery): Promise<LedgerFault[]> {
    const { sql, values } = faultStatement(query, place, asIs);
    const date = (value: unknown) => new Date(value as Date);
    return (await this.#pool.query(sql, [...values])).rows.map((row) => faultOf(row, date));
  }

  /** In steps, so that none runs into the time that a statement has. */
  async rename(principal: string, pseudonym: string): Promise<number> {
    let renamed = 0;
    for (;;) {
      const { rowCount } = await this.#pool.query(
        `UPDATE gateway_ledger SET principal = $1, key_id = $1 WHERE call_id IN
           (SELECT call_id FROM gateway_ledger WHERE principal = $2 LIMIT $3)`,
        [pseudonym, principal, RENAME_STEP],
      );
      renamed += rowCount ?? 0;
      if ((rowCount ?? 0) < RENAME_STEP) return renamed;
    }
  }

  async close(): Promise<void> {}
}
