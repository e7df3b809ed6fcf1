import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endProcess, isAlive, launch, type ProcessRecord } from "./processes.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "deepseek-processes-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A plain file stands in for the control group: it shows what was written before the program ran. */
function start(script: string): Promise<ProcessRecord> {
  return launch({
    name: "sleeper",
    command: ["/bin/sh", "-c", script],
    env: { PATH: "/usr/bin:/bin" },
    logFile: path.join(folder, "logs/sleeper.log"),
    groupFile: path.join(folder, "group"),
    fingerprint: "1",
  });
}

test("a program runs under the recorded id, enters its group first, and logs into its file", async () => {
  const record = await start("echo hello; exec sleep 60");
  expect(await isAlive(record)).toBe(true);
  await expect.poll(() => readFile(path.join(folder, "logs/sleeper.log"), "utf8")).toBe("hello\n");
  expect((await readFile(path.join(folder, "group"), "utf8")).trim()).toBe(String(record.pid));
  await endProcess(record, 2_000);
  expect(await isAlive(record)).toBe(false);
});

test("one that does not listen is killed", async () => {
  const record = await start("trap '' TERM; while :; do sleep 0.1; done");
  await expect.poll(() => isAlive(record)).toBe(true);
  await endProcess(record, 300);
  expect(await isAlive(record)).toBe(false);
});

test("a reused process id is not taken for ours, and is not ended", async () => {
  const record = await start("exec sleep 60");
  const stale = { ...record, startTime: "1" };
  expect(await isAlive(stale)).toBe(false);
  expect(await isAlive({ ...record, bootId: "another boot" })).toBe(false);
  await endProcess(stale, 100);
  expect(await isAlive(record)).toBe(true);
  await endProcess(record, 2_000);
});
