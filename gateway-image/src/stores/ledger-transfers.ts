/**
 * Rows of a ledger out of one database and into another. Out: a look at one moment, in steps. In: all
 * in one transaction, together with the note that the audit trail is made from; who is killed in the
 * middle has changed nothing, and who does it twice finds each row there.
 */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import { limits } from "../limits.ts";
import { insertLedgerRows, LEDGER_COLUMNS } from "./ledger-columns.ts";
import { rowLine } from "./ledger-file.ts";
import type { LedgerRow } from "./ledger-store.ts";
import { inTransaction } from "./postgres-pool.ts";

export interface Selection {
  readonly only: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

/** What the audit trail is told of it. */
export interface Transfer {
  readonly kind: "export" | "merge";
  /** Who did it, as they said. */
  readonly actor: string;
  /** Where the rows come from. */
  readonly site: string;
  readonly rows: number;
  readonly added: number;
  readonly sha256: string;
}

export interface Merged {
  /** Were not here. */
  added: number;
  /** Were open here, and are settled now. */
  settled: number;
  /** Were here. */
  present: number;
  /** Are settled here in another way, which stays. */
  different: number;
  /** Some of those. */
  readonly differing: string[];
}

/** One merge at a time; spells "gwmg". */
const MERGE_LOCK = 0x67776d67;
/** So many of them are named. */
const DIFFERING_MAX = 20;

const NAMES = LEDGER_COLUMNS.map(([name]) => name).join(", ");
const place = (position: number) => `$${position}`;

export class MergeRunning extends Error {}

export async function* settledRows(
  client: pg.ClientBase,
  { only, from, to }: Selection,
): AsyncGenerator<readonly LedgerRow[]> {
  const conditions = ["state = 'settled'"];
  const values: string[] = [];
  const where = (text: string, value: string | null) => {
    if (value === null) return;
    values.push(value);
    conditions.push(`${text} $${values.length}`);
  };
  where("site =", only);
  where("started_at >=", from);
  where("started_at <", to);
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await client.query(
      `DECLARE rows CURSOR FOR SELECT ${NAMES} FROM gateway_ledger WHERE ${conditions.join(" AND ")}`,
      values,
    );
    for (;;) {
      const { rows } = await client.query(`FETCH ${limits.ledgerBatchRowsMax} FROM rows`);
      if (rows.length === 0) return;
      yield rows.map(rowOf);
    }
  } finally {
    await client.query("ROLLBACK");
  }
}

/** Rows that an export leaves out: nobody knows yet how they end. */
export async function openRows(client: pg.ClientBase): Promise<number> {
  const text = "SELECT count(*) AS open FROM gateway_ledger WHERE state = 'open'";
  return Number((await client.query(text)).rows[0]?.open);
}

/**
 * `work` is given what takes rows, and returns what is noted of it all; where it throws, or with
 * `dryRun`, nothing of it stays.
 */
export async function mergeInto(
  client: pg.ClientBase,
  { dryRun }: { readonly dryRun: boolean },
  work: (take: (rows: readonly LedgerRow[]) => Promise<void>, merged: Merged) => Promise<Transfer>,
): Promise<Merged> {
  const merged: Merged = { added: 0, settled: 0, present: 0, different: 0, differing: [] };
  await client.query("BEGIN");
  try {
    const { rows } = await client.query("SELECT pg_try_advisory_xact_lock($1) AS mine", [
      MERGE_LOCK,
    ]);
    if (rows[0]?.mine !== true) throw new MergeRunning("another merge into this ledger is running");
    const transfer = await work((some) => mergeRows(client, some, merged), merged);
    await noteTransfer(client, transfer);
    await client.query(dryRun ? "ROLLBACK" : "COMMIT");
    return merged;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function mergeRows(
  client: pg.ClientBase,
  rows: readonly LedgerRow[],
  merged: Merged,
): Promise<void> {
  const { rows: found } = await client.query(
    `SELECT ${NAMES} FROM gateway_ledger WHERE call_id = ANY ($1)`,
    [rows.map(({ callId }) => callId)],
  );
  const here = new Map(found.map((one) => [String(one.call_id), rowOf(one)]));
  const wanted: LedgerRow[] = [];
  for (const row of rows) {
    const present = here.get(row.callId.toLowerCase());
    if (present === undefined) merged.added += 1;
    else if (present.state === "open") merged.settled += 1;
    else if (rowLine(present) === rowLine(row)) merged.present += 1;
    else {
      merged.different += 1;
      if (merged.differing.length < DIFFERING_MAX) merged.differing.push(row.callId);
    }
    if (present === undefined || present.state === "open") wanted.push(row);
  }
  if (wanted.length === 0) return;
  const values = wanted.flatMap((row) =>
    LEDGER_COLUMNS.map(([, member]) => {
      const value = row[member];
      return value instanceof Date ? value.toISOString() : value;
    }),
  );
  await client.query(insertLedgerRows(wanted.length, place), values);
}

export async function noteTransfer(client: pg.ClientBase, transfer: Transfer): Promise<void> {
  const { kind, actor, site, rows, added, sha256 } = transfer;
  await client.query(
    `INSERT INTO gateway_ledger_transfers (id, kind, actor, site, row_count, added, sha256)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [randomUUID(), kind, actor, site, rows, added, sha256],
  );
}

/**
 * Hands what nobody told yet to whoever keeps the trail; marked as told when `tell` has resolved. Of
 * several gateways one takes each; one that is killed in between leaves it to be told again.
 */
export function tellTransfers(
  pool: pg.Pool,
  tell: (id: string, transfer: Transfer) => Promise<void>,
): Promise<void> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query(
      `SELECT * FROM gateway_ledger_transfers WHERE NOT told ORDER BY at LIMIT 10
       FOR UPDATE SKIP LOCKED`,
    );
    for (const { id, kind, actor, site, row_count, added, sha256 } of rows) {
      const numbers = { rows: Number(row_count), added: Number(added) };
      await tell(id, { kind, actor, site, sha256, ...numbers });
      await client.query("UPDATE gateway_ledger_transfers SET told = true WHERE id = $1", [id]);
    }
  });
}

function rowOf(found: Readonly<Record<string, unknown>>): LedgerRow {
  const members = LEDGER_COLUMNS.map(([name, member]) => [member, found[name]]);
  const row = Object.fromEntries(members) as LedgerRow;
  const numbers = {
    promptTokens: Number(row.promptTokens),
    completionTokens: Number(row.completionTokens),
    costMicros: Number(row.costMicros),
  };
  return { ...row, ...numbers };
}
