/**
 * Cuts a byte stream into server-sent events. An event ends with an empty line, in any of the
 * three line endings of the specification that servers use: LF or CRLF. What has no end yet is
 * kept, within a bound.
 */
import { limits } from "../limits.ts";

const LF = 0x0a;
const CR = 0x0d;
const DATA = Buffer.from("data:");
const DATA_LINE = Buffer.from("data: ");

export class EventTooLarge extends Error {}

export class EventSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** Complete events, each with its closing empty line. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const events: Buffer[] = [];
    let start = 0;
    // An end may straddle the border between the rest and the chunk: look three bytes back.
    let from = Math.max(0, this.#rest.length - 3);
    for (;;) {
      const end = eventEnd(bytes, from);
      if (end === -1) break;
      events.push(bytes.subarray(start, end));
      start = end;
      from = end;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > limits.eventBytesMax) throw new EventTooLarge();
    return events;
  }
}

/** The joined data lines of one event; null where it has none (a comment, a retry hint). */
export function eventData(event: Buffer): Buffer | null {
  const end = event.length - 2;
  // One line, as model servers write it.
  if (event.indexOf(LF) === end && event[end - 1] !== CR && event.indexOf(DATA_LINE) === 0) {
    return event.subarray(DATA_LINE.length, end);
  }
  const lines: Buffer[] = [];
  let start = 0;
  while (start < event.length) {
    const found = event.indexOf(LF, start);
    const end = found === -1 ? event.length : found;
    const line = event.subarray(start, event[end - 1] === CR ? end - 1 : end);
    if (line.subarray(0, DATA.length).equals(DATA)) {
      lines.push(line.subarray(line[DATA.length] === 0x20 ? DATA.length + 1 : DATA.length));
    }
    start = end + 1;
  }
  if (lines.length < 2) return lines[0] ?? null;
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [NEWLINE, line])));
}

const NEWLINE = Buffer.from("\n");

/** The position after the empty line; -1 where there is none from `from` on. */
function eventEnd(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(LF, from);
  while (at !== -1) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
    at = bytes.indexOf(LF, at + 1);
  }
  return -1;
}
