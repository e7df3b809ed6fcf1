/**
 * Judges a folder of the audit trail: every line's hash, number and order, every seal, that no
 * segment and no day is missing, and that no chain is shorter than the anchors say it was.
 */
import type { KeyObject } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { AuditAnchor } from "./audit-anchor-store.ts";
import {
  type AuditLine,
  GENESIS,
  isSealed,
  keyName,
  lineHash,
  lineText,
  type Pruned,
} from "./audit-line.ts";
import { DAY, HOLD_FILE, SEGMENT_FILE } from "./segment-files.ts";

export interface TrailFault {
  /** File and line, relative to the folder. */
  readonly where: string;
  readonly what: string;
}

export interface TrailReport {
  readonly events: number;
  readonly segments: number;
  readonly writers: readonly string[];
  readonly faults: readonly TrailFault[];
}

interface Chain {
  readonly writer: string;
  seq: number;
  head: string;
  /** Hashes of the lines that anchors speak of. */
  readonly hashes: Map<number, string>;
  /** The last line before the first one that is there; null: it begins at its beginning, or says that it was pruned. */
  before: { readonly seq: number; readonly head: string } | null;
}

export interface TrailToJudge {
  /** Holds the days of one site. */
  readonly folder: string;
  readonly publicKey: KeyObject;
  readonly anchors: readonly AuditAnchor[];
  /** Days were taken out of a longer trail: what came before them is not asked for. */
  readonly excerpt?: boolean;
}

export function verifyTrail(
  folder: string,
  publicKey: KeyObject,
  anchors: readonly AuditAnchor[],
): TrailReport {
  return judge({ folder, publicKey, anchors });
}

/** All at once. */
export function judge(trail: TrailToJudge): TrailReport {
  const steps = judging(trail);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Between calls that are served meanwhile; gives up where the signal says so. */
export async function judgeBeside(trail: TrailToJudge, signal: AbortSignal): Promise<TrailReport> {
  const steps = judging(trail);
  for (;;) {
    signal.throwIfAborted();
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lines that are judged in one go: some milliseconds. */
const LINES_AT_ONCE = 200;

function* judging(trail: TrailToJudge): Generator<undefined, TrailReport> {
  const { folder, publicKey, anchors, excerpt = false } = trail;
  const faults: TrailFault[] = [];
  const fault = (where: string, what: string) => void faults.push({ where, what });
  const chains = new Map<string, Chain>();
  const files = segmentFiles(folder, fault);
  let events = 0;
  for (const { writer, files: own } of files) {
    const wanted = anchors.filter((anchor) => anchor.writer === writer).map(({ seq }) => seq);
    const chain: Chain = { writer, seq: 0, head: GENESIS, hashes: new Map(), before: null };
    chains.set(writer, chain);
    for (const [index, file] of own.entries()) {
      const isLast = index === own.length - 1;
      events += yield* checkSegment(folder, file, chain, { publicKey, isLast, wanted }, fault);
    }
    if (chain.before !== null && !excerpt) {
      fault(own[0]?.path ?? writer, "nothing says that what came before it was pruned");
    }
  }
  for (const anchor of anchors) checkAnchor(anchor, chains.get(anchor.writer), fault);
  const segments = files.reduce((sum, { files: own }) => sum + own.length, 0);
  return { events, segments, writers: files.map(({ writer }) => writer), faults };
}

type Fault = (where: string, what: string) => void;

interface SegmentName {
  readonly path: string;
  readonly number: number;
  readonly day: string;
}

function segmentFiles(folder: string, fault: Fault) {
  const byWriter = new Map<string, SegmentName[]>();
  for (const day of readdirSync(folder).sort()) {
    if (day === HOLD_FILE) continue;
    if (!DAY.test(day)) {
      fault(day, "is no day of the trail");
      continue;
    }
    for (const name of readdirSync(path.join(folder, day)).sort()) {
      const [, writer, digits] = SEGMENT_FILE.exec(name) ?? [];
      const where = path.join(day, name);
      if (writer === undefined) {
        fault(where, "is no segment of the trail");
        continue;
      }
      const list = byWriter.get(writer) ?? [];
      byWriter.set(writer, list);
      list.push({ path: where, number: Number(digits), day });
    }
  }
  return [...byWriter].map(([writer, list]) => ({
    writer,
    files: list.sort((a, b) => a.number - b.number),
  }));
}

/** Returns the number of events. */
function* checkSegment(
  folder: string,
  file: SegmentName,
  chain: Chain,
  about: { publicKey: KeyObject; isLast: boolean; wanted: readonly number[] },
  fault: Fault,
): Generator<undefined, number> {
  const text = readFileSync(path.join(folder, file.path), "utf8");
  const texts = text.split("\n");
  const rest = texts.pop() ?? "";
  if (rest !== "") fault(file.path, "its last line is torn");
  let events = 0;
  let last: AuditLine | null = null;
  for (const [index, lineOf] of texts.entries()) {
    if (index % LINES_AT_ONCE === 0) yield;
    const where = `${file.path}:${index + 1}`;
    const line = readLine(lineOf);
    if (line === null) {
      fault(where, "is not canonical JSON of a line");
      chain.head = lineHash(lineOf);
      continue;
    }
    if (chain.seq === 0 && line.seq > 1) beginAt(chain, line);
    if (line.seq !== chain.seq + 1) fault(where, `has number ${line.seq} after ${chain.seq}`);
    if (line.prev !== chain.head) fault(where, "does not follow the line before it");
    if (last?.kind === "sealed") fault(where, "comes after the seal");
    if ((index === 0) !== (line.kind === "opened")) fault(where, "is out of place");
    if (line.kind === "event") events += 1;
    if (line.kind === "pruned") checkPruned(line, chain, about.publicKey, where, fault);
    if (line.kind === "opened") checkOpened(line, file, chain, about.publicKey, where, fault);
    if (line.kind === "sealed") {
      if (line.lines !== index + 1)
        fault(where, `seals ${line.lines} lines, but there are ${index + 1}`);
      if (!isSealed(line, about.publicKey)) fault(where, "its signature is not valid");
    }
    chain.seq = line.seq;
    chain.head = lineHash(lineOf);
    if (about.wanted.includes(line.seq)) chain.hashes.set(line.seq, chain.head);
    last = line;
  }
  // Only a running gateway's last segment is open.
  if (last?.kind !== "sealed" && !about.isLast) fault(file.path, "has no seal");
  return events;
}

/** The chain begins in its middle; a later line must say that what came before was pruned. */
function beginAt(chain: Chain, line: AuditLine): void {
  chain.before = { seq: line.seq - 1, head: line.prev };
  chain.seq = line.seq - 1;
  chain.head = line.prev;
}

function checkPruned(
  line: Pruned,
  chain: Chain,
  publicKey: KeyObject,
  where: string,
  fault: Fault,
): void {
  const { before } = chain;
  if (!isSealed(line, publicKey)) fault(where, "its signature is not valid");
  else if (before !== null && before.seq === line.through && before.head === line.head) {
    chain.before = null;
  }
}

function checkOpened(
  line: Extract<AuditLine, { kind: "opened" }>,
  file: SegmentName,
  chain: Chain,
  publicKey: KeyObject,
  where: string,
  fault: Fault,
): void {
  if (line.writer !== chain.writer || line.segment !== file.number) {
    fault(where, `belongs to ${line.writer}, segment ${line.segment}`);
  }
  if (line.time.slice(0, 10) !== file.day) fault(where, `was opened on ${line.time.slice(0, 10)}`);
  if (line.key !== keyName(publicKey)) fault(where, "is sealed by another key");
}

function checkAnchor(anchor: AuditAnchor, chain: Chain | undefined, fault: Fault): void {
  const where = `writer ${anchor.writer}`;
  if (chain === undefined || chain.seq < anchor.seq) {
    const seen = chain?.seq ?? 0;
    fault(where, `ends at line ${seen}, but had ${anchor.seq} at ${anchor.time.toISOString()}`);
  } else if (chain.hashes.get(anchor.seq) !== anchor.head) {
    fault(where, `line ${anchor.seq} is not the one that was anchored`);
  }
}

function readLine(text: string): AuditLine | null {
  try {
    const line = JSON.parse(text) as AuditLine;
    return lineText(line) === text ? line : null;
  } catch {
    return null;
  }
}
