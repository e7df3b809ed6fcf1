/** Anchors in SQLite: for a gateway that runs alone, on the same disk as the trail, so weaker. */
import type { AuditAnchor, AuditAnchorStore } from "../audit/audit-anchor-store.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_audit_anchor (
     site TEXT NOT NULL,
     writer TEXT NOT NULL,
     seq INTEGER NOT NULL,
     head TEXT NOT NULL,
     time INTEGER NOT NULL,
     PRIMARY KEY (site, writer)
   ) STRICT;`,
];

export class SqliteAuditAnchorStore implements AuditAnchorStore {
  readonly #database: SqliteDatabase;

  /** The database stays its owner's to close. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async prepare(): Promise<void> {
    this.#database.migrate("audit", MIGRATIONS);
  }

  async put({ site, writer, seq, head, time }: AuditAnchor): Promise<void> {
    this.#database.run(
      `INSERT INTO gateway_audit_anchor VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (site, writer) DO UPDATE SET seq = excluded.seq, head = excluded.head,
         time = excluded.time WHERE excluded.seq > seq`,
      [site, writer, seq, head, time.getTime()],
    );
  }

  async latest(site: string): Promise<AuditAnchor[]> {
    const rows = this.#database.all("SELECT * FROM gateway_audit_anchor WHERE site = ?", [site]);
    return rows.map((row) => ({
      site,
      writer: String(row.writer),
      seq: Number(row.seq),
      head: String(row.head),
      time: new Date(Number(row.time)),
    }));
  }
}
