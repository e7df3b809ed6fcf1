/**
 * The whole of a restore test with a real PostgreSQL: its own copy and log in an object store, the two
 * halves of the pod as they run there, and copies that are broken in the ways that copies break.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { RESTORE_DATABASE } from "../../components/restore-database-script.ts";
import { answersOf } from "./answers.ts";
import { archiveSource } from "./archive-source.ts";
import { isGood, judgeChain, type RestoreRecord } from "./record.ts";
import {
  BUCKET_FOLDER,
  databasePrograms,
  fillArchive,
  mountedEnvironment,
  TestArchive,
} from "./test-archive.ts";
import { Tester } from "./tester.ts";

const HOUR_MS = 3_600_000;
const TAR = "base/20261120T013000/data.tar.gz";

let root: string;
let scratch: string;
let endpoint: string;
let wals: readonly string[];
let database: ChildProcess;
let key: KeyObject;
let whole: ReadonlyMap<string, Buffer>;
const archive = new TestArchive();

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), "restore-test-"));
  chmodSync(root, 0o755);
  endpoint = await archive.listen();
  const primary = path.join(root, "origin");
  mkdirSync(primary);
  ({ wals } = await fillArchive(archive, primary));
  whole = new Map(archive.objects);
  scratch = path.join(root, "scratch");
  mkdirSync(scratch);
  const programs = await databasePrograms(path.join(root, "bin"));
  const script = `mount --bind "$2" /mnt && PATH="$3:$PATH" && exec sh -c "$0" restore-database "$1"`;
  database = spawn(
    "unshare",
    ["--mount", "--", "sh", "-c", script, RESTORE_DATABASE, scratch, programs.root, programs.path],
    { env: { ...mountedEnvironment(), PATH: process.env["PATH"] ?? "" }, stdio: "ignore" },
  );
  key = generateKeyPairSync("ed25519").privateKey;
});

afterAll(async () => {
  database?.kill("SIGTERM");
  await new Promise((resolve) => database.once("close", resolve));
  archive.close();
  rmSync(root, { recursive: true, force: true });
});

beforeEach(() => {
  archive.objects.clear();
  for (const [name, content] of whole) archive.objects.set(name, content);
});

function testerIn(state: string): Tester {
  const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "not-for-logs" });
  return new Tester({
    source: archiveSource({
      ...{ uri: `s3://backups/${BUCKET_FOLDER}`, region: "us-east-1", endpoint, credentials },
    }),
    ...{ scratch, state: path.join(root, state), database: "gateway", sealKey: key },
    // Ends what hangs; a restore of this size takes seconds.
    ...{ everyMs: 168 * HOUR_MS, limitMs: 120_000, nowMs: Date.now },
  });
}

const run = (tester: Tester) => tester.test(new AbortController().signal);
const wrong = ({ checks }: RestoreRecord) =>
  checks.filter(({ expected, found }) => expected !== found).map(({ found }) => found);

test("the newest finished copy and all of its log are restored, read and recorded", async () => {
  const tester = testerIn("state");
  const record = await run(tester);
  expect(wrong(record)).toEqual([]);
  // What only the log holds is there as well.
  expect(record.figures).toMatchObject({ ledgerRows: 1_234, ledgerDays: 1 });
  expect(record.figures?.["indexes"]).toBeGreaterThan(0);
  expect(record.from).toContain("copy 20261120T013000");
  expect(Date.parse(record.dataUntil)).toBeLessThanOrEqual(Date.parse(record.begun));
  const [, metrics] = answersOf(tester, 168 * HOUR_MS)("/metrics");
  expect(metrics).toContain("\nrestore_test_rows 1234\n");
  expect(metrics).toContain("\nrestore_test_last_run_success 1\n");

  // A ledger that has shrunk since is found by the next test, and it is heard of.
  const next = testerIn("state");
  expect(next.dueMs).toBe(Date.parse(record.ended) + 168 * HOUR_MS);
  const last = wals.at(-1) ?? "";
  archive.objects.delete(`wals/${last.slice(0, 16)}/${last}.gz`);
  const shrunk = await run(next);
  expect(wrong(shrunk)).toEqual(["1000"]);
  expect(next.dueMs).toBe(Date.parse(shrunk.ended) + 6 * HOUR_MS);
  const [, told] = answersOf(next, 168 * HOUR_MS)("/metrics");
  expect(told).toContain("\nrestore_test_last_run_success 0\n");

  // Both are one chain, and a changed record breaks it.
  const text = readFileSync(path.join(root, "state/records.jsonl"), "utf8");
  const lines = text.trim().split("\n");
  const pem = String(createPublicKey(key).export({ type: "spki", format: "pem" }));
  expect(judgeChain(lines, pem)).toMatchObject({ faults: [], records: [{}, {}] });
  const changed = lines.map((line) => line.replace('"found":"1000"', '"found":"1234 or more"'));
  expect(judgeChain(changed, pem).faults).toEqual(["line 2 does not carry its signature"]);
  expect(judgeChain(lines.slice(1), pem).faults).toHaveLength(2);
});

test("a page that the disk has changed is found, and what is in it not told", async () => {
  const tar = gunzipSync(whole.get(TAR) ?? Buffer.alloc(0));
  archive.objects.set(TAR, gzipSync(withChangedPage(tar)));
  const record = await run(testerIn("page"));
  expect(isGood(record)).toBe(false);
  expect(wrong(record)[0]).toMatch(/the copy does not work: invalid page in block \d+ of relation/);
});

test("a copy that was cut off, and a log with a hole, are named", async () => {
  const tar = whole.get(TAR) ?? Buffer.alloc(0);
  archive.objects.set(TAR, tar.subarray(0, tar.length / 2));
  const cut = wrong(await run(testerIn("cut")))[0];
  expect(cut).toMatch(/cannot be unpacked: unexpected end of file.*data\.tar\.gz/);

  archive.objects.set(TAR, tar);
  const [first = ""] = walsOfCopy();
  archive.objects.delete(`wals/${first.slice(0, 16)}/${first}.gz`);
  expect(wrong(await run(testerIn("hole")))[0]).toContain("its log has a hole: segment");
});

test("an archive without a finished copy is a failed test, not none", async () => {
  archive.objects.delete("base/20261120T013000/backup.info");
  expect(wrong(await run(testerIn("none")))[0]).toContain("no finished backup is in the archive");
});

function walsOfCopy(): string[] {
  const info = String(whole.get("base/20261120T013000/backup.info"));
  return [/begin_wal=(\w+)/.exec(info)?.[1] ?? ""];
}

/** A byte in the middle of each page of the ledger's table; its pages are known by their rows' ids. */
function withChangedPage(tar: Buffer): Buffer {
  const changed = Buffer.from(tar);
  const page = 8_192;
  let hit = 0;
  for (let at = 0; at + 512 <= changed.length; ) {
    const name = changed.toString("utf8", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(changed.toString("utf8", at + 124, at + 135), 8) || 0;
    const start = at + 512;
    // Tables of users have numbers from 16384 on; the index comes after the table.
    if (/^base\/\d+\/16385$/.test(name) && size >= page) {
      const byte = start + page - 20;
      changed.writeUInt8((changed.at(byte) ?? 0) ^ 0xff, byte);
      hit += 1;
    }
    at = start + Math.ceil(size / 512) * 512;
  }
  if (hit !== 1) throw new Error(`${hit} tables were found`);
  return changed;
}
