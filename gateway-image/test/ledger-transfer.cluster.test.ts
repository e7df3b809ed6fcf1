/**
 * Rows of one site's ledger into the other's, as an operator takes them: the gateway's own program
 * between two real PostgreSQL over TLS, whole, twice, changed on the way, and killed in the middle.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { keyName } from "../src/audit/audit-line.ts";
import { PostgresLedgerStore } from "../src/stores/postgres-ledger-store.ts";
import { createPostgresPool } from "../src/stores/postgres-pool.ts";
import { boot, endAll, eventually, onEnd, simulate, temporaryFolder } from "./test-harness.ts";
import { startPostgres, type TestServer } from "./test-servers.ts";

const ROWS = 12_000;
const BANK = generateKeyPairSync("ed25519");
const STRANGER = generateKeyPairSync("ed25519");
const KEY = keyName(BANK.publicKey);

interface Site {
  readonly server: TestServer;
  readonly pool: pg.Pool;
  readonly env: Record<string, string>;
}

let bank: Site;
let standby: Site;
let file: Buffer;

beforeAll(async () => {
  bank = await site("bank");
  standby = await site("bank-standby");
  await fill(bank.pool, ROWS);
  file = await exported(bank, "--by", "anna");
});
afterAll(endAll);
beforeEach(async () => {
  await standby.pool.query("TRUNCATE gateway_ledger, gateway_ledger_transfers");
});

async function site(name: string): Promise<Site> {
  const server = await startPostgres();
  const folder = temporaryFolder();
  const write = (file: string, content: string) => {
    writeFileSync(path.join(folder, file), content);
    return path.join(folder, file);
  };
  const pool = createPostgresPool({
    ...{ host: "127.0.0.1", port: server.port, database: "gateway", username: server.username },
    ...{ password: () => server.password, tls: { ca: () => server.ca }, onError: () => {} },
  });
  onEnd(() => pool.end());
  await new PostgresLedgerStore(pool).prepare();
  const env = {
    GW_SITE: name,
    GW_HOST: "127.0.0.1",
    GW_TLS: "off",
    GW_SHARED_STORE: "memory",
    GW_DATABASE: "postgres",
    GW_POSTGRES_HOST: "127.0.0.1",
    GW_POSTGRES_PORT: String(server.port),
    GW_POSTGRES_USERNAME: server.username,
    GW_POSTGRES_PASSWORD_FILE: write("password", server.password),
    GW_CA_FILE: write("ca.pem", server.ca),
    GW_AUDIT_SEAL_KEY_FILE: write(
      "seal.pem",
      String(BANK.privateKey.export({ type: "pkcs8", format: "pem" })),
    ),
    GW_DATA_FOLDER: folder,
    GW_KEYS_FILE: "/none",
    GW_ROUTES_FILE: "/none",
    GW_TIERS_FILE: "/none",
  };
  return { server, pool, env };
}

/** Half of them of each site, a second apart. */
async function fill(pool: pg.Pool, rows: number): Promise<void> {
  await pool.query(
    `INSERT INTO gateway_ledger (call_id, state, request_id, site, instance, principal, key_id,
       tenant, endpoint, model, streamed, started_at, finished_at, status, http_status,
       prompt_tokens, completion_tokens, usage_source, cost_micros, currency, latency_ms)
     SELECT md5(n::text)::uuid, 'settled', 'r' || n, CASE n % 2 WHEN 0 THEN 'bank' ELSE 'bank-standby' END,
       'gateway-0', 'alice', E'k\\u2028', 'retail', '/v1/chat/completions', '模型', true,
       timestamptz '2026-03-01' + n * interval '1 second', timestamptz '2026-03-01' + n * interval '2 second',
       'success', 200, n, 5, 'reported', 3000000000, 'CNY', 12.5 FROM generate_series(1, $1) n`,
    [rows],
  );
  await pool.query(
    `INSERT INTO gateway_ledger SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'open',
       request_id, site, instance, key_id, tenant, endpoint, model, streamed, started_at, null, null, null,
       null, 0, 0, 'none', null, null, principal, 0, null
     FROM gateway_ledger, generate_series(1, 3) n WHERE request_id = 'r1'`,
  );
}

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function start(site: Site, words: readonly string[]) {
  const main = path.join(import.meta.dirname, "../src/main.ts");
  // Little room, since nothing is held whole: a file of 146 MB was read in it.
  const flags = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=64"];
  const child = spawn(process.execPath, [...flags, main, "ledger", ...words], { env: site.env });
  onEnd(() => child.kill("SIGKILL"));
  // Who is killed or refuses takes no more.
  child.stdin.on("error", () => {});
  return { child, ended: ending(child) };
}

async function ending(child: ChildProcess): Promise<Ended> {
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout?.on("data", (chunk) => stdout.push(chunk));
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout: Buffer.concat(stdout), stderr };
}

async function exported(site: Site, ...words: readonly string[]): Promise<Buffer> {
  const { code, stdout, stderr } = await start(site, ["export", ...words]).ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

function merge(content: Buffer, ...words: readonly string[]): Promise<Ended> {
  const { child, ended } = start(standby, ["merge", "--by", "bo", "--key", KEY, ...words]);
  child.stdin.end(content);
  return ended;
}

async function merged(content: Buffer, ...words: readonly string[]) {
  const { code, stdout, stderr } = await merge(content, ...words);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout.toString());
}

async function one(pool: pg.Pool, text: string): Promise<unknown> {
  return Object.values((await pool.query(text)).rows[0] ?? {})[0];
}
const SETTLED = `SELECT md5(string_agg(g::text, '|' ORDER BY call_id)) FROM
  (SELECT * FROM gateway_ledger WHERE state = 'settled') g`;
const COUNT = "SELECT count(*)::int FROM gateway_ledger";

describe("a whole file", () => {
  test("brings each row once, as it was, however often it is merged; open calls stay behind", async () => {
    expect(await merged(file)).toEqual({
      ...{ rows: ROWS, added: ROWS, settled: 0, present: 0, different: 0 },
      ...{ differing: [], dryRun: false },
    });
    expect(await one(standby.pool, SETTLED)).toBe(await one(bank.pool, SETTLED));
    expect(await merged(file)).toMatchObject({ added: 0, present: ROWS });
    expect(await one(standby.pool, COUNT)).toBe(ROWS);
  });

  test("settles what is open here, and leaves what was settled otherwise, by name", async () => {
    await merged(file);
    await standby.pool.query(`
      DELETE FROM gateway_ledger WHERE request_id IN ('r1', 'r2');
      UPDATE gateway_ledger SET state = 'open', status = null WHERE request_id = 'r3';
      UPDATE gateway_ledger SET prompt_tokens = 7 WHERE request_id = 'r4'`);
    const { differing, ...counts } = await merged(file);
    expect(counts).toMatchObject({ added: 2, settled: 1, different: 1, present: ROWS - 4 });
    const found = await standby.pool.query(
      "SELECT request_id, state, prompt_tokens::int AS tokens FROM gateway_ledger WHERE call_id = $1",
      [differing[0]],
    );
    expect(found.rows).toEqual([{ request_id: "r4", state: "settled", tokens: 7 }]);
    const open = await one(standby.pool, `${COUNT} WHERE state = 'open'`);
    expect(open).toBe(0);
  });

  test("in a dry run tells the same and changes nothing", async () => {
    expect(await merged(file, "--dry-run")).toMatchObject({ added: ROWS, dryRun: true });
    expect(await one(standby.pool, COUNT)).toBe(0);
    expect(await one(standby.pool, "SELECT count(*)::int FROM gateway_ledger_transfers")).toBe(0);
  });

  test("holds one site's rows of a time where that is asked for", async () => {
    const part = await exported(
      bank,
      ...["--by", "anna", "--only", "bank-standby"],
      ...["--from", "2026-03-01T00:00:01Z", "--to", "2026-03-01T00:00:11Z"],
    );
    expect(await merged(part)).toMatchObject({ rows: 5, added: 5 });
  });
});

describe("a file that is not whole, or not that site's, changes nothing", () => {
  const text = () => file.toString();
  const withEndOf = (key: typeof STRANGER) => {
    const lines = text().trimEnd().split("\n");
    const end = JSON.parse(lines.pop() ?? "");
    end.publicKey = key.publicKey.export({ type: "spki", format: "pem" });
    return `${[...lines, JSON.stringify(end)].join("\n")}\n`;
  };
  test.each<[string, () => string, RegExp]>([
    [
      "one token more",
      () => text().replace('"promptTokens":40,', '"promptTokens":41,'),
      /not those/,
    ],
    ["a row less", () => without(text(), 2), /not those that were written/],
    ["two rows the other way round", () => swapped(text()), /not those that were written/],
    ["its end cut off", () => text().replace(/\{"rows".*\n$/, ""), /without its end/],
    ["cut in a row", () => text().slice(0, 500_000), /torn/],
    ["something behind its end", () => `${text()}{}\n`, /follows its end/],
    ["a field more", () => text().replace('"state":"settled"', '"state":"settled","x":1'), /row 1/],
    ["another key in its end", () => withEndOf(STRANGER), /signed by the key/],
    ["nothing", () => "", /without its end/],
  ])("%s", async (_, changed, told) => {
    const { code, stderr } = await merge(Buffer.from(changed()));
    expect(stderr).toMatch(told);
    expect(stderr).toContain("nothing was changed");
    expect(code).toBe(2);
    expect(await one(standby.pool, COUNT)).toBe(0);
  });

  test("signed anew by another", async () => {
    const forger = { ...bank, env: { ...bank.env } };
    const folder = temporaryFolder();
    const seal = path.join(folder, "seal.pem");
    writeFileSync(seal, String(STRANGER.privateKey.export({ type: "pkcs8", format: "pem" })));
    forger.env["GW_AUDIT_SEAL_KEY_FILE"] = seal;
    const { code, stderr } = await merge(await exported(forger, "--by", "mallory"));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/signed by the key .*, not by/)]);
    expect(await one(standby.pool, COUNT)).toBe(0);
  });

  test("without the name of the key nobody is believed", async () => {
    const { child, ended } = start(standby, ["merge", "--by", "bo"]);
    child.stdin.end(file);
    expect(await ended).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--key is missing/),
    });
  });
});

function without(text: string, line: number): string {
  return text.split("\n").toSpliced(line, 1).join("\n");
}

function swapped(text: string): string {
  const [head = "", first = "", second = "", ...rest] = text.split("\n");
  return [head, second, first, ...rest].join("\n");
}

test("kill -9 in the middle changes nothing, and the next run brings every row once", async () => {
  const { child, ended } = start(standby, ["merge", "--by", "bo", "--key", KEY]);
  let told = "";
  child.stderr.on("data", (chunk) => {
    told += chunk;
  });
  child.stdin.write(file.subarray(0, Math.floor(file.length * 0.8)));
  await eventually(() => told).toContain("… 5000 rows");
  child.kill("SIGKILL");
  expect((await ended).code).toBeNull();
  expect(await one(standby.pool, COUNT)).toBe(0);
  // PostgreSQL ends the transaction of who is gone when it next looks at its socket.
  await eventually(async () => (await merge(file)).code).toBe(0);
  expect(await one(standby.pool, SETTLED)).toBe(await one(bank.pool, SETTLED));
});

test("two merges at once are one", async () => {
  const first = start(standby, ["merge", "--by", "bo", "--key", KEY]);
  let told = "";
  first.child.stderr.on("data", (chunk) => {
    told += chunk;
  });
  first.child.stdin.write(file.subarray(0, Math.floor(file.length * 0.8)));
  await eventually(() => told).toContain("… 5000 rows");
  const second = await merge(file);
  expect([second.code, second.stderr]).toEqual([2, expect.stringMatching(/another merge/)]);
  first.child.stdin.end(file.subarray(Math.floor(file.length * 0.8)));
  expect((await first.ended).code).toBe(0);
});

test("a gateway that runs has it in its audit trail, once", async () => {
  await merged(file);
  const { url } = await simulate();
  const { GW_DATA_FOLDER: folder = "" } = standby.env;
  const { GW_KEYS_FILE: _, GW_ROUTES_FILE: __, GW_TIERS_FILE: ___, ...env } = standby.env;
  await boot({ targets: [{ url }], env });
  const events = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => readFileSync(path.join(folder, name), "utf8").split("\n"))
      .filter((line) => line.includes('"ledger_merge"'));
  await eventually(() => events().length).toBe(1);
  const sha256 = createHash("sha256").update(file).digest("hex");
  expect(JSON.parse(events()[0] ?? "")).toMatchObject({
    ...{ action: "ledger_merge", actor: "bo", target: "bank", outcome: "allowed" },
    detail: { rows: ROWS, added: ROWS, sha256 },
  });
  // The other site's trail names the same file.
  const exports = `SELECT count(*)::int FROM gateway_ledger_transfers WHERE sha256 = '${sha256}'`;
  expect(await one(bank.pool, exports)).toBe(1);
  const untold = "SELECT count(*)::int FROM gateway_ledger_transfers WHERE NOT told";
  await eventually(() => one(standby.pool, untold)).toBe(0);
});
