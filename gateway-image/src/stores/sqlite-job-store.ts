/** Jobs in SQLite, for a gateway that runs alone. */
import {
  cancelled,
  isOpen,
  type Job,
  type JobPage,
  type JobStore,
  type Work,
} from "../jobs/job-store.ts";
import { JOB_COLUMNS, jobValues, toJob } from "./job-columns.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_jobs (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     tenant TEXT NOT NULL,
     principal TEXT NOT NULL,
     state TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     due_ms INTEGER,
     attempts INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL,
     detail TEXT NOT NULL,
     owner TEXT
   ) STRICT;
   CREATE INDEX gateway_jobs_due ON gateway_jobs (due_ms) WHERE due_ms IS NOT NULL;
   CREATE INDEX gateway_jobs_principal ON gateway_jobs (principal, created_ms);`,
];

const OPEN = "IN ('queued', 'running')";
const NAMES = JOB_COLUMNS.join(", ");
const MARKS = JOB_COLUMNS.map(() => "?").join(", ");

export class SqliteJobStore implements JobStore {
  readonly #database: SqliteDatabase;

  /** The database stays its owner's to close. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async prepare(): Promise<void> {
    this.#database.migrate("jobs", MIGRATIONS);
  }

  async insert(job: Job): Promise<boolean> {
    const sql = `INSERT INTO gateway_jobs (${NAMES}) VALUES (${MARKS}) ON CONFLICT (id) DO NOTHING`;
    return this.#database.run(sql, jobValues(job)) === 1;
  }

  async get(id: string): Promise<Job | null> {
    const [row] = this.#database.all("SELECT * FROM gateway_jobs WHERE id = ?", [id]);
    return row === undefined ? null : toJob(row);
  }

  async list({ principal, kind, limit, before }: JobPage): Promise<Job[]> {
    const rows = this.#database.all(
      `SELECT * FROM gateway_jobs WHERE principal = ? AND kind = ?
         AND (? IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM gateway_jobs WHERE id = ?))
       ORDER BY created_ms DESC, id DESC LIMIT ?`,
      [principal, kind, before ?? null, before ?? null, limit],
    );
    return rows.map(toJob);
  }

  async countOpen(principal: string): Promise<number> {
    const [row] = this.#database.all(
      "SELECT count(*) AS count FROM gateway_jobs WHERE principal = ? AND state IN ('queued', 'running')",
      [principal],
    );
    return Number(row?.count ?? 0);
  }

  async claim(
    owner: string,
    what: Work,
    nowMs: number,
    untilMs: number,
    limit: number,
  ): Promise<Job[]> {
    const states = what === "compute" ? OPEN : `NOT ${OPEN}`;
    const rows = this.#database.all(
      `UPDATE gateway_jobs SET owner = ?, due_ms = ?,
         attempts = attempts + CASE WHEN state ${OPEN} THEN 1 ELSE 0 END,
         state = CASE state WHEN 'queued' THEN 'running' ELSE state END
       WHERE id IN (SELECT id FROM gateway_jobs WHERE due_ms <= ? AND state ${states} ORDER BY due_ms LIMIT ?)
       RETURNING *`,
      [owner, untilMs, nowMs, limit],
    );
    return rows.map(toJob);
  }

  async renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]> {
    return ids.filter((id) => {
      const sql = "UPDATE gateway_jobs SET due_ms = ? WHERE id = ? AND owner = ?";
      return this.#database.run(sql, [untilMs, id, owner]) === 1;
    });
  }

  async finish(owner: string, job: Job): Promise<boolean> {
    const changed = this.#database.run(
      `UPDATE gateway_jobs SET state = ?, due_ms = ?, attempts = ?, expires_ms = ?, detail = ?,
         owner = NULL
       WHERE id = ? AND owner = ?`,
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
    return changed === 1;
  }

  async cancel(id: string, nowMs: number): Promise<Job | null> {
    return this.#database.transaction(() => {
      const [row] = this.#database.all("SELECT * FROM gateway_jobs WHERE id = ?", [id]);
      if (row === undefined || !isOpen(toJob(row))) return null;
      const job = cancelled(toJob(row), nowMs);
      this.#database.run(
        "UPDATE gateway_jobs SET state = ?, due_ms = ?, detail = ?, owner = NULL WHERE id = ?",
        [job.state, job.dueMs, JSON.stringify(job.detail), id],
      );
      return job;
    });
  }

  async erase(principal: string): Promise<string[]> {
    const sql = "DELETE FROM gateway_jobs WHERE principal = ? RETURNING id";
    return this.#database.all(sql, [principal]).map(({ id }) => String(id));
  }

  async purge(nowMs: number): Promise<number> {
    return this.#database.run("DELETE FROM gateway_jobs WHERE expires_ms <= ?", [nowMs]);
  }

  async close(): Promise<void> {}
}
