/**
 * One writer at a time, by Pulumi's own rule: put a file with a random name into the stack's lock
 * folder, then look; whoever sees another file there has not got the lock. The real CLI sees our
 * files and we see its. Two refinements: a lock whose process is gone is taken over, and of two of
 * our processes that start at the same moment one gets the lock (Pulumi refuses both).
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, StateLockedError, writeFailure } from "./state-error.ts";
import type { StackLock } from "./store.ts";

export interface LockHolder {
  readonly file: string;
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** RFC 3339, as Pulumi writes it. */
  readonly timestamp: string;
  /** Absent in a lock of the real CLI. */
  readonly operation: string | undefined;
}

export interface LockOptions {
  /** `.pulumi/locks/organization/<project>/<stack>` */
  readonly folder: string;
  /** Where a lock file is written before it is moved, whole, into `folder`; same file system. */
  readonly stagingFolder: string;
  readonly stack: string;
  readonly onNotice: (text: string) => void;
}

/** How long the first of several starters waits for the others to stand back. */
const STAND_BACK_MS = 3_000;
const RETRY_MS = 20;
/** Lock timestamps and process start times come from different clocks (10 ms ticks since boot). */
const CLOCK_TOLERANCE_MS = 2_000;

export async function acquireLock(options: LockOptions, operation: string): Promise<StackLock> {
  const own = path.join(options.folder, `${randomUUID()}.json`);
  const timestamp = new Date().toISOString();
  await place(own, options, { operation, timestamp });
  const release = () => rm(own, { force: true });
  try {
    await waitForOthers(own, options);
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Every lock file of the stack, oldest first. */
export async function readLocks(folder: string): Promise<LockHolder[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  const holders = await Promise.all(names.map((name) => readHolder(path.join(folder, name))));
  return holders
    .filter((holder) => holder !== undefined)
    .sort((a, b) => a.timestamp.localeCompare(b.timestamp) || a.file.localeCompare(b.file));
}

async function place(
  file: string,
  options: LockOptions,
  content: { operation: string; timestamp: string },
): Promise<void> {
  const staged = path.join(options.stagingFolder, `lock-${path.basename(file)}.tmp`);
  const holder = { pid: process.pid, username: userName(), hostname: os.hostname(), ...content };
  try {
    await mkdir(options.folder, { recursive: true });
    await writeFile(staged, JSON.stringify(holder), { mode: 0o644 });
    await rename(staged, file);
  } catch (error) {
    await rm(staged, { force: true });
    throw writeFailure(file, error, 2);
  }
}

async function waitForOthers(own: string, options: LockOptions): Promise<void> {
  const deadline = Date.now() + STAND_BACK_MS;
  for (;;) {
    const locks = await readLocks(options.folder);
    const others = locks.filter((lock) => lock.file !== own);
    const living: LockHolder[] = [];
    for (const other of others) {
      if (await isAlive(other)) living.push(other);
      else await takeOver(other, options);
    }
    const [first] = living;
    if (first === undefined) return;
    // Only the oldest waits; the rest stand back at once, so that one of them gets through. That
    // nobody goes on while another file is there is what makes the lock safe.
    const mine = locks.findIndex((lock) => lock.file === own);
    const oldest = mine === 0;
    if (!oldest || Date.now() > deadline) throw lockedBy(living, options.stack);
    await sleep(RETRY_MS);
  }
}

async function takeOver(lock: LockHolder, options: LockOptions): Promise<void> {
  const what = lock.operation === undefined ? "" : ` (${lock.operation})`;
  options.onNotice(
    `The lock of process ${lock.pid}${what}, which ended without releasing it, is taken over: ${lock.file}`,
  );
  await rm(lock.file, { force: true });
}

function lockedBy(living: readonly LockHolder[], stack: string): StateLockedError {
  const holders = living.map((lock) => {
    const what = lock.operation === undefined ? "" : ` for ${lock.operation}`;
    return `${lock.username}@${lock.hostname}, process ${lock.pid},${what} since ${lock.timestamp}`;
  });
  return new StateLockedError(`Stack ${stack} is locked by ${holders.join("; and by ")}.`, {
    where: living.map((lock) => lock.file).join(", "),
    fix: `Wait until it ends. If it is certain that nothing runs any more: npm run state -- unlock ${stack}`,
  });
}

/** undefined: the file went away meanwhile. */
async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    const [text, { mtime }] = await Promise.all([readFile(file, "utf8"), stat(file)]);
    const fields = parseFields(text);
    return {
      file,
      pid: typeof fields["pid"] === "number" ? fields["pid"] : 0,
      username: String(fields["username"] ?? "unknown"),
      hostname: String(fields["hostname"] ?? "unknown"),
      timestamp: instant(fields["timestamp"]) ?? mtime.toISOString(),
      operation: typeof fields["operation"] === "string" ? fields["operation"] : undefined,
    };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A lock that cannot be read is a lock all the same: its holder is then unknown, and lives. */
function parseFields(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

/** In UTC with milliseconds, so that text order is time order (Go writes local time). */
function instant(value: unknown): string | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/** On another host nobody can tell, so the answer is yes. */
async function isAlive(lock: LockHolder): Promise<boolean> {
  if (lock.pid <= 0 || lock.hostname !== os.hostname()) return true;
  try {
    process.kill(lock.pid, 0);
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
  // The process id may be that of a newcomer: one that started after the lock was written.
  const found = await processInfo(lock.pid);
  if (found === undefined) return true;
  return !found.ended && found.started <= Date.parse(lock.timestamp) + CLOCK_TOLERANCE_MS;
}

/** undefined where there is no /proc. `started` is in milliseconds since the epoch. */
async function processInfo(pid: number): Promise<{ started: number; ended: boolean } | undefined> {
  try {
    const [processStat, systemStat] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/stat", "utf8"),
    ]);
    // Fields 3 and 22 of proc_pid_stat(5), counted from after the name, which may hold spaces and
    // brackets. A zombie (Z) has ended and only waits for its parent.
    const fields = processStat.slice(processStat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[19]);
    const boot = Number(/^btime (\d+)$/m.exec(systemStat)?.[1]);
    if (!Number.isFinite(ticks + boot)) return undefined;
    // A tick is 1/100 s on every Linux that Node runs on (USER_HZ).
    return { started: boot * 1000 + ticks * 10, ended: /^[ZX]/.test(fields[0] ?? "") };
  } catch {
    return undefined;
  }
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return String(process.getuid?.() ?? "unknown");
  }
}
