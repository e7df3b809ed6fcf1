/**
 * One pool of connections for everything that a gateway keeps in PostgreSQL, and the migrations
 * of each part. Gateways that start together run them one after the other, under a lock.
 */
import pg from "pg";
import { verifiedTls } from "../base/verified-tls.ts";
import { limits } from "../limits.ts";

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

export function createPostgresPool(
  options: PostgresOptions,
  statementMs: number = limits.ledgerTimeoutMs,
): pg.Pool {
  const pool = new pg.Pool({
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.username,
    // An empty password is refused by the server; a function is called at each connection.
    password: () => options.password() ?? "",
    ...(options.tls === null ? {} : { ssl: verifiedTls(options.host, options.tls.ca) }),
    max: limits.postgresConnectionsMax,
    connectionTimeoutMillis: limits.ledgerTimeoutMs,
    query_timeout: statementMs,
    statement_timeout: statementMs,
    application_name: "gateway",
  });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on("error", options.onError);
  return pool;
}

/** All of it or nothing: what `work` throws undoes it. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

/** `part` names what the migrations belong to; a list is appended to, never edited. */
export function migratePostgres(
  pool: pg.Pool,
  part: string,
  migrations: readonly string[],
): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS gateway_schema (
         part text NOT NULL,
         version integer NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now(),
         PRIMARY KEY (part, version)
       )`,
    );
    const done = await client.query<{ version: number }>(
      "SELECT coalesce(max(version), 0) AS version FROM gateway_schema WHERE part = $1",
      [part],
    );
    const from = done.rows[0]?.version ?? 0;
    for (const [index, migration] of migrations.entries()) {
      if (index < from) continue;
      await client.query(migration);
      const values = [part, index + 1];
      await client.query("INSERT INTO gateway_schema (part, version) VALUES ($1, $2)", values);
    }
  });
}

/** SQLSTATE classes 22 (data) and 23 (constraints): the rows are at fault, not the server. */
export function isDataFault(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? "");
}
