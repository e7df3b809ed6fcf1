/**
 * The ledger in PostgreSQL. Migrations run at the start under an advisory lock, so that gateways
 * that start together do not meet. One insert a batch; a settled row is never overwritten.
 */
import { isIP } from "node:net";
import pg from "pg";
import { limits } from "../limits.ts";
import {
  type LedgerRow,
  LedgerRowsRefused,
  type LedgerStore,
  type UsageTotal,
} from "./ledger-store.ts";

export interface PostgresOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  /** Asked at each connection, so that a rotated password or CA is taken over. */
  readonly password: () => string | null;
  /** null: no TLS. */
  readonly tls: { readonly ca: () => string | null } | null;
  readonly onError: (error: Error) => void;
}

/** Any fixed number serves; this one spells "gwld". */
const MIGRATION_LOCK = 0x67776c64;

/** Appended to, never edited: a version that ran somewhere stays as it is. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_ledger (
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
   CREATE INDEX gateway_ledger_key_time ON gateway_ledger (key_id, started_at);
   CREATE INDEX gateway_ledger_tenant_time ON gateway_ledger (tenant, started_at);`,
];

const COLUMNS: readonly (readonly [string, (row: LedgerRow) => unknown])[] = [
  ["call_id", (row) => row.callId],
  ["state", (row) => row.state],
  ["request_id", (row) => row.requestId],
  ["site", (row) => row.site],
  ["instance", (row) => row.instance],
  ["key_id", (row) => row.keyId],
  ["tenant", (row) => row.tenant],
  ["endpoint", (row) => row.endpoint],
  ["model", (row) => row.model],
  ["streamed", (row) => row.streamed],
  ["started_at", (row) => row.startedAt],
  ["finished_at", (row) => row.finishedAt],
  ["status", (row) => row.status],
  ["http_status", (row) => row.httpStatus],
  ["error", (row) => row.error],
  ["prompt_tokens", (row) => row.promptTokens],
  ["completion_tokens", (row) => row.completionTokens],
  ["usage_source", (row) => row.usageSource],
  ["latency_ms", (row) => row.latencyMs],
  ["first_byte_ms", (row) => row.firstByteMs],
];
const NAMES = COLUMNS.map(([name]) => name);
const UPDATES = NAMES.filter((name) => name !== "call_id").map((n) => `${n} = EXCLUDED.${n}`);

export class PostgresLedgerStore implements LedgerStore {
  readonly #pool: pg.Pool;

  constructor(options: PostgresOptions) {
    this.#pool = new pg.Pool({
      host: options.host,
      port: options.port,
      database: options.database,
      user: options.username,
      // An empty password is refused by the server; a function is called at each connection.
      password: () => options.password() ?? "",
      ...(options.tls === null ? {} : { ssl: tlsOptions(options.host, options.tls.ca) }),
      // One connection writes, one answers /v1/usage, one is for both to grow.
      max: 3,
      connectionTimeoutMillis: limits.ledgerTimeoutMs,
      query_timeout: limits.ledgerTimeoutMs,
      statement_timeout: limits.ledgerTimeoutMs,
      application_name: "gateway",
    });
    // An idle connection that breaks is replaced; without a listener it would end the process.
    this.#pool.on("error", options.onError);
  }

  async prepare(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
      await client.query(
        `CREATE TABLE IF NOT EXISTS gateway_migrations (
           version integer PRIMARY KEY,
           applied_at timestamptz NOT NULL DEFAULT now()
         )`,
      );
      const done = await client.query<{ version: number }>(
        "SELECT coalesce(max(version), 0) AS version FROM gateway_migrations",
      );
      const from = done.rows[0]?.version ?? 0;
      for (const [index, migration] of MIGRATIONS.entries()) {
        if (index < from) continue;
        await client.query(migration);
        await client.query("INSERT INTO gateway_migrations (version) VALUES ($1)", [index + 1]);
      }
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      throw error;
    } finally {
      client.release();
    }
  }

  async write(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = rows.flatMap((row) => COLUMNS.map(([, read]) => read(row)));
    try {
      await this.#pool.query(insertStatement(rows.length), values);
    } catch (error) {
      if (isDataFault(error)) throw new LedgerRowsRefused("rows refused", { cause: error });
      throw error;
    }
  }

  async usage(keyId: string, from: Date): Promise<UsageTotal[]> {
    const result = await this.#pool.query<Record<string, string>>(
      `SELECT model, count(*) AS requests, sum(prompt_tokens) AS prompt,
              sum(completion_tokens) AS completion
         FROM gateway_ledger
        WHERE key_id = $1 AND started_at >= $2 AND state = 'settled'
        GROUP BY model ORDER BY model`,
      [keyId, from],
    );
    return result.rows.map((row) => ({
      model: row.model ?? "",
      requests: Number(row.requests),
      promptTokens: Number(row.prompt),
      completionTokens: Number(row.completion),
    }));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function insertStatement(rows: number): string {
  const width = COLUMNS.length;
  const tuples = Array.from({ length: rows }, (_, row) => {
    const places = COLUMNS.map((_column, column) => `$${row * width + column + 1}`);
    return `(${places.join(",")})`;
  });
  return (
    `INSERT INTO gateway_ledger (${NAMES.join(", ")}) VALUES ${tuples.join(",")} ` +
    `ON CONFLICT (call_id) DO UPDATE SET ${UPDATES.join(", ")} ` +
    "WHERE gateway_ledger.state = 'open'"
  );
}

/** SQLSTATE classes 22 (data) and 23 (constraints): the rows are at fault, not the server. */
function isDataFault(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? "");
}

/** The CA is a getter because pg reads it at each connection. */
function tlsOptions(host: string, ca: () => string | null) {
  return {
    // A name is verified as such; an address is verified by itself and must not be sent (RFC 6066).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: "TLSv1.3" as const,
    get ca() {
      return ca() ?? undefined;
    },
  };
}
