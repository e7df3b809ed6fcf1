/** Which days of a trail may be taken away: whole, sealed to their end, and not held. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type AuditLine, lineHash } from "./audit-line.ts";
import { daysOf, HOLD_FILE, SEGMENT_FILE, segmentsOf } from "./segment-files.ts";

export interface Prunable {
  readonly days: readonly string[];
  /** Number and hash of the last line that would go. */
  readonly through: number;
  readonly head: string;
}

/** null: none. A day with another writer's segments, or without a seal, keeps all later ones too. */
export function prunable(folder: string, writer: string, firstDayKept: string): Prunable | null {
  if (existsSync(path.join(folder, HOLD_FILE))) return null;
  const days: string[] = [];
  let last: Omit<Prunable, "days"> | null = null;
  for (const day of daysOf(folder).filter((one) => one < firstDayKept)) {
    const files = segmentsOf(folder, day);
    if (files.some((file) => SEGMENT_FILE.exec(path.basename(file))?.[1] !== writer)) break;
    const text = lastLine(path.join(folder, files.at(-1) ?? ""));
    if (files.length === 0 || text === null) break;
    const line = JSON.parse(text) as AuditLine;
    if (line.kind !== "sealed") break;
    days.push(day);
    last = { through: line.seq, head: lineHash(text) };
  }
  return last === null ? null : { days, ...last };
}

function lastLine(file: string): string | null {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.pop() === "" ? (lines.at(-1) ?? null) : null;
}
