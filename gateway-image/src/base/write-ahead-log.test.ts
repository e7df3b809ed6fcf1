/** What was appended is there after a crash, wherever it cut; what is settled goes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WriteAheadLog } from "./write-ahead-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "wal-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (segmentBytesMax = 1_000_000) => {
  const log = new WriteAheadLog({ folder, segmentBytesMax, bytesMax: 2_000_000 });
  return { log, records: log.replay().map(({ name, content }) => [name, content.toString()]) };
};
const record = (name: string, content: string) => ({ name, content: Buffer.from(content) });
const files = () => readdirSync(folder).sort();

test("without a close, the last record of each name is there in the order of writing", async () => {
  const { log } = open();
  await log.append(record("a", "open"));
  await Promise.all([log.append(record("b", "open")), log.append(record("a", "settled"))]);
  expect(open().records).toEqual([
    ["b", "open"],
    ["a", "settled"],
  ]);
});

test("what is settled is not owed; its segment goes when nothing in it is", async () => {
  const { log } = open(60);
  for (const name of ["a", "b", "c", "d"]) await log.append(record(name, "x".repeat(60)));
  expect(files()).toHaveLength(4);
  log.settle("b");
  expect(files()).toHaveLength(4);
  log.settle("a");
  // The first two, because the second was only waiting for the first.
  expect(files()).toHaveLength(2);
  expect(open().records.map(([name]) => name)).toEqual(["c", "d"]);
});

test("an earlier record does not come back because the later one of its name went first", async () => {
  const { log } = open(60);
  await log.append(record("a", "x".repeat(60)));
  await log.append(record("b", "x".repeat(60)));
  await log.append(record("a", "y".repeat(60)));
  await log.append(record("c", "x".repeat(60)));
  log.settle("a");
  expect(open().records.map(([name]) => name)).toContain("b");
});

test("after an orderly end with nothing owed nothing is left", async () => {
  const { log } = open();
  await log.append(record("a", "x"));
  log.settle("a");
  await log.close();
  expect(files()).toEqual([]);
});

test("a crash at any byte loses only what had not been acknowledged", async () => {
  const { log } = open();
  const names = Array.from({ length: 12 }, (_, index) => `call-${index}`);
  const ends: number[] = [];
  for (const name of names) {
    await log.append(record(name, `row of ${name} 量`));
    ends.push(log.bytes);
  }
  const [file = ""] = files();
  const whole = readFileSync(path.join(folder, file));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length }), (cut) => {
      writeFileSync(path.join(folder, file), whole.subarray(0, cut));
      const found = open().records.map(([name]) => name);
      expect(found).toEqual(names.slice(0, ends.filter((end) => end <= cut).length));
      writeFileSync(path.join(folder, file), whole);
    }),
    { numRuns: 60 },
  );
});

test("a record with a changed byte ends the reading there", async () => {
  const { log } = open();
  for (const name of ["a", "b", "c"]) await log.append(record(name, "content"));
  const [file = ""] = files();
  const bytes = readFileSync(path.join(folder, file));
  const at = bytes.indexOf("bcontent") + 3;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path.join(folder, file), bytes);
  expect(open().records.map(([name]) => name)).toEqual(["a"]);
});

test("it says when it holds too much", async () => {
  const log = new WriteAheadLog({ folder, segmentBytesMax: 100, bytesMax: 150 });
  log.replay();
  await log.append(record("a", "x".repeat(80)));
  expect(log.isFull).toBe(false);
  await log.append(record("b", "x".repeat(80)));
  expect(log.isFull).toBe(true);
});

test("what nobody waits for is written with what is waited for, in its order, and alone all the same", async () => {
  const { log } = open();
  await log.append(record("a", "open"));
  const noted = log.append(record("b", "noted"), true);
  await log.append(record("c", "settled"));
  // In the same flush, before it: waiting for the later one was enough.
  expect(open().records.map(([name]) => name)).toEqual(["a", "b", "c"]);
  await noted;
  await log.append(record("d", "noted"), true);
  expect(open().records.map(([name]) => name)).toEqual(["a", "b", "c", "d"]);
});

test("a close writes what nobody waited for", async () => {
  const { log } = open();
  await log.append(record("a", "open"));
  const noted = log.append(record("b", "noted"), true);
  await log.close();
  expect(open().records.map(([name]) => name)).toEqual(["a", "b"]);
  await noted;
});
