/** Jobs in PostgreSQL, shared by all gateways of a site. */
import type pg from "pg";
import {
  cancelled,
  isOpen,
  type Job,
  type JobPage,
  type JobStore,
  type Work,
} from "../jobs/job-store.ts";
import { JOB_COLUMNS, jobValues, toJob } from "./job-columns.ts";
import { migratePostgres } from "./postgres-pool.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_jobs (
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
   CREATE INDEX gateway_jobs_due ON gateway_jobs (due_ms) WHERE due_ms IS NOT NULL;
   CREATE INDEX gateway_jobs_principal ON gateway_jobs (principal, created_ms);`,
];

const OPEN = "IN ('queued', 'running')";
const NAMES = JOB_COLUMNS.join(", ");
const MARKS = JOB_COLUMNS.map((_, index) => `$${index + 1}`).join(", ");

export class PostgresJobStore implements JobStore {
  readonly #pool: pg.Pool;

  /** The pool stays its owner's to close. */
  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async prepare(): Promise<void> {
    await migratePostgres(this.#pool, "jobs", MIGRATIONS);
  }

  async insert(job: Job): Promise<boolean> {
    const sql = `INSERT INTO gateway_jobs (${NAMES}) VALUES (${MARKS}) ON CONFLICT (id) DO NOTHING`;
    return (await this.#pool.query(sql, jobValues(job))).rowCount === 1;
  }

  async get(id: string): Promise<Job | null> {
    const { rows } = await this.#pool.query("SELECT * FROM gateway_jobs WHERE id = $1", [id]);
    return rows[0] === undefined ? null : toJob(rows[0]);
  }

  async list({ principal, kind, limit, before }: JobPage): Promise<Job[]> {
    const { rows } = await this.#pool.query(
      `SELECT * FROM gateway_jobs WHERE principal = $1 AND kind = $2
         AND ($3::text IS NULL OR
              (created_ms, id) < (SELECT created_ms, id FROM gateway_jobs WHERE id = $3))
       ORDER BY created_ms DESC, id DESC LIMIT $4`,
      [principal, kind, before ?? null, limit],
    );
    return rows.map(toJob);
  }

  async countOpen(principal: string): Promise<number> {
    const { rows } = await this.#pool.query<{ count: string }>(
      "SELECT count(*) FROM gateway_jobs WHERE principal = $1 AND state IN ('queued', 'running')",
      [principal],
    );
    return Number(rows[0]?.count ?? 0);
  }

  /** Rows that another gateway is just taking are passed over, not waited for. */
  async claim(
    owner: string,
    what: Work,
    nowMs: number,
    untilMs: number,
    limit: number,
  ): Promise<Job[]> {
    const states = what === "compute" ? OPEN : `NOT ${OPEN}`;
    const { rows } = await this.#pool.query(
      `UPDATE gateway_jobs SET owner = $1, due_ms = $2,
         attempts = attempts + CASE WHEN state ${OPEN} THEN 1 ELSE 0 END,
         state = CASE state WHEN 'queued' THEN 'running' ELSE state END
       WHERE id IN (SELECT id FROM gateway_jobs WHERE due_ms <= $3 AND state ${states}
                    ORDER BY due_ms LIMIT $4 FOR UPDATE SKIP LOCKED)
       RETURNING *`,
      [owner, untilMs, nowMs, limit],
    );
    return rows.map(toJob);
  }

  async renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      "UPDATE gateway_jobs SET due_ms = $1 WHERE id = ANY($2) AND owner = $3 RETURNING id",
      [untilMs, ids, owner],
    );
    return rows.map(({ id }) => id);
  }

  async finish(owner: string, job: Job): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE gateway_jobs SET state = $1, due_ms = $2, attempts = $3, expires_ms = $4, detail = $5,
         owner = NULL
       WHERE id = $6 AND owner = $7`,
      [
        job.state,
        job.dueMs,
        job.attempts,
        job.expiresMs,
        JSON.stringify(job.detail),
        job.id,
        owner,
      ],
    );
    return rowCount === 1;
  }

  async cancel(id: string, nowMs: number): Promise<Job | null> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      const { rows } = await client.query("SELECT * FROM gateway_jobs WHERE id = $1 FOR UPDATE", [
        id,
      ]);
      const found = rows[0] === undefined ? null : toJob(rows[0]);
      const job = found === null || !isOpen(found) ? null : cancelled(found, nowMs);
      if (job !== null) {
        await client.query(
          "UPDATE gateway_jobs SET state = $1, due_ms = $2, detail = $3, owner = NULL WHERE id = $4",
          [job.state, job.dueMs, JSON.stringify(job.detail), id],
        );
      }
      await client.query("COMMIT");
      return job;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      throw error;
    } finally {
      client.release();
    }
  }

  async erase(principal: string): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      "DELETE FROM gateway_jobs WHERE principal = $1 RETURNING id",
      [principal],
    );
    return rows.map(({ id }) => id);
  }

  async purge(nowMs: number): Promise<number> {
    const { rowCount } = await this.#pool.query("DELETE FROM gateway_jobs WHERE expires_ms <= $1", [
      nowMs,
    ]);
    return rowCount ?? 0;
  }

  async close(): Promise<void> {}
}
