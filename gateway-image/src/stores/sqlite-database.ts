/**
 * One SQLite file for a gateway that runs alone: Node's own engine, write-ahead log, one writer.
 * Statements are short, so that running them on the main thread does not hold up a stream.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { limits } from "../limits.ts";

export class SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** `:memory:` keeps nothing. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: limits.ledgerTimeoutMs });
    this.#database.exec(
      // FULL: a commit is on the disk before it is answered, as PostgreSQL's is.
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
    );
  }

  /** `part` names what the migrations belong to; a list is appended to, never edited. */
  migrate(part: string, migrations: readonly string[]): void {
    this.transaction(() => {
      this.#database.exec(
        "CREATE TABLE IF NOT EXISTS gateway_schema (part TEXT, version INTEGER, PRIMARY KEY (part, version)) STRICT",
      );
      const [row] = this.all("SELECT max(version) AS version FROM gateway_schema WHERE part = ?", [
        part,
      ]);
      const from = Number(row?.version ?? 0);
      for (const [index, migration] of migrations.entries()) {
        if (index < from) continue;
        this.#database.exec(migration);
        this.run("INSERT INTO gateway_schema VALUES (?, ?)", [part, index + 1]);
      }
    });
  }

  run(sql: string, values: readonly SqlValue[] = []): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  all(sql: string, values: readonly SqlValue[] = []): Record<string, SqlValue>[] {
    return this.#prepare(sql).all(...values) as Record<string, SqlValue>[];
  }

  /** All of it or nothing; must not be nested. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export type SqlValue = string | number | null | Uint8Array;
