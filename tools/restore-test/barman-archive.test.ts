/** How an archive is read: which copy is taken, what of the log belongs to it, what is refused. */
import { expect, test } from "vitest";
import { backupIds, missingWals, readBackupInfo, walsFrom } from "./barman-archive.ts";

const INFO = `backup_label=None
begin_wal=000000010000000000000002
compression=gzip
end_time=2026-11-20 01:32:10.123456+00:00
end_wal=000000010000000000000002
status=DONE
tablespaces=None
`;
const OBJECTS = [
  "base/20261119T013000/backup.info",
  "base/20261120T013000/backup.info",
  "base/20261120T013000/data.tar.gz",
  "base/20261120T013000/data_0001.tar.gz",
  "wals/0000000100000000/000000010000000000000001.gz",
  "wals/0000000100000000/000000010000000000000002.gz",
  "wals/0000000100000000/000000010000000000000002.00000028.backup.gz",
  "wals/0000000100000000/000000010000000000000003.gz",
  "wals/0000000100000000/000000010000000000000004.partial.gz",
  "wals/00000002.history.gz",
  "wals/0000000200000000/000000020000000000000004.gz",
];
const ID = "20261120T013000";

test("the newest copy comes first, with its parts in order", () => {
  expect(backupIds(OBJECTS)).toEqual([ID, "20261119T013000"]);
  expect(readBackupInfo(ID, INFO, OBJECTS)).toEqual({
    id: ID,
    beginWal: "000000010000000000000002",
    endWal: "000000010000000000000002",
    endTime: new Date("2026-11-20T01:32:10.123Z"),
    tars: [`base/${ID}/data.tar.gz`, `base/${ID}/data_0001.tar.gz`],
  });
});

test("of the log belongs to it what came after its beginning, on any time line", () => {
  expect(walsFrom("000000010000000000000002", OBJECTS).map(({ name }) => name)).toEqual([
    ...["000000010000000000000002", "000000010000000000000003"],
    ...["00000002.history", "000000020000000000000004"],
  ]);
});

test("a hole in the log is found, also at its beginning, its end, and over a log's border", () => {
  const wals = (...names: string[]) => names.map((name) => ({ object: name, name }));
  const [begin, end] = ["0000000100000000000000FE", "000000010000000100000001"];
  const all = [begin, "0000000100000000000000FF", "000000010000000100000000", end];
  expect(missingWals(begin, end, wals(...all))).toEqual([]);
  expect(missingWals(begin, end, wals(...all.slice(1)))).toEqual(["00000000000000FE"]);
  expect(missingWals(begin, end, wals(...all.slice(0, 3)))).toEqual(["0000000100000001"]);
  expect(missingWals(begin, end, wals(begin, end))).toEqual([
    ...["00000000000000FF", "0000000100000000"],
  ]);
});

test.each([
  ["a copy that was never finished", INFO.replace("DONE", "FAILED"), OBJECTS, null],
  ["an empty file", "", OBJECTS, null],
  [
    "tablespaces",
    INFO.replace("tablespaces=None", "tablespaces=[('t', 1, '/t')]"),
    OBJECTS,
    "has tablespaces",
  ],
  [
    "no beginning",
    INFO.replace(/begin_wal=.*/, "begin_wal=None"),
    OBJECTS,
    "which part of the log",
  ],
  ["no time", INFO.replace(/end_time=.*/, "end_time=None"), OBJECTS, "which part of the log"],
  ["no data", INFO, OBJECTS.filter((name) => !name.includes(".tar")), "has no data.tar.gz"],
  [
    "a lost part",
    INFO,
    OBJECTS.filter((name) => !name.endsWith("/data.tar.gz")),
    "part 0 of its data is missing",
  ],
  [
    "another packing",
    INFO,
    OBJECTS.map((name) => name.replace("_0001.tar.gz", "_0001.tar.bz2")),
    "another way than gzip",
  ],
])("%s: passed over or refused by name", (_what, text, objects, refusal) => {
  const read = () => readBackupInfo(ID, text, objects);
  if (refusal === null) expect(read()).toBeNull();
  else expect(read).toThrow(refusal);
});
