/** The directory's store in SQLite, for a gateway that runs alone. */
import {
  type DirectoryStore,
  type EntityChange,
  RevisionConflict,
  type StoredEntity,
} from "../directory/directory-store.ts";
import type { EntityKind } from "../directory/entities.ts";
import type { SqliteDatabase, SqlValue } from "./sqlite-database.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_directory (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     body TEXT,
     revision INTEGER NOT NULL UNIQUE,
     updated_at INTEGER NOT NULL,
     updated_by TEXT NOT NULL,
     PRIMARY KEY (kind, id)
   ) STRICT;
   CREATE TABLE gateway_directory_revision (last INTEGER NOT NULL) STRICT;
   INSERT INTO gateway_directory_revision VALUES (0);`,
];

export class SqliteDirectoryStore implements DirectoryStore {
  readonly #database: SqliteDatabase;
  readonly #listeners: (() => void)[] = [];

  /** The database stays its owner's to close. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async prepare(): Promise<void> {
    this.#database.migrate("directory", MIGRATIONS);
  }

  async changesAfter(revision: number): Promise<StoredEntity[]> {
    const rows = this.#database.all(
      "SELECT * FROM gateway_directory WHERE revision > ? ORDER BY revision",
      [revision],
    );
    return rows.map(toEntity);
  }

  async apply(changes: readonly EntityChange[]): Promise<StoredEntity[]> {
    const stored = this.#database.transaction(() => changes.map((change) => this.#put(change)));
    for (const listener of this.#listeners) listener();
    return stored;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {}

  #put({ kind, id, body, expected, updatedBy }: EntityChange): StoredEntity {
    const [current] = this.#database.all(
      "SELECT revision FROM gateway_directory WHERE kind = ? AND id = ? AND body IS NOT NULL",
      [kind, id],
    );
    const revision = current === undefined ? null : Number(current.revision);
    if (expected !== undefined && expected !== revision) throw new RevisionConflict();
    const [row] = this.#database.all(
      `INSERT INTO gateway_directory (kind, id, body, revision, updated_at, updated_by)
       VALUES (?, ?, ?, (SELECT last + 1 FROM gateway_directory_revision), ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, revision = excluded.revision,
         updated_at = excluded.updated_at, updated_by = excluded.updated_by
       RETURNING *`,
      [kind, id, body === null ? null : JSON.stringify(body), Date.now(), updatedBy],
    );
    this.#database.run("UPDATE gateway_directory_revision SET last = last + 1");
    if (row === undefined) throw new Error("the row was not returned");
    return toEntity(row);
  }
}

function toEntity(row: Readonly<Record<string, SqlValue>>): StoredEntity {
  return {
    kind: String(row.kind) as EntityKind,
    id: String(row.id),
    body: row.body === null ? null : JSON.parse(String(row.body)),
    revision: Number(row.revision),
    updatedAt: new Date(Number(row.updated_at)),
    updatedBy: String(row.updated_by),
  };
}
