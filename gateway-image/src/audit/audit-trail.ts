/**
 * The audit trail of one gateway: `audit/<site>/<date>/<writer>-<n>.jsonl`. A line is on the disk
 * before `append` resolves. Segments end each day (UTC), at their size, after their time, and with
 * the gateway; what a crash left is closed by the next start, which says so in the chain.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../base/clock.ts";
import { GroupFile } from "../base/group-file.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { AuditAnchorStore } from "./audit-anchor-store.ts";
import {
  type AuditEvent,
  type AuditLine,
  eventLine,
  GENESIS,
  keyName,
  type LineHead,
  lineHash,
  lineText,
  pruned,
  type Seal,
  sealed,
} from "./audit-line.ts";
import { prunable } from "./prunable-days.ts";
import { daysOf, SEGMENT_FILE } from "./segment-files.ts";

export interface AuditTrailOptions {
  readonly folder: string;
  readonly site: string;
  readonly writer: string;
  readonly sealKey: KeyObject;
  readonly clock: Clock;
  readonly anchors: AuditAnchorStore;
  /** `refuse`: what cannot be recorded is not done. */
  readonly whenDown: "refuse" | "serve";
  /** Days that are kept; 0: all. */
  readonly retentionDays: number;
  /** How old a segment may grow: what is open is nowhere but on this disk. */
  readonly segmentSeconds: number;
  readonly onLost: (error: unknown) => void;
  readonly onFault: (error: unknown) => void;
}

interface Segment {
  readonly file: GroupFile;
  readonly day: string;
  readonly openedMs: number;
  lines: number;
}

export class AuditTrail {
  readonly #options: AuditTrailOptions;
  #segment: Segment | null = null;
  #number = 0;
  #seq = 0;
  #head = GENESIS;
  #anchored = 0;
  /** When the first line came that no anchor holds; null: all are held. */
  #looseSinceMs: number | null = null;
  /** Lines are chained in the order in which they are made, so opening a segment is waited for. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Of those turns, how many have not ended. */
  #waiting = 0;
  #timer: NodeJS.Timeout | null = null;
  #pruning: NodeJS.Timeout | null = null;
  #sealing: NodeJS.Timeout | null = null;
  #down = false;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  /** Reads where the chain ends, closes what a crash left open, and begins to anchor. */
  async start(): Promise<void> {
    const last = this.#lastSegment();
    if (last !== null) await this.#recover(last);
    this.#timer = setInterval(() => void this.anchor(), limits.auditAnchorMs);
    this.#timer.unref();
    this.#pruning = setInterval(() => void this.#pruneOld(), limits.auditPruneMs);
    this.#pruning.unref();
    this.#sealing = setInterval(() => void this.sealOld(), limits.auditSealLookMs);
    this.#sealing.unref();
  }

  /** The last write failed; with `refuse` nothing is served until one succeeds. */
  get isDown(): boolean {
    return this.#down;
  }

  /** Resolves when the event is on the disk. Rejects only where what cannot be recorded is refused. */
  async append(event: AuditEvent): Promise<void> {
    try {
      await this.#write((head) => eventLine(head, event));
      this.#down = false;
    } catch (cause) {
      this.#down = true;
      // A file that failed takes nothing more; the next line begins a new one.
      this.#segment = null;
      if (this.#options.whenDown === "refuse")
        throw new GatewayError("audit_unavailable", { cause });
      this.#options.onLost(cause);
    }
  }

  /** Tells the store elsewhere how far the chain has come. Never rejects. */
  async anchor(): Promise<void> {
    const { site, writer, clock, anchors, onFault } = this.#options;
    const [seq, head] = [this.#seq, this.#head];
    if (seq === this.#anchored) return;
    try {
      await anchors.put({ site, writer, seq, head, time: new Date(clock.wallMs()) });
      this.#anchored = seq;
      this.#looseSinceMs = this.#seq === seq ? null : clock.wallMs();
    } catch (error) {
      onFault(error);
    }
  }

  /** How long events have been without an anchor: what could be cut off unseen. */
  get lagMs(): number {
    return this.#looseSinceMs === null ? 0 : this.#options.clock.wallMs() - this.#looseSinceMs;
  }

  /** Where the days of this site are. */
  get folder(): string {
    return path.join(this.#options.folder, this.#options.site);
  }

  get publicKey(): KeyObject {
    return createPublicKey(this.#options.sealKey);
  }

  /**
   * Takes away whole days before the given one, all of them sealed, and says so in the chain
   * first: what is missing without that line was deleted. Returns the days.
   */
  async prune(firstDayKept: string): Promise<readonly string[]> {
    const found = prunable(this.folder, this.#options.writer, firstDayKept);
    if (found === null) return [];
    const { days, through, head } = found;
    const about = { through, head, day: days.at(-1) ?? "" };
    await this.#write((line) => pruned(line, about, this.#options.sealKey));
    for (const day of days) await rm(path.join(this.folder, day), { recursive: true });
    return days;
  }

  async #pruneOld(): Promise<void> {
    const { retentionDays, clock, onFault } = this.#options;
    if (retentionDays === 0) return;
    await this.prune(dayOf(clock.wallMs() - retentionDays * 86_400_000)).catch(onFault);
  }

  /** Ends a segment whose time or day is over, also when no event comes. Never rejects. */
  async sealOld(): Promise<void> {
    const seal = async () => {
      if (this.#segment !== null && this.#isOver(this.#segment)) await this.#seal();
    };
    await this.#inTurn(seal).catch(this.#options.onFault);
  }

  #isOver({ day, openedMs }: Segment): boolean {
    const nowMs = this.#options.clock.wallMs();
    return day !== dayOf(nowMs) || nowMs - openedMs >= this.#options.segmentSeconds * 1_000;
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#pruning !== null) clearInterval(this.#pruning);
    if (this.#sealing !== null) clearInterval(this.#sealing);
    await this.#inTurn(() => this.#seal());
    await this.anchor();
  }

  async #write(make: (head: LineHead) => AuditLine): Promise<void> {
    const current = this.#segment;
    // With a segment that takes the line, and nobody before it, its turn is now.
    if (current !== null && this.#waiting === 0 && this.#fits(current)) {
      return this.#put(current, make);
    }
    // The line is made in turn, the disk is waited for outside of it, together with others.
    const written = await this.#inTurn(async () => {
      const segment = await this.#open();
      return { done: this.#put(segment, make) };
    });
    await written.done;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#turn.then(work, work);
    this.#turn = result
      .catch(() => {})
      .then(() => {
        this.#waiting -= 1;
      });
    return result;
  }

  #fits(segment: Segment): boolean {
    return segment.file.bytes < limits.auditSegmentBytesMax && !this.#isOver(segment);
  }

  #put(segment: Segment, make: (head: LineHead) => AuditLine): Promise<void> {
    const time = new Date(this.#options.clock.wallMs()).toISOString();
    const text = lineText(make({ seq: this.#seq + 1, prev: this.#head, time }));
    this.#seq += 1;
    this.#looseSinceMs ??= this.#options.clock.wallMs();
    this.#head = lineHash(text);
    segment.lines += 1;
    return segment.file.append(Buffer.from(`${text}\n`, "utf8"));
  }

  /** The segment of today, with room in it. */
  async #open(): Promise<Segment> {
    const current = this.#segment;
    if (current !== null && this.#fits(current)) return current;
    const openedMs = this.#options.clock.wallMs();
    const day = dayOf(openedMs);
    await this.#seal();
    const { folder, site, writer, sealKey } = this.#options;
    const dayFolder = path.join(folder, site, day);
    mkdirSync(dayFolder, { recursive: true, mode: 0o700 });
    this.#number += 1;
    const name = `${writer}-${String(this.#number).padStart(6, "0")}.jsonl`;
    const file = await GroupFile.open(path.join(dayFolder, name));
    const segment = { file, day, openedMs, lines: 0 };
    this.#segment = segment;
    const about = { site, writer, segment: this.#number, key: keyName(sealKey) };
    void this.#put(segment, (head) => ({ ...head, kind: "opened", ...about })).catch(() => {});
    return segment;
  }

  async #seal(): Promise<void> {
    const segment = this.#segment;
    if (segment === null) return;
    this.#segment = null;
    const lines = segment.lines + 1;
    await this.#put(segment, (head): Seal => sealed(head, lines, this.#options.sealKey));
    await segment.file.close();
  }

  #lastSegment(): string | null {
    const { folder, site, writer } = this.#options;
    const base = path.join(folder, site);
    mkdirSync(base, { recursive: true, mode: 0o700 });
    let last: string | null = null;
    for (const day of daysOf(base)) {
      for (const name of readdirSync(path.join(base, day)).sort()) {
        const [, owner, digits] = SEGMENT_FILE.exec(name) ?? [];
        if (owner !== writer || Number(digits) <= this.#number) continue;
        this.#number = Number(digits);
        last = path.join(base, day, name);
      }
    }
    return last;
  }

  /** A segment without a seal gets one, after what a crash left of its last line was cut off. */
  async #recover(file: string): Promise<void> {
    const bytes = readFileSync(file);
    const end = bytes.lastIndexOf("\n") + 1;
    const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
    const text = lines.at(-1);
    if (text === undefined) {
      // Nothing of it had reached the disk: its number is used again.
      truncateSync(file, 0);
      this.#number -= 1;
      return this.#recoverFormer();
    }
    const last = JSON.parse(text) as AuditLine;
    this.#seq = last.seq;
    this.#head = lineHash(text);
    if (last.kind === "sealed") return;
    truncateSync(file, end);
    const group = await GroupFile.open(file);
    const day = path.basename(path.dirname(file));
    this.#segment = { file: group, day, openedMs: 0, lines: lines.length };
    const bytesCut = bytes.length - end;
    await this.#put(this.#segment, (head) => ({ ...head, kind: "recovered", bytesCut }));
    await this.#seal();
  }

  async #recoverFormer(): Promise<void> {
    const wanted = this.#number;
    this.#number = 0;
    const { folder, site, writer } = this.#options;
    const name = `${writer}-${String(wanted).padStart(6, "0")}.jsonl`;
    for (const day of daysOf(this.folder).reverse()) {
      const files = readdirSync(path.join(folder, site, day));
      if (!files.includes(name)) continue;
      this.#number = wanted;
      return this.#recover(path.join(folder, site, day, name));
    }
  }
}

/** In UTC. */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
