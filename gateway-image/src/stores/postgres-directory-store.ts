/**
 * The directory's store in PostgreSQL. Writers queue on one row that holds the last revision, so
 * that a reader who asks for "newer than n" can never pass over a change that commits late.
 */
import type pg from "pg";
import {
  type DirectoryStore,
  type EntityChange,
  RevisionConflict,
  type StoredEntity,
} from "../directory/directory-store.ts";
import type { EntityKind } from "../directory/entities.ts";
import { inTransaction, migratePostgres } from "./postgres-pool.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_directory (
     kind text NOT NULL,
     id text NOT NULL,
     body jsonb,
     revision bigint NOT NULL UNIQUE,
     updated_at timestamptz NOT NULL DEFAULT now(),
     updated_by text NOT NULL,
     PRIMARY KEY (kind, id)
   );
   CREATE TABLE gateway_directory_revision (last bigint NOT NULL);
   INSERT INTO gateway_directory_revision VALUES (0);`,
];

export class PostgresDirectoryStore implements DirectoryStore {
  readonly #pool: pg.Pool;

  /** The pool stays its owner's to close. */
  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async prepare(): Promise<void> {
    await migratePostgres(this.#pool, "directory", MIGRATIONS);
  }

  async changesAfter(revision: number): Promise<StoredEntity[]> {
    const { rows } = await this.#pool.query(
      "SELECT * FROM gateway_directory WHERE revision > $1 ORDER BY revision",
      [revision],
    );
    return rows.map(toEntity);
  }

  apply(changes: readonly EntityChange[]): Promise<StoredEntity[]> {
    return inTransaction(this.#pool, async (client) => {
      await client.query("SELECT last FROM gateway_directory_revision FOR UPDATE");
      const stored: StoredEntity[] = [];
      for (const change of changes) stored.push(await put(client, change));
      return stored;
    });
  }

  /** Other gateways write as well: following is asking again, which the directory does each second. */
  onChange(): void {}

  async close(): Promise<void> {}
}

async function put(client: pg.PoolClient, change: EntityChange): Promise<StoredEntity> {
  const { kind, id, body, expected, updatedBy } = change;
  const current = await client.query<{ revision: string }>(
    "SELECT revision FROM gateway_directory WHERE kind = $1 AND id = $2 AND body IS NOT NULL",
    [kind, id],
  );
  const revision = current.rows[0] === undefined ? null : Number(current.rows[0].revision);
  if (expected !== undefined && expected !== revision) throw new RevisionConflict();
  const { rows } = await client.query(
    `WITH next AS (UPDATE gateway_directory_revision SET last = last + 1 RETURNING last)
     INSERT INTO gateway_directory (kind, id, body, revision, updated_by)
     SELECT $1, $2, $3, last, $4 FROM next
     ON CONFLICT (kind, id) DO UPDATE SET body = EXCLUDED.body, revision = EXCLUDED.revision,
       updated_at = now(), updated_by = EXCLUDED.updated_by
     RETURNING *`,
    [kind, id, body === null ? null : JSON.stringify(body), updatedBy],
  );
  return toEntity(rows[0]);
}

function toEntity(row: Readonly<Record<string, unknown>>): StoredEntity {
  return {
    kind: row.kind as EntityKind,
    id: String(row.id),
    body: row.body as StoredEntity["body"],
    revision: Number(row.revision),
    updatedAt: row.updated_at as Date,
    updatedBy: String(row.updated_by),
  };
}
