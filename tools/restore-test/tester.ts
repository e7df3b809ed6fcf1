/**
 * Restores the newest copy into a scratch folder again and again, asks it, and keeps what came of it.
 * The live database is never reached: what is restored comes from the archive alone.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { appendFile, open, writeFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../base/user-error.ts";
import type { ArchiveSource } from "./archive-source.ts";
import { askDatabase } from "./database-place.ts";
import { checksOf, questions, readAnswer } from "./questions.ts";
import { isGood, nextLine, type RestoreRecord, readLine } from "./record.ts";
import { emptyScratch, type Fetched, fetchNewest } from "./scratch.ts";

export interface TesterOptions {
  readonly source: ArchiveSource;
  readonly scratch: string;
  /** Records are kept here. */
  readonly state: string;
  readonly database: string;
  readonly everyMs: number;
  readonly limitMs: number;
  readonly sealKey: KeyObject;
  readonly nowMs: () => number;
}

/** After a test that failed; what was away for a moment is not told of for days. */
const RETRY_MS = 6 * 3_600_000;
const RECORDS = "records.jsonl";
const PUBLIC_KEY = "public-key.pem";

export class Tester {
  readonly #options: TesterOptions;
  readonly #lines: string[];
  readonly #firstMs: number;

  /** Throws where its own records cannot be read: a chain is never begun anew in silence. */
  constructor(options: TesterOptions) {
    this.#options = options;
    mkdirSync(options.state, { recursive: true, mode: 0o700 });
    const file = path.join(options.state, RECORDS);
    this.#lines = linesOf(file);
    this.#firstMs = options.nowMs();
    for (const line of this.#lines) readOwn(line, file);
  }

  get records(): readonly RestoreRecord[] {
    return this.#lines.map((line) => readLine(line).record);
  }

  get last(): RestoreRecord | undefined {
    return this.records.at(-1);
  }

  get lastGood(): RestoreRecord | undefined {
    return this.records.findLast(isGood);
  }

  /** When it first began to test, or was started where it has not tested yet. */
  get firstMs(): number {
    const [first] = this.records;
    return first === undefined ? this.#firstMs : Date.parse(first.begun);
  }

  get dueMs(): number {
    const { last } = this;
    if (last === undefined) return this.#firstMs;
    const wait = isGood(last) ? this.#options.everyMs : Math.min(RETRY_MS, this.#options.everyMs);
    return Date.parse(last.ended) + wait;
  }

  /** One test, from the archive to the record. */
  async test(signal: AbortSignal): Promise<RestoreRecord> {
    const { scratch, source, limitMs } = this.#options;
    const begun = new Date(this.#options.nowMs());
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    const outcome = await this.#restored(begun, limit).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      return failed(cause, begun);
    });
    await emptyScratch(scratch);
    const record: RestoreRecord = {
      ...{ what: "PostgreSQL: the ledger", from: outcome.from ?? source.where },
      ...{ begun: begun.toISOString(), ended: outcome.ended ?? this.#now() },
      ...{ dataUntil: outcome.dataUntil, by: "restore-test" },
      ...{ checks: outcome.checks, figures: outcome.figures },
    };
    await this.#keep(record);
    return record;
  }

  async #restored(begun: Date, limit: AbortSignal): Promise<Outcome> {
    const { source, scratch, database } = this.#options;
    const fetched = await fetchNewest(source, scratch, limit);
    const fetchedMs = this.#options.nowMs();
    const former = this.lastGood;
    const cutoff = new Date(former?.figures?.["ledgerNewestMs"] ?? 0);
    const text = await askDatabase(scratch, questions(database, cutoff), limit);
    const ended = this.#now();
    const answer = readAnswer(text);
    const rows = Object.values(answer.rows).reduce((sum, one) => sum + one, 0);
    const until = answer.dataUntil ?? fetched.backup.endTime.toISOString();
    const newest = answer.ledger.newest;
    return {
      from: `${source.where}, copy ${fetched.backup.id}`,
      ended,
      // A clock that is ahead elsewhere must not make a record that claims the future.
      dataUntil: new Date(Math.min(Date.parse(until), begun.getTime())).toISOString(),
      checks: checksOf({ answer, copyEnded: fetched.backup.endTime, begun, former }),
      figures: {
        ...sizesOf(fetched),
        ...{ rows, ledgerRows: answer.rows["gateway_ledger"] ?? 0 },
        ...{ ledgerDays: answer.ledger.days, indexes: answer.indexes },
        ...(newest === null ? {} : { ledgerNewestMs: Date.parse(newest) }),
        secondsToFetch: Math.round((fetchedMs - begun.getTime()) / 100) / 10,
      },
    };
  }

  /** On the disk before anybody hears of it. */
  async #keep(record: RestoreRecord): Promise<void> {
    const { state, sealKey } = this.#options;
    const line = nextLine(record, this.#lines.at(-1), sealKey);
    const file = path.join(state, RECORDS);
    await appendFile(file, `${line}\n`, { mode: 0o600 });
    const handle = await open(file, "r");
    await handle.sync().finally(() => handle.close());
    const pem = createPublicKey(sealKey).export({ type: "spki", format: "pem" });
    await writeFile(path.join(state, PUBLIC_KEY), pem, { mode: 0o600 });
    this.#lines.push(line);
  }

  #now(): string {
    return new Date(this.#options.nowMs()).toISOString();
  }
}

interface Outcome extends Pick<RestoreRecord, "dataUntil" | "checks" | "figures"> {
  readonly from?: string;
  readonly ended?: string;
}

/** What failed is a record, too: a test nobody hears of is none. */
function failed(cause: unknown, begun: Date): Outcome {
  const found =
    cause instanceof UserError
      ? `${cause.message} (${cause.where}). ${cause.fix}`
      : `a fault of the tester itself: ${String(cause)}`;
  return {
    dataUntil: begun.toISOString(),
    checks: [{ what: "the newest copy is restored", expected: "yes", found }],
    figures: {},
  };
}

function sizesOf({ bytes, wals }: Fetched) {
  return { bytes, segments: wals };
}

/** A last line without an end was being written when the pod was ended: nobody has heard of it, and it is cut off. */
function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const whole = bytes.lastIndexOf("\n") + 1;
  if (whole < bytes.length) truncateSync(file, whole);
  const lines = bytes.subarray(0, whole).toString("utf8").split("\n");
  return lines.filter((line) => line !== "");
}

function readOwn(line: string, file: string): void {
  try {
    readLine(line);
  } catch {
    throw new UserError("holds a line that is no record", {
      where: file,
      fix: "keep the file for whoever looks into it, and put another one in its place",
    });
  }
}
