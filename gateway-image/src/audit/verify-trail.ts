/**
 * Judges a folder of the audit trail: every line's hash, number and order, every seal, that no
 * segment and no day is missing, and that no chain is shorter than the anchors say it was.
 */
import type { KeyObject } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { AuditAnchor } from "./audit-anchor-store.ts";
import { type AuditLine, GENESIS, isSealed, keyName, lineHash, lineText } from "./audit-line.ts";
import { SEGMENT_FILE } from "./audit-trail.ts";

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
}

/** `folder` holds the days of one site. */
export function verifyTrail(
  folder: string,
  publicKey: KeyObject,
  anchors: readonly AuditAnchor[],
): TrailReport {
  const faults: TrailFault[] = [];
  const fault = (where: string, what: string) => void faults.push({ where, what });
  const chains = new Map<string, Chain>();
  const files = segmentFiles(folder, fault);
  let events = 0;
  for (const { writer, files: own } of files) {
    const wanted = anchors.filter((anchor) => anchor.writer === writer).map(({ seq }) => seq);
    const chain: Chain = { writer, seq: 0, head: GENESIS, hashes: new Map() };
    chains.set(writer, chain);
    own.forEach((file, index) => {
      const isLast = index === own.length - 1;
      events += checkSegment(folder, file, chain, { publicKey, isLast, wanted }, fault);
    });
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
function checkSegment(
  folder: string,
  file: SegmentName,
  chain: Chain,
  about: { publicKey: KeyObject; isLast: boolean; wanted: readonly number[] },
  fault: Fault,
): number {
  const text = readFileSync(path.join(folder, file.path), "utf8");
  const texts = text.split("\n");
  const rest = texts.pop() ?? "";
  if (rest !== "") fault(file.path, "its last line is torn");
  let events = 0;
  let last: AuditLine | null = null;
  texts.forEach((lineOf, index) => {
    const where = `${file.path}:${index + 1}`;
    const line = readLine(lineOf);
    if (line === null) {
      fault(where, "is not canonical JSON of a line");
      chain.head = lineHash(lineOf);
      return;
    }
    if (line.seq !== chain.seq + 1) fault(where, `has number ${line.seq} after ${chain.seq}`);
    if (line.prev !== chain.head) fault(where, "does not follow the line before it");
    if (last?.kind === "sealed") fault(where, "comes after the seal");
    if ((index === 0) !== (line.kind === "opened")) fault(where, "is out of place");
    if (line.kind === "event") events += 1;
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
  });
  // Only a running gateway's last segment is open.
  const sealedKind: AuditLine | null = last;
  if ((sealedKind as AuditLine | null)?.kind !== "sealed" && !about.isLast) {
    fault(file.path, "has no seal");
  }
  return events;
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
