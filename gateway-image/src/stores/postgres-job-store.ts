/** Jobs in PostgreSQL, shared by all gateways of a site. */
import type pg from "pg";
import {
  isOpen,
  type Job,
  type JobPage,
  type JobStore,
  type JobTable,
  type Room,
  type StoredJob,
  type Work,
} from "../jobs/job-store.ts";
import { changedValues, JOB_COLUMNS, jobValues, ownerOf, toJob } from "./job-columns.ts";
import { inTransaction, migratePostgres } from "./postgres-pool.ts";

const migrationsOf = (table: string): readonly string[] => [
  `CREATE TABLE ${table} (
     id text PRIMARY KEY,
     kind text NOT NULL,
     tenant text NOT NULL,
     principal text NOT NULL,
     state text NOT NULL,
     created_ms bigint NOT NULL,
     due_ms bigint,
     attempts integer NOT NULL,
     expires_ms bigint NOT NULL,
     detail text NOT NULL,
     owner text
   );
   CREATE INDEX ${table}_due ON ${table} (due_ms) WHERE due_ms IS NOT NULL;
   CREATE INDEX ${table}_principal ON ${table} (principal, created_ms);`,
  `CREATE INDEX ${table}_tenant ON ${table} (tenant, created_ms);`,
];

const OPEN = "IN ('queued', 'running')";
const NAMES = JOB_COLUMNS.join(", ");
const MARKS = JOB_COLUMNS.map((_, index) => `$${index + 1}`).join(", ");

export class PostgresJobStore<J extends StoredJob = Job> implements JobStore<J> {
  readonly #pool: pg.Pool;
  readonly #table: JobTable<J>;
  readonly #name: string;

  /** The pool stays its owner's to close. */
  constructor(pool: pg.Pool, table: JobTable<J>) {
    this.#pool = pool;
    this.#table = table;
    this.#name = `gateway_${table.name}`;
  }

  async prepare(): Promise<void> {
    await migratePostgres(this.#pool, this.#table.name, migrationsOf(this.#name));
  }

  async insert(job: J, rooms: readonly Room[]): Promise<"made" | "taken" | "full"> {
    return inTransaction(this.#pool, async (client) => {
      // One after the other: two that count at the same moment would both find the last place.
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [this.#name]);
      const same = await client.query(`SELECT id FROM ${this.#name} WHERE id = $1`, [job.id]);
      if (same.rowCount !== 0) return "taken";
      for (const room of rooms) {
        const [column, owner] = ownerOf(room);
        const sql = `SELECT count(*) FROM ${this.#name} WHERE ${column} = $1 AND state ${OPEN}`;
        const { rows } = await client.query<{ count: string }>(sql, [owner]);
        if (Number(rows[0]?.count) >= room.max) return "full";
      }
      const sql = `INSERT INTO ${this.#name} (${NAMES}) VALUES (${MARKS})`;
      await client.query(sql, jobValues(job));
      return "made";
    });
  }

  async get(id: string): Promise<J | null> {
    const { rows } = await this.#pool.query(`SELECT * FROM ${this.#name} WHERE id = $1`, [id]);
    return rows[0] === undefined ? null : toJob<J>(rows[0]);
  }

  async list({ kind, limit, before, ...whose }: JobPage<J>): Promise<J[]> {
    const [column, owner] = ownerOf(whose);
    const { rows } = await this.#pool.query(
      `SELECT * FROM ${this.#name} WHERE ${column} = $1 AND kind = $2
         AND ($3::text IS NULL OR
              (created_ms, id) < (SELECT created_ms, id FROM ${this.#name} WHERE id = $3))
       ORDER BY created_ms DESC, id DESC LIMIT $4`,
      [owner, kind, before ?? null, limit],
    );
    return rows.map((row) => toJob<J>(row));
  }

  /** Rows that another gateway is just taking are passed over, not waited for. */
  async claim(
    owner: string,
    what: Work,
    nowMs: number,
    untilMs: number,
    limit: number,
  ): Promise<J[]> {
    const states = what === "compute" ? OPEN : `NOT ${OPEN}`;
    const { rows } = await this.#pool.query(
      `UPDATE ${this.#name} SET owner = $1, due_ms = $2,
         attempts = attempts + CASE WHEN state ${OPEN} THEN 1 ELSE 0 END,
         state = CASE state WHEN 'queued' THEN 'running' ELSE state END
       WHERE id IN (SELECT id FROM ${this.#name} WHERE due_ms <= $3 AND state ${states}
                    ORDER BY due_ms LIMIT $4 FOR UPDATE SKIP LOCKED)
       RETURNING *`,
      [owner, untilMs, nowMs, limit],
    );
    return rows.map((row) => toJob<J>(row));
  }

  async renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `UPDATE ${this.#name} SET due_ms = $1 WHERE id = ANY($2) AND owner = $3 RETURNING id`,
      [untilMs, ids, owner],
    );
    return rows.map(({ id }) => id);
  }

  async finish(owner: string, job: J): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE ${this.#name} SET state = $1, due_ms = $2, attempts = $3, expires_ms = $4, detail = $5,
         owner = NULL
       WHERE id = $6 AND owner = $7`,
      [...changedValues(job), job.id, owner],
    );
    return rowCount === 1;
  }

  async cancel(id: string, nowMs: number): Promise<J | null> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query(`SELECT * FROM ${this.#name} WHERE id = $1 FOR UPDATE`, [
        id,
      ]);
      const found = rows[0] === undefined ? null : toJob<J>(rows[0]);
      if (found === null || !isOpen(found)) return null;
      const job = this.#table.cancelled(found, nowMs);
      await client.query(
        `UPDATE ${this.#name} SET state = $1, due_ms = $2, detail = $3, owner = NULL WHERE id = $4`,
        [job.state, job.dueMs, JSON.stringify(job.detail), id],
      );
      return job;
    });
  }

  async erase(principal: string): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `DELETE FROM ${this.#name} WHERE principal = $1 RETURNING id`,
      [principal],
    );
    return rows.map(({ id }) => id);
  }

  async purge(nowMs: number): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `DELETE FROM ${this.#name} WHERE expires_ms <= $1`,
      [nowMs],
    );
    return rowCount ?? 0;
  }

  async close(): Promise<void> {}
}
