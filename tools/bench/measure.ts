/** Times a command as a whole process tree: wall clock, and the peak of its resident memory. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Measurement {
  readonly seconds: number;
  /** Peak of the sum over the process and its descendants, MiB; sampled, so a lower bound. */
  readonly residentMib: number;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

const SAMPLE_MS = 50;
const TIMEOUT_MS = 120_000;
const PAGE_BYTES = 4096;

/** Rejects where the command fails, with the end of its output. */
export function measure(command: Command): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command.program, command.args, {
      cwd: command.cwd,
      env: { ...command.environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
    });
    let output = "";
    let peak = 0;
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-4000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setInterval(() => {
      if (child.pid !== undefined) peak = Math.max(peak, treeBytes(child.pid));
    }, SAMPLE_MS);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - started) / 1000;
      if (code === 0) resolve({ seconds, residentMib: peak / 1024 ** 2 });
      else reject(new Error(`${command.args.join(" ")} ended with ${code}:\n${output}`));
    });
  });
}

/** Resident bytes of a process and everything below it; 0 where there is no /proc. */
function treeBytes(root: number): number {
  const parents = new Map<number, number>();
  const resident = new Map<number, number>();
  for (const name of processIds()) {
    const stat = read(`/proc/${name}/stat`);
    // The command name in parentheses may hold spaces; what follows it does not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(name), Number(fields[1]));
    resident.set(Number(name), Number(fields[21] ?? 0) * PAGE_BYTES);
  }
  const within = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)) {
      if (at === root) return true;
    }
    return false;
  };
  return [...resident].reduce((sum, [pid, bytes]) => (within(pid) ? sum + bytes : sum), 0);
}

function processIds(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It ended between the listing and the reading.
    return "";
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
