/**
 * Long-running programs that outlive this process: started detached with a log file, recorded with
 * their start time, ended by that record only. A reused process id is never mistaken for ours.
 */
import { spawn } from "node:child_process";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot (proc(5), field 22) and the boot they count from. */
  readonly startTime: string;
  readonly bootId: string;
  /** What the program was started with; another fingerprint means: start it again. */
  readonly fingerprint: string;
}

export interface Launch {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly fingerprint: string;
  /** The program enters this control group before it runs: `cgroup.procs` of it. */
  readonly groupFile: string;
}

const POLL_MS = 25;
/** A log beyond this is cut at the next start; the last one is kept beside it. */
const LOG_BYTES_MAX = 50 * 1024 * 1024;

export async function launch(given: Launch): Promise<ProcessRecord> {
  await mkdir(path.dirname(given.logFile), { recursive: true });
  const size = await stat(given.logFile).then(
    (found) => found.size,
    () => 0,
  );
  const log = await open(given.logFile, size > LOG_BYTES_MAX ? "w" : "a", 0o600);
  try {
    // The shell moves itself into the group and becomes the program: no child escapes.
    const child = spawn(
      "/bin/sh",
      ["-c", 'echo $$ > "$0" && exec "$@"', given.groupFile, ...given.command],
      { detached: true, stdio: ["ignore", log.fd, log.fd], env: given.env, cwd: "/" },
    );
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    const pid = child.pid ?? 0;
    return {
      name: given.name,
      pid,
      startTime: (await startTimeOf(pid)) ?? "",
      bootId: await bootId(),
      fingerprint: given.fingerprint,
    };
  } finally {
    await log.close();
  }
}

export async function isAlive(record: ProcessRecord): Promise<boolean> {
  return record.bootId === (await bootId()) && (await startTimeOf(record.pid)) === record.startTime;
}

/** SIGTERM, then SIGKILL after `graceMs`. Returns when the process is gone. */
export async function endProcess(record: ProcessRecord, graceMs: number): Promise<void> {
  if (!(await isAlive(record))) return;
  signal(record.pid, "SIGTERM");
  if (await until(async () => !(await isAlive(record)), graceMs)) return;
  signal(record.pid, "SIGKILL");
  await until(async () => !(await isAlive(record)), 10_000);
}

/** To a process that may be gone by now. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export async function until(check: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await check()) return true;
    if (performance.now() > end) return false;
    await sleep(POLL_MS);
  }
}

let boot: string | undefined;

async function bootId(): Promise<string> {
  boot ??= (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return boot;
}

/** Undefined for a process that is gone or only waits to be reaped. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}
