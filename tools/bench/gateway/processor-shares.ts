/**
 * Which programs a machine's processors worked for: read twice from /proc, so that a measurement
 * on one machine says which of its own parts was the limit.
 */
import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, which every Linux of today has at 100. */
const TICKS_PER_SECOND = 100;

export type Shares = ReadonlyMap<string, number>;

/** Seconds of processor time by program, since the start of each process. */
export function processorSeconds(): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const found = readProcess(pid);
    if (found === null) continue;
    seconds.set(found.program, (seconds.get(found.program) ?? 0) + found.seconds);
  }
  return seconds;
}

/** What was used between two readings, the largest first. */
export function sharesBetween(before: Shares, after: Shares): [program: string, seconds: number][] {
  return [...after]
    .map(([program, seconds]): [string, number] => [program, seconds - (before.get(program) ?? 0)])
    .filter(([, seconds]) => seconds > 0)
    .sort((a, b) => b[1] - a[1]);
}

/** Of the children of this process that have ended: they are no longer found in /proc. */
export function endedChildrenSeconds(): number {
  return parseStat(readFileSync("/proc/self/stat", "utf8"))?.childrenSeconds ?? 0;
}

/** null: the process has ended meanwhile. */
function readProcess(pid: string): { program: string; seconds: number } | null {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return stat === null ? null : { program: programOf(pid, stat.name), seconds: stat.seconds };
  } catch {
    return null;
  }
}

/** The name stands in brackets and may hold any character, a bracket too. */
export function parseStat(
  text: string,
): { name: string; seconds: number; childrenSeconds: number } | null {
  const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? [];
  if (name === undefined || rest === undefined) return null;
  const fields = rest.split(" ");
  const seconds = (first: number) =>
    (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
  // proc_pid_stat(5): utime and stime are fields 14 and 15, those of ended children 16 and 17.
  return { name, seconds: seconds(11), childrenSeconds: seconds(13) };
}

const NAMED = new Set(["nginx", "redis-server", "postgres"]);

/** Two programs of ours run on Node.js: their settings tell them apart. */
function programOf(pid: string, name: string): string {
  if (NAMED.has(name)) return name;
  if (!/^(node|MainThread)/.test(name)) return "others";
  const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
  if (environment.includes("\0GW_PORT=") || environment.startsWith("GW_PORT=")) return "gateways";
  return environment.includes("SIM_PORT=") ? "simulators" : "others";
}
