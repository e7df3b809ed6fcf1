/**
 * Finds and replaces the top-level members of a JSON object in its bytes. A body is passed on as
 * it came except for the few members that must change: parsing and writing it anew would round
 * large numbers, reorder nothing but cost time, and decide between repeated names.
 */
export interface Member {
  readonly name: string;
  readonly nameStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface Scan {
  readonly members: readonly Member[];
  /** Deepest nesting, 1 for a flat object. */
  readonly depth: number;
}

import { isUtf8 } from "node:buffer";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** null where the bytes are no JSON object. Trusts the inside of values to be valid JSON. */
export function scanMembers(bytes: Buffer): Scan | null {
  const members: Member[] = [];
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return null;
  at = skipSpace(bytes, at + 1);
  let depth = 1;
  if (bytes[at] === CLOSE_BRACE) return { members, depth };
  for (;;) {
    if (bytes[at] !== QUOTE) return null;
    const nameEnd = stringEnd(bytes, at);
    const name = nameEnd === -1 ? null : readName(bytes, at, nameEnd);
    if (name === null) return null;
    const colon = skipSpace(bytes, nameEnd);
    if (bytes[colon] !== COLON) return null;
    const valueStart = skipSpace(bytes, colon + 1);
    const value = valueEnd(bytes, valueStart);
    if (value === null) return null;
    depth = Math.max(depth, value.depth + 1);
    members.push({ name, nameStart: at, valueStart, valueEnd: value.end });
    at = skipSpace(bytes, value.end);
    if (bytes[at] === CLOSE_BRACE) return { members, depth };
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

export function memberText(bytes: Buffer, member: Member): string {
  return bytes.toString("utf8", member.valueStart, member.valueEnd);
}

/**
 * A copy with members set (JSON text) or removed (null). Names that are absent are added at the
 * front. `members` must come from a scan of the same bytes and hold no name twice.
 */
export function patchMembers(
  bytes: Buffer,
  members: readonly Member[],
  changes: Readonly<Record<string, string | null>>,
): Buffer {
  const parts: Buffer[] = [];
  const kept: { member: Member; text: string | null }[] = [];
  for (const member of members) {
    // A member may be called "constructor", which every object seems to have.
    const change = Object.hasOwn(changes, member.name) ? changes[member.name] : undefined;
    if (change === null) continue;
    kept.push({ member, text: change ?? null });
  }
  const present = new Set(members.map((member) => member.name));
  const added = Object.entries(changes).filter(
    (entry): entry is [string, string] => entry[1] !== null && !present.has(entry[0]),
  );
  let separator = "{";
  const append = (text: string) => {
    parts.push(Buffer.from(separator + text));
    separator = ",";
  };
  for (const [name, text] of added) append(`${JSON.stringify(name)}:${text}`);
  for (const { member, text } of kept) {
    append("");
    parts.push(
      bytes.subarray(member.nameStart, text === null ? member.valueEnd : member.valueStart),
    );
    if (text !== null) parts.push(Buffer.from(text));
  }
  parts.push(Buffer.from(separator === "{" ? "{}" : "}"));
  return Buffer.concat(parts);
}

/**
 * Of an object in valid JSON: where its last member begins, with the comma before it, if that is the one
 * that `quoted` names (`"name":`) and no other place of the bytes has that name; -1: they have to be
 * scanned. A name cannot stand within a string, where its quotes would be escaped.
 */
export function lastMemberStart(bytes: Buffer, quoted: Buffer): number {
  const at = bytes.lastIndexOf(quoted);
  if (at < 1 || bytes[at - 1] !== COMMA || bytes.indexOf(quoted) !== at) return -1;
  // What closes right before the last byte is a member of what the last byte closes.
  const value = valueEnd(bytes, at + quoted.length);
  const isLast = value?.end === bytes.length - 1 && bytes[value.end] === CLOSE_BRACE;
  return isLast ? at - 1 : -1;
}

/** A scan reads no more than it needs; this is the whole truth. undefined: it is no JSON. */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** null: no object. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : null;
}

function readName(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString("utf8", start, end);
  if (!text.includes("\\")) return text.slice(1, -1);
  try {
    // An escaped name ("mod\u0065l") is the same name to every parser, so it must be to us.
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function valueEnd(bytes: Buffer, start: number): { end: number; depth: number } | null {
  const first = bytes[start];
  if (first === undefined) return null;
  if (first === QUOTE) {
    const end = stringEnd(bytes, start);
    return end === -1 ? null : { end, depth: 0 };
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return containerEnd(bytes, start);
  let end = start;
  while (end < bytes.length && !isEndOfScalar(bytes[end])) end += 1;
  return end === start ? null : { end, depth: 0 };
}

function containerEnd(bytes: Buffer, start: number): { end: number; depth: number } | null {
  let open = 0;
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = stringEnd(bytes, at);
      if (end === -1) return null;
      at = end - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      open += 1;
      depth = Math.max(depth, open);
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      open -= 1;
      if (open === 0) return { end: at + 1, depth };
    }
  }
  return null;
}

/** The position after the closing quote; -1 where there is none. */
function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    at = bytes.indexOf(QUOTE, at);
    if (at === -1) return -1;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes += 1;
    at += 1;
    if (slashes % 2 === 0) return at;
  }
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isEndOfScalar(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}
