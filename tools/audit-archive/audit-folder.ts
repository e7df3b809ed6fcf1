/** What lies in a gateway's audit folder, which is only read. */
import { existsSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import path from "node:path";
import { daysOf, segmentsOf } from "../../gateway-image/src/audit/segment-files.ts";
import { limits } from "./limits.ts";
import type { WaitingSegment } from "./round-plan.ts";

export interface AuditFolder {
  /** `<site>/<date>` of each day that is there. */
  readonly days: readonly string[];
  readonly waiting: readonly WaitingSegment[];
}

/** Segments that `isShipped` names are not opened. */
export async function lookAt(
  folder: string,
  isShipped: (name: string) => boolean,
): Promise<AuditFolder> {
  const days: string[] = [];
  const waiting: WaitingSegment[] = [];
  // The gateway makes it with its first event.
  if (!existsSync(folder)) return { days, waiting };
  const sites = (await readdir(folder, { withFileTypes: true })).filter((one) => one.isDirectory());
  for (const site of sites) {
    for (const day of daysOf(path.join(folder, site.name))) {
      days.push(`${site.name}/${day}`);
      for (const file of segmentsOf(path.join(folder, site.name), day)) {
        const name = `${site.name}/${file.split(path.sep).join("/")}`;
        if (isShipped(name)) continue;
        waiting.push({ name, sealedMs: await sealedAt(path.join(folder, name)) });
      }
    }
  }
  return { days, waiting };
}

/** null unless its last line is whole and a seal: then nothing is written to it any more. */
async function sealedAt(file: string): Promise<number | null> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, limits.sealBytesMax);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return sealTime(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await handle.close();
  }
}

function sealTime(end: string): number | null {
  const lines = end.split("\n");
  if (lines.pop() !== "") return null;
  try {
    const line = JSON.parse(lines.at(-1) ?? "") as { kind?: unknown; time?: unknown };
    const time = typeof line.time === "string" ? Date.parse(line.time) : Number.NaN;
    return line.kind === "sealed" && !Number.isNaN(time) ? time : null;
  } catch {
    // The beginning of a line that is longer than what was read, or damage: no seal either way.
    return null;
  }
}
