/**
 * `ledger export` and `ledger merge`: rows that one site has written, into the other's database, each
 * once. Run beside a gateway, with its settings; the file goes through standard output and input, what
 * is told besides to standard error. Ends with 0, with 2 where nothing was changed, 1 otherwise.
 */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { keyName } from "./audit/audit-line.ts";
import type { Config } from "./config.ts";
import { limits } from "./limits.ts";
import { postgresOptions } from "./store-parts.ts";
import { LedgerFileRefused, readLedgerFile, writeLedgerFile } from "./stores/ledger-file.ts";
import type { LedgerRow } from "./stores/ledger-store.ts";
import {
  MergeRunning,
  mergeInto,
  noteTransfer,
  openRows,
  settledRows,
} from "./stores/ledger-transfers.ts";
import { PostgresLedgerStore } from "./stores/postgres-ledger-store.ts";
import { createPostgresPool } from "./stores/postgres-pool.ts";

const USAGE = `ledger export --by NAME [--only SITE] [--from TIME] [--to TIME] > FILE
ledger merge --by NAME --key SHA256 [--dry-run] < FILE
`;
/** A step of an export may read far for its rows; a merge waits for a gateway that writes the same row. */
const STATEMENT_MS = 120_000;
/** How many rows between two lines of progress. */
const PROGRESS_ROWS = 5_000;

const OPTIONS = {
  by: { type: "string" },
  only: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  key: { type: "string" },
  "dry-run": { type: "boolean" },
} as const;

class Refused extends Error {}

type Values = Readonly<Partial<Record<keyof typeof OPTIONS, string | boolean>>>;

export async function ledgerCommand(words: readonly string[], config: Config): Promise<number> {
  try {
    const { values, positionals } = parsedWords(words);
    const [what] = positionals;
    if (what === "export") await exportRows(values, config);
    else if (what === "merge") await mergeFile(values, config);
    else throw new Refused(USAGE);
    return 0;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    say(text);
    const refused = [Refused, LedgerFileRefused, MergeRunning].some((one) => error instanceof one);
    if (refused) say("nothing was changed");
    return refused ? 2 : 1;
  }
}

function parsedWords(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Refused(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

async function exportRows(values: Values, config: Config): Promise<void> {
  const actor = required(values, "by");
  const key = sealKey(config);
  const site = config.GW_SITE;
  const head = {
    site,
    only: textOf(values, "only"),
    from: timeOf(values, "from"),
    to: timeOf(values, "to"),
  };
  await withDatabase(config, async (pool, client) => {
    const open = await openRows(client);
    const hash = createHash("sha256");
    const rows = counted(settledRows(client, head));
    const text = writeLedgerFile(head, rows.each, key);
    await pipeline(Readable.from(hashing(text, hash)), process.stdout, { end: false });
    const transfer = { kind: "export", actor, site, rows: rows.count(), added: 0 } as const;
    await note(pool, { ...transfer, sha256: hash.digest("hex") });
    say(`${rows.count()} rows; signed by the key ${keyName(createPublicKey(key))}`);
    if (open > 0) say(`${open} calls are open and left out: export again when they are settled`);
  });
}

async function* hashing(text: AsyncIterable<string>, hash: ReturnType<typeof createHash>) {
  for await (const part of text) {
    hash.update(part);
    yield part;
  }
}

/** A copy that is read only takes no note; whoever ran this is then known to the cluster alone. */
async function note(pool: pg.Pool, transfer: Parameters<typeof noteTransfer>[1]): Promise<void> {
  const client = await pool.connect();
  try {
    await new PostgresLedgerStore(pool).prepare();
    await noteTransfer(client, transfer);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== READ_ONLY) throw error;
    say("this database is read only: the export stands in no audit trail");
  } finally {
    client.release();
  }
}
/** SQLSTATE read_only_sql_transaction. */
const READ_ONLY = "25006";

async function mergeFile(values: Values, config: Config): Promise<void> {
  const actor = required(values, "by");
  const options = { keyName: required(values, "key"), rowsMax: limits.ledgerBatchRowsMax };
  const dryRun = values["dry-run"] === true;
  await withDatabase(config, async (pool, client) => {
    await new PostgresLedgerStore(pool).prepare();
    let rows = 0;
    const merged = await mergeInto(client, { dryRun }, async (take, so) => {
      const progress = progressOf();
      const end = await readLedgerFile(process.stdin, options, async (some) => {
        await take(some);
        progress(some.length);
      });
      rows = end.rows;
      const about = { kind: "merge", actor, site: end.head.site } as const;
      return { ...about, rows, added: so.added + so.settled, sha256: end.sha256 };
    });
    process.stdout.write(`${JSON.stringify({ rows, ...merged, dryRun })}\n`);
    if (dryRun) say("a dry run: nothing was changed");
  });
}

async function withDatabase(
  config: Config,
  work: (pool: pg.Pool, client: pg.ClientBase) => Promise<void>,
): Promise<void> {
  if (config.GW_DATABASE !== "postgres") {
    throw new Refused(
      `the ledger is in ${config.GW_DATABASE}; rows go from PostgreSQL to PostgreSQL`,
    );
  }
  const file = config.GW_STORES_CA_FILE ?? config.GW_CA_FILE;
  const ca = () => (file === undefined ? null : readFileSync(file, "utf8"));
  const pool = createPostgresPool(
    { ...postgresOptions(config, ca), onError: (error) => say(error.message) },
    STATEMENT_MS,
  );
  try {
    const client = await pool.connect();
    try {
      await work(pool, client);
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}

function sealKey({ GW_AUDIT_SEAL_KEY_FILE: file }: Config) {
  if (file === undefined)
    throw new Refused("an export is signed: GW_AUDIT_SEAL_KEY_FILE is required");
  return createPrivateKey(readFileSync(file, "utf8"));
}

function counted(rows: AsyncIterable<readonly LedgerRow[]>) {
  let count = 0;
  const progress = progressOf();
  async function* each() {
    for await (const some of rows) {
      count += some.length;
      progress(some.length);
      yield some;
    }
  }
  return { each: each(), count: () => count };
}

function progressOf(): (rows: number) => void {
  let [done, told] = [0, 0];
  return (rows) => {
    done += rows;
    if (done - told < PROGRESS_ROWS) return;
    told = done;
    say(`… ${done} rows`);
  };
}

function required(values: Values, name: keyof typeof OPTIONS): string {
  const text = textOf(values, name);
  if (text === null) throw new Refused(`--${name} is missing\n${USAGE}`);
  return text;
}

function textOf(values: Values, name: keyof typeof OPTIONS): string | null {
  const value = values[name];
  return typeof value === "string" && value !== "" ? value.slice(0, 200) : null;
}

function timeOf(values: Values, name: "from" | "to"): string | null {
  const text = textOf(values, name);
  if (text === null) return null;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Refused(`--${name} ${text} is no time`);
  return time.toISOString();
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
