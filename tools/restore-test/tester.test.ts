/** The records of a tester whose archive cannot be reached: each is a test that failed. */
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judgeChain } from "./record.ts";
import { Tester } from "./tester.ts";

const HOUR_MS = 3_600_000;
const { privateKey } = generateKeyPairSync("ed25519");
let folder: string;
let nowMs = Date.parse("2026-11-26T00:00:00Z");

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "restore-records-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const recordsFile = () => path.join(folder, "records.jsonl");

function tester(): Tester {
  return new Tester({
    source: {
      where: "s3://backups/ledger",
      list: () => Promise.reject(new Error("nobody answers")),
      read: () => {
        throw new Error("nothing is read");
      },
    },
    ...{ scratch: path.join(folder, "scratch"), state: folder, database: "gateway" },
    ...{ everyMs: 168 * HOUR_MS, limitMs: 60_000, sealKey: privateKey, nowMs: () => nowMs },
  });
}

const run = (one: Tester) => one.test(new AbortController().signal);

function verdict() {
  const lines = readFileSync(recordsFile(), "utf8").split("\n");
  return judgeChain(
    lines.filter((line) => line !== ""),
    readFileSync(path.join(folder, "public-key.pem"), "utf8"),
  );
}

test("a test that failed is a record, and comes again after six hours", async () => {
  const one = tester();
  const record = await run(one);
  expect(record.checks).toMatchObject([
    { expected: "yes", found: expect.stringMatching(/nobody answers/) },
  ]);
  expect([one.lastGood, one.dueMs]).toEqual([undefined, nowMs + 6 * HOUR_MS]);
  nowMs += HOUR_MS;
  expect(tester().dueMs).toBe(nowMs + 5 * HOUR_MS);
});

test("what was half written when it was ended is cut off, and the chain goes on", async () => {
  await run(tester());
  await run(tester());
  const [first = "", second = ""] = readFileSync(recordsFile(), "utf8").split("\n");
  for (const cut of [1, Math.floor(second.length / 2), second.length]) {
    writeFileSync(recordsFile(), `${first}\n${second.slice(0, cut)}`);
    const again = tester();
    expect(again.records).toHaveLength(1);
    await run(again);
    expect(verdict()).toMatchObject({ faults: [], records: [{}, {}] });
  }
});

test("a whole line that is no record is not passed over", async () => {
  await run(tester());
  appendFileSync(recordsFile(), "something else\n");
  expect(tester).toThrow(/holds a line that is no record/);
});
