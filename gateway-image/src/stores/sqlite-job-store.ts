/** Jobs in SQLite, for a gateway that runs alone. */
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
import type { SqliteDatabase } from "./sqlite-database.ts";

const migrationsOf = (table: string): readonly string[] => [
  `CREATE TABLE ${table} (
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
   CREATE INDEX ${table}_due ON ${table} (due_ms) WHERE due_ms IS NOT NULL;
   CREATE INDEX ${table}_principal ON ${table} (principal, created_ms);`,
  `CREATE INDEX ${table}_tenant ON ${table} (tenant, created_ms);`,
];

const OPEN = "IN ('queued', 'running')";
const NAMES = JOB_COLUMNS.join(", ");
const MARKS = JOB_COLUMNS.map(() => "?").join(", ");

export class SqliteJobStore<J extends StoredJob = Job> implements JobStore<J> {
  readonly #database: SqliteDatabase;
  readonly #table: JobTable<J>;
  readonly #name: string;

  /** The database stays its owner's to close. */
  constructor(database: SqliteDatabase, table: JobTable<J>) {
    this.#database = database;
    this.#table = table;
    this.#name = `gateway_${table.name}`;
  }

  async prepare(): Promise<void> {
    this.#database.migrate(this.#table.name, migrationsOf(this.#name));
  }

  async insert(job: J, rooms: readonly Room[]): Promise<"made" | "taken" | "full"> {
    return this.#database.transaction(() => {
      const [same] = this.#database.all(`SELECT id FROM ${this.#name} WHERE id = ?`, [job.id]);
      if (same !== undefined) return "taken";
      for (const room of rooms) {
        const [column, owner] = ownerOf(room);
        const sql = `SELECT count(*) AS count FROM ${this.#name} WHERE ${column} = ? AND state ${OPEN}`;
        const [row] = this.#database.all(sql, [owner]);
        if (Number(row?.count) >= room.max) return "full";
      }
      this.#database.run(`INSERT INTO ${this.#name} (${NAMES}) VALUES (${MARKS})`, jobValues(job));
      return "made";
    });
  }

  async get(id: string): Promise<J | null> {
    const [row] = this.#database.all(`SELECT * FROM ${this.#name} WHERE id = ?`, [id]);
    return row === undefined ? null : toJob<J>(row);
  }

  async list({ kind, limit, before, ...whose }: JobPage<J>): Promise<J[]> {
    const [column, owner] = ownerOf(whose);
    const rows = this.#database.all(
      `SELECT * FROM ${this.#name} WHERE ${column} = ? AND kind = ?
         AND (? IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM ${this.#name} WHERE id = ?))
       ORDER BY created_ms DESC, id DESC LIMIT ?`,
      [owner, kind, before ?? null, before ?? null, limit],
    );
    return rows.map((row) => toJob<J>(row));
  }

  async claim(
    owner: string,
    what: Work,
    nowMs: number,
    untilMs: number,
    limit: number,
  ): Promise<J[]> {
    const states = what === "compute" ? OPEN : `NOT ${OPEN}`;
    const rows = this.#database.all(
      `UPDATE ${this.#name} SET owner = ?, due_ms = ?,
         attempts = attempts + CASE WHEN state ${OPEN} THEN 1 ELSE 0 END,
         state = CASE state WHEN 'queued' THEN 'running' ELSE state END
       WHERE id IN (SELECT id FROM ${this.#name} WHERE due_ms <= ? AND state ${states} ORDER BY due_ms LIMIT ?)
       RETURNING *`,
      [owner, untilMs, nowMs, limit],
    );
    return rows.map((row) => toJob<J>(row));
  }

  async renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]> {
    return ids.filter((id) => {
      const sql = `UPDATE ${this.#name} SET due_ms = ? WHERE id = ? AND owner = ?`;
      return this.#database.run(sql, [untilMs, id, owner]) === 1;
    });
  }

  async finish(owner: string, job: J): Promise<boolean> {
    const changed = this.#database.run(
      `UPDATE ${this.#name} SET state = ?, due_ms = ?, attempts = ?, expires_ms = ?, detail = ?,
         owner = NULL
       WHERE id = ? AND owner = ?`,
      [...changedValues(job), job.id, owner],
    );
    return changed === 1;
  }

  async cancel(id: string, nowMs: number): Promise<J | null> {
    return this.#database.transaction(() => {
      const [row] = this.#database.all(`SELECT * FROM ${this.#name} WHERE id = ?`, [id]);
      if (row === undefined || !isOpen(toJob<J>(row))) return null;
      const job = this.#table.cancelled(toJob<J>(row), nowMs);
      this.#database.run(
        `UPDATE ${this.#name} SET state = ?, due_ms = ?, detail = ?, owner = NULL WHERE id = ?`,
        [job.state, job.dueMs, JSON.stringify(job.detail), id],
      );
      return job;
    });
  }

  async erase(principal: string): Promise<string[]> {
    const sql = `DELETE FROM ${this.#name} WHERE principal = ? RETURNING id`;
    return this.#database.all(sql, [principal]).map(({ id }) => String(id));
  }

  async purge(nowMs: number): Promise<number> {
    return this.#database.run(`DELETE FROM ${this.#name} WHERE expires_ms <= ?`, [nowMs]);
  }

  async close(): Promise<void> {}
}
