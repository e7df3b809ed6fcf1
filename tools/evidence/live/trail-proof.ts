/**
 * Proof of the audit trail: the chain of every writer judged again here, no day lost, and how far back it
 * reaches beside what the profile asks for. Nothing of an event leaves this file: the raw data of the
 * proof are days, counts and hashes.
 */
import { createHash, createPublicKey, type Hash } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AuditAnchor } from "../../../gateway-image/src/audit/audit-anchor-store.ts";
import { keyName } from "../../../gateway-image/src/audit/audit-line.ts";
import { DAY, SEGMENT_FILE } from "../../../gateway-image/src/audit/segment-files.ts";
import { judge } from "../../../gateway-image/src/audit/verify-trail.ts";
import { reasonOf } from "./listener.ts";
import type { Shown } from "./shown.ts";
import type { OwnVerdict, TrailSource } from "./trail-source.ts";

const DAY_MS = 86_400_000;
/** More is not read: it would fill the disk of whoever asks. */
const BYTES_MAX = 1024 * 1024 * 1024;
/** Lines are put into their files so many at a time. */
const BYTES_AT_ONCE = 1024 * 1024;
/** So many are told; the rest is counted. */
const FAULTS_TOLD = 20;

export interface TrailQuestion {
  readonly sources: readonly TrailSource[];
  /** Days that the profile asks for at the least. */
  readonly floorDays: number;
  readonly now: Date;
  /** Why there is no source. */
  readonly without: string;
  /** What the gateways' own checks found last, anchors included; empty where nobody tells. */
  readonly selfChecks: readonly { readonly gateway: string; readonly faults: number }[];
}

/** Of one source. */
export interface TrailFacts {
  readonly source: string;
  readonly days: readonly {
    readonly day: string;
    readonly lines: number;
    readonly sha256: string;
  }[];
  readonly firstTime: string;
  readonly lastTime: string;
  /** It begins with its first line ever: nothing was pruned, nothing is lost before it. */
  readonly whole: boolean;
  readonly leftOut: number;
  readonly events: number;
  readonly segments: number;
  readonly writers: readonly string[];
  readonly anchors: number;
  readonly sealKey: string;
  readonly faults: readonly string[];
  /** What the gateway says itself; null: it was not asked. */
  readonly own: OwnVerdict | null;
}

const CHAIN = { zh: "审计链完整性（逐行复核）", en: "The audit trail's chain, judged again" };
const KEPT = { zh: "审计留存：最早事件与缺日", en: "How far back the audit trail reaches" };

/** Two proofs: of the chain, and of its age. */
export async function trailProofs(question: TrailQuestion): Promise<Shown[]> {
  const read: TrailFacts[] = [];
  const open: string[] = question.sources.length === 0 ? [question.without] : [];
  for (const source of question.sources) {
    await readTrail(source).then(
      (facts) => read.push(facts),
      (cause: unknown) => open.push(`${source.name}: ${reasonOf(cause)}`),
    );
  }
  return [chainProof(question, read, open), keptProof(question, read, open)];
}

function chainProof(
  { now, selfChecks }: TrailQuestion,
  read: readonly TrailFacts[],
  open: string[],
): Shown {
  const own = selfChecks
    .filter((one) => one.faults > 0)
    .map((one) => `${one.gateway}: its own check finds ${one.faults} faults (anchors included)`);
  const chains = read.flatMap((one) => [
    ...one.faults.map((text) => `${one.source}: ${text}`),
    ...(one.faults.length === 0
      ? []
      : gaps(one, now).map((day) => `${one.source}: ${day}: no line`)),
    ...(one.own === null || one.own.intact
      ? []
      : [`${one.source}: the gateway finds faults itself`]),
  ]);
  const faults = [...own, ...chains];
  const sum = (of: (one: TrailFacts) => number) => read.reduce((all, one) => all + of(one), 0);
  return {
    ...{ id: "audit-chain", control: "audit-sealed", title: CHAIN, at: now.toISOString() },
    on: read.map(({ source }) => source).join(", ") || "gateway",
    result: faults.length > 0 ? "fail" : open.length > 0 ? "notEvaluated" : "pass",
    figures:
      read.length === 0
        ? {}
        : {
            trails: read.length,
            segments: sum(({ segments }) => segments),
            events: sum(({ events }) => events),
            anchors: sum(({ anchors }) => anchors),
            "verdicts of gateways themselves":
              read.filter((one) => one.own !== null).length + selfChecks.length,
          },
    findings: [...told(faults), ...open],
    raw: read.length === 0 ? null : { at: now.toISOString(), trails: read, selfChecks },
  };
}

function told(faults: readonly string[]): string[] {
  const rest = faults.length - FAULTS_TOLD;
  return [...faults.slice(0, FAULTS_TOLD), ...(rest > 0 ? [`and ${rest} more`] : [])];
}

function keptProof(question: TrailQuestion, read: readonly TrailFacts[], open: string[]): Shown {
  const { now, floorDays } = question;
  const verdicts = read.map((one) => ageOf(one, question));
  const results = verdicts.map(({ result }) => result);
  const failed = results.includes("fail");
  const ages = read.map((one) => daysSince(one.firstTime, now));
  return {
    ...{ id: "audit-kept", control: "audit-retention", title: KEPT, at: now.toISOString() },
    on: read.map(({ source }) => source).join(", ") || "gateway",
    result:
      failed || (open.length === 0 && results.every((one) => one === "pass"))
        ? failed
          ? "fail"
          : "pass"
        : "notEvaluated",
    figures:
      read.length === 0
        ? { "days asked for": floorDays }
        : {
            "oldest event": read.map(({ firstTime }) => firstTime).sort()[0] ?? "-",
            "days reached back": ages.length === 0 ? "-" : Math.min(...ages),
            "days asked for": floorDays,
            "days without a line": read.reduce((sum, one) => sum + gaps(one, now).length, 0),
          },
    findings: [...verdicts.flatMap(({ findings }) => findings), ...open],
    raw: null,
  };
}

/** A trail that begins with its first line ever can be younger than the floor without a fault. */
function ageOf(facts: TrailFacts, { now, floorDays }: TrailQuestion) {
  const { source, leftOut, whole, faults, firstTime } = facts;
  const age = daysSince(firstTime, now);
  if (faults.length > 0) {
    return {
      result: "fail",
      findings: [`${source}: its chain is broken, so that it proves no age`],
    };
  }
  if (age >= floorDays) return { result: "pass", findings: [] };
  if (leftOut > 0) {
    const text = `${source}: ${leftOut} older days were not read (more than is carried out of a pod)`;
    return { result: "notEvaluated", findings: [text] };
  }
  if (!whole) {
    const text = `${source}: what is older than ${age} days was pruned; ${floorDays} days are asked for`;
    return { result: "fail", findings: [text] };
  }
  const text = `${source}: young stack: ${age} days of ${floorDays}; nothing was pruned so far`;
  return { result: "notEvaluated", findings: [text] };
}

function daysSince(time: string, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(time)) / DAY_MS);
}

/** Days from the first to today without a line: where the chain holds, nothing happened on them. */
function gaps({ days }: TrailFacts, now: Date): string[] {
  const known = new Set(days.map(({ day }) => day));
  const first = days[0]?.day;
  if (first === undefined) return [];
  const missing: string[] = [];
  for (let time = Date.parse(first); time < now.getTime(); time += DAY_MS) {
    const day = new Date(time).toISOString().slice(0, 10);
    if (!known.has(day)) missing.push(day);
  }
  return missing;
}

async function readTrail(source: TrailSource): Promise<TrailFacts> {
  const folder = mkdtempSync(path.join(tmpdir(), "trail-"));
  try {
    const copied = await copyRows(source, folder);
    const key = createPublicKey(copied.publicKey);
    const report = judge({
      ...{ folder, publicKey: key, anchors: copied.anchors },
      excerpt: source.excerpt || copied.leftOut > 0,
    });
    return {
      source: source.name,
      days: [...copied.days].map(([day, { lines, hash }]) => ({
        ...{ day, lines, sha256: hash.digest("hex") },
      })),
      ...{ firstTime: copied.firstTime, lastTime: copied.lastTime, leftOut: copied.leftOut },
      whole: copied.firstSeq === 1,
      ...{ events: report.events, segments: report.segments, writers: report.writers },
      anchors: copied.anchors.length,
      sealKey: keyName(key),
      faults: report.faults.map(({ where, what }) => `${where} ${what}`),
      own: source.verdict === null ? null : await source.verdict(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Row {
  readonly file?: string;
  readonly line?: string;
  readonly anchor?: Omit<AuditAnchor, "time"> & { readonly time: string };
  readonly publicKey?: string;
  readonly leftOut?: readonly string[];
}

interface Copied {
  readonly days: Map<string, { lines: number; readonly hash: Hash }>;
  readonly anchors: AuditAnchor[];
  publicKey: string;
  leftOut: number;
  firstTime: string;
  firstSeq: number;
  lastTime: string;
}

/** The rows of an export, as the files that they were. */
async function copyRows(source: TrailSource, folder: string): Promise<Copied> {
  const copied: Copied = {
    ...{ days: new Map(), anchors: [], publicKey: "", leftOut: 0 },
    ...{ firstTime: "", firstSeq: 0, lastTime: "" },
  };
  const kept = new Kept(folder);
  let bytes = 0;
  for await (const text of source.rows()) {
    if (text === "") continue;
    bytes += text.length;
    if (bytes > BYTES_MAX)
      throw new Error("the trail is larger than a gibibyte; read an archive of it");
    const row = JSON.parse(text) as Row;
    if (row.file !== undefined && row.line !== undefined) {
      kept.add(safe(row.file), row.line);
      countLine(copied, row.file, row.line);
    }
    if (row.anchor !== undefined) {
      copied.anchors.push({ ...row.anchor, time: new Date(row.anchor.time) });
    }
    copied.publicKey = row.publicKey ?? copied.publicKey;
    copied.leftOut = row.leftOut?.length ?? copied.leftOut;
  }
  kept.flush();
  if (copied.publicKey === "") throw new Error("the trail was not told to its end");
  if (copied.firstTime === "") throw new Error("there is no line in it");
  return copied;
}

function countLine(copied: Copied, file: string, line: string): void {
  const day = file.slice(0, 10);
  const own = copied.days.get(day) ?? { lines: 0, hash: createHash("sha256") };
  copied.days.set(day, own);
  own.lines += 1;
  own.hash.update(`${line}\n`);
  const { time = "", seq = 0 } = parsed(line);
  if (copied.firstTime === "") {
    copied.firstTime = time;
    copied.firstSeq = seq;
  }
  copied.lastTime = time;
}

/** A line that is none is a fault of the chain, and said there. */
function parsed(line: string): { readonly time?: string; readonly seq?: number } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

/** Lines of one file after another, written a mebibyte at a time. */
class Kept {
  readonly #folder: string;
  #file = "";
  #text = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(file: string, line: string): void {
    if (file !== this.#file || this.#text.length > BYTES_AT_ONCE) this.flush();
    this.#file = file;
    this.#text += `${line}\n`;
  }

  flush(): void {
    if (this.#text === "") return;
    const place = path.join(this.#folder, this.#file);
    mkdirSync(path.dirname(place), { recursive: true });
    appendFileSync(place, this.#text);
    this.#text = "";
  }
}

/** A day and a segment, and nothing that leads out of the folder. */
function safe(file: string): string {
  const [day = "", name = "", ...rest] = file.split("/");
  if (DAY.test(day) && SEGMENT_FILE.test(name) && rest.length === 0) return file;
  throw new Error(`a row names ${file.slice(0, 80)}, which is no segment`);
}
