/**
 * One process at a time in a folder: a lock file that names its holder. A holder that no longer
 * runs (kill -9, power cut) is replaced; its start time tells a reused process id from the holder.
 */
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../base/user-error.ts";

const POLL_MS = 100;
/** A slow line needs minutes for an index of ten megabytes, never half an hour. */
const WAIT_MS_MAX = 30 * 60_000;

/** Runs `work` while this process alone holds `lockFile`. */
export async function withFileLock<T>(
  lockFile: string,
  work: () => Promise<T>,
  onWait: (holder: string) => void = () => {},
): Promise<T> {
  await mkdir(path.dirname(lockFile), { recursive: true });
  const mine = await describeProcess(process.pid);
  await acquire(lockFile, mine, onWait);
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function acquire(
  lockFile: string,
  mine: string,
  onWait: (holder: string) => void,
): Promise<void> {
  const started = performance.now();
  let told = "";
  for (;;) {
    if (await create(lockFile, mine)) return;
    const holder = await readFile(lockFile, "utf8").catch(() => "");
    if (await isStale(lockFile, holder)) {
      await rm(lockFile, { force: true });
      continue;
    }
    if (holder !== told) onWait(holder);
    told = holder;
    if (performance.now() - started > WAIT_MS_MAX) {
      throw new UserError(`Another process holds ${lockFile} for more than 30 minutes`, {
        where: `process ${holder}`,
        fix: "End that process, or wait for it, and run the command again.",
      });
    }
    await sleep(POLL_MS);
  }
}

/** The lock appears with its content or not at all: written aside, then hard-linked. */
async function create(lockFile: string, content: string): Promise<boolean> {
  const aside = `${lockFile}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(aside, content);
  try {
    await link(aside, lockFile);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function isStale(lockFile: string, holder: string): Promise<boolean> {
  const pid = Number.parseInt(holder, 10);
  if (Number.isInteger(pid)) return (await describeProcess(pid)) !== holder;
  // Vanished between two looks, or damaged: only an old one is taken away.
  const age = await stat(lockFile).then(
    (s) => Date.now() - s.mtimeMs,
    () => 0,
  );
  return age > WAIT_MS_MAX;
}

/** "pid start-time", the start time in clock ticks since boot (proc(5), field 22). */
async function describeProcess(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return `${pid} gone`;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return `${pid} ${fields[19] ?? ""}`;
}
