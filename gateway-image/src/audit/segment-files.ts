/** The files of a trail: a folder for each day, in it the segments of each writer by number. */
import { createReadStream, readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

/** A file of the trail, with its writer and its number: six digits, more when they are used up. */
export const SEGMENT_FILE = /^(.+)-(\d{6,})\.jsonl$/;
/** Whoever puts such a file beside the days keeps them all: a legal hold. */
export const HOLD_FILE = "HOLD";
export const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Days from the first to the last one named, in their order. */
export function daysOf(folder: string, from = "0000-00-00", to = "9999-99-99"): string[] {
  return readdirSync(folder)
    .filter((name) => DAY.test(name) && name >= from && name <= to)
    .sort();
}

/** Relative to the folder, in the order of their numbers. */
export function segmentsOf(folder: string, day: string): string[] {
  return readdirSync(path.join(folder, day))
    .filter((name) => SEGMENT_FILE.test(name))
    .sort((one, other) => one.localeCompare(other, "en", { numeric: true }))
    .map((name) => path.join(day, name));
}

/** Line by line, as they stand there; the last one of a segment that is being written may be torn. */
export async function* linesOf(folder: string, file: string): AsyncGenerator<string> {
  const input = createReadStream(path.join(folder, file), "utf8");
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield line;
    }
  } finally {
    input.destroy();
  }
}
