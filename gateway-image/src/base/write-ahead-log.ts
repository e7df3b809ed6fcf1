/**
 * A log of records that are owed to a slower store. Each is on the disk before `append` resolves;
 * a segment goes when nothing in it is owed any more; a torn end, as a crash leaves it, is cut off.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { GroupFile } from "./group-file.ts";

export interface WriteAheadOptions {
  readonly folder: string;
  readonly segmentBytesMax: number;
  /** Beyond this `isFull` says so, and whoever asks should take no new work. */
  readonly bytesMax: number;
}

export interface NewRecord {
  /** What the record belongs to: later ones of the same name stand for the earlier ones. */
  readonly name: string;
  readonly content: Buffer | string;
}

export interface LoggedRecord extends NewRecord {
  readonly content: Buffer;
}

interface Segment {
  readonly path: string;
  /** Names of which something in here is owed. */
  readonly owed: Set<string>;
  bytes: number;
}

/** Length and CRC-32 of name and content, then the length of the name. */
const HEAD_BYTES = 10;
const RECORD_BYTES_MAX = 1024 * 1024;
const SEGMENT = /^(\d{8})\.wal$/;

export class WriteAheadLog {
  readonly #options: WriteAheadOptions;
  /** The oldest first; the last one is written to. */
  readonly #segments: Segment[] = [];
  #file: GroupFile | null = null;
  #opening: Promise<GroupFile> | null = null;
  #number = 0;

  constructor(options: WriteAheadOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get isFull(): boolean {
    return this.bytes >= this.#options.bytesMax;
  }

  /** Before anything is appended: the last record of each name that an earlier process left. */
  replay(): LoggedRecord[] {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    const last = new Map<string, LoggedRecord>();
    for (const file of readdirSync(this.#options.folder).sort()) {
      const [, digits] = SEGMENT.exec(file) ?? [];
      if (digits === undefined) continue;
      this.#number = Math.max(this.#number, Number(digits));
      const segment = this.#readSegment(path.join(this.#options.folder, file), last);
      if (segment.owed.size > 0) this.#segments.push(segment);
      else rmSync(segment.path);
    }
    return [...last.values()];
  }

  /** Resolves when it is on the disk. `soon`: nobody waits for it, so it may wait for others. */
  async append(record: NewRecord, soon = false): Promise<void> {
    const frame = frameOf(record);
    const file = this.#writable() ?? (await this.#openNext());
    const segment = this.#segments.at(-1);
    segment?.owed.add(record.name);
    if (segment !== undefined) segment.bytes += frame.length;
    await (soon ? file.appendSoon(frame) : file.append(frame));
  }

  /** Nothing is owed of this name any more. */
  settle(name: string): void {
    for (const segment of this.#segments) segment.owed.delete(name);
    // From the front only: an earlier record must not outlive a later one of the same name.
    while (this.#segments.length > 1 && this.#segments[0]?.owed.size === 0) {
      rmSync(this.#segments.shift()?.path ?? "", { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    // What is owed to nobody need not be read again.
    if (this.#segments.every((segment) => segment.owed.size === 0)) {
      for (const segment of this.#segments.splice(0)) rmSync(segment.path, { force: true });
    }
  }

  #writable(): GroupFile | null {
    const file = this.#file;
    return file !== null && file.bytes < this.#options.segmentBytesMax ? file : null;
  }

  async #openNext(): Promise<GroupFile> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } finally {
      this.#opening = null;
    }
  }

  async #open(): Promise<GroupFile> {
    this.#number += 1;
    const name = `${String(this.#number).padStart(8, "0")}.wal`;
    const file = path.join(this.#options.folder, name);
    const next = await GroupFile.open(file);
    const former = this.#file;
    this.#segments.push({ path: file, owed: new Set(), bytes: 0 });
    this.#file = next;
    await former?.close();
    return next;
  }

  #readSegment(file: string, last: Map<string, LoggedRecord>): Segment {
    const bytes = readFileSync(file);
    const owed = new Set<string>();
    let at = 0;
    for (;;) {
      const record = readFrame(bytes, at);
      if (record === null) break;
      at += HEAD_BYTES + Buffer.byteLength(record.name) + record.content.length;
      owed.add(record.name);
      last.delete(record.name);
      last.set(record.name, record);
    }
    if (at < bytes.length) truncateSync(file, at);
    return { path: file, owed, bytes: at };
  }
}

function frameOf({ name, content }: NewRecord): Buffer {
  const nameBytes = Buffer.byteLength(name);
  const bodyBytes = nameBytes + Buffer.byteLength(content);
  if (bodyBytes > RECORD_BYTES_MAX) throw new Error("the record is too large to be logged");
  const frame = Buffer.allocUnsafe(HEAD_BYTES + bodyBytes);
  frame.write(name, HEAD_BYTES, "utf8");
  if (typeof content === "string") frame.write(content, HEAD_BYTES + nameBytes, "utf8");
  else content.copy(frame, HEAD_BYTES + nameBytes);
  frame.writeUInt32LE(bodyBytes, 0);
  frame.writeUInt32LE(crc32(frame.subarray(HEAD_BYTES)), 4);
  frame.writeUInt16LE(nameBytes, 8);
  return frame;
}

/** null: the end, or what a crash left of a record. */
function readFrame(bytes: Buffer, at: number): LoggedRecord | null {
  if (at + HEAD_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  const nameLength = bytes.readUInt16LE(at + 8);
  const body = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
  if (length > RECORD_BYTES_MAX || body.length < length || nameLength > length) return null;
  if (crc32(body) !== bytes.readUInt32LE(at + 4)) return null;
  return { name: body.toString("utf8", 0, nameLength), content: body.subarray(nameLength) };
}
