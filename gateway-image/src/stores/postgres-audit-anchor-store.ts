/** Anchors in PostgreSQL, away from the disk that holds the trail. */
import type pg from "pg";
import type { AuditAnchor, AuditAnchorStore } from "../audit/audit-anchor-store.ts";
import { migratePostgres } from "./postgres-pool.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE gateway_audit_anchor (
     site text NOT NULL,
     writer text NOT NULL,
     seq bigint NOT NULL,
     head text NOT NULL,
     time timestamptz NOT NULL,
     PRIMARY KEY (site, writer)
   );`,
];

export class PostgresAuditAnchorStore implements AuditAnchorStore {
  readonly #pool: pg.Pool;

  /** The pool stays its owner's to close. */
  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async prepare(): Promise<void> {
    await migratePostgres(this.#pool, "audit", MIGRATIONS);
  }

  async put({ site, writer, seq, head, time }: AuditAnchor): Promise<void> {
    await this.#pool.query(
      `INSERT INTO gateway_audit_anchor VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (site, writer) DO UPDATE SET seq = EXCLUDED.seq, head = EXCLUDED.head,
         time = EXCLUDED.time WHERE EXCLUDED.seq > gateway_audit_anchor.seq`,
      [site, writer, seq, head, time],
    );
  }

  async latest(site: string): Promise<AuditAnchor[]> {
    const { rows } = await this.#pool.query(
      "SELECT writer, seq, head, time FROM gateway_audit_anchor WHERE site = $1",
      [site],
    );
    return rows.map((row) => ({
      site,
      writer: String(row.writer),
      seq: Number(row.seq),
      head: String(row.head),
      time: row.time as Date,
    }));
  }
}
