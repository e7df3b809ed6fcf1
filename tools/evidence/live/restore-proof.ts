/**
 * Proof of a restore test: the last record of the site's own test (tools/restore-test), whose whole chain is
 * judged again here, or, where another one restores, what it has kept and somebody hands in: a record, or the
 * list of restore jobs of AWS Backup.
 */
import {
  isGood,
  judgeChain,
  type RestoreRecord,
  restoreRecordSchema,
} from "../../restore-test/record.ts";
import { reasonOf } from "./listener.ts";
import { judgeJobs, restoreJobsSchema } from "./restore-jobs.ts";
import type { RestoreSource } from "./restore-source.ts";
import type { Shown } from "./shown.ts";

export interface RestoreQuestion {
  /** The text of a record that was handed in; null: none was. */
  readonly record: string | null;
  /** The site's own tests; null: there are none. */
  readonly own: RestoreSource | null;
  /** Why there is no test of the site's own. */
  readonly without: string;
  readonly now: Date;
}

const TITLE = { zh: "恢复测试记录", en: "Record of a restore test" };
/** GB/T 22239-2019 8.1.10.11 and HIPAA ask for it regularly; a year is the longest that is called so. */
const DAYS_MAX = 366;
const DAY_MS = 86_400_000;

export async function restoreProof(question: RestoreQuestion): Promise<Shown> {
  const { record, own, now } = question;
  if (record !== null) return handedIn(record, now);
  if (own === null) return nothing(question);
  try {
    const { lines, publicKey } = await own.read();
    const { records, faults } = judgeChain(lines, publicKey);
    const last = records.at(-1);
    if (last === undefined && faults.length === 0) return nothing(question);
    return last === undefined
      ? told(now, own.name, faults)
      : proofOf(last, now, { faults, tests: records });
  } catch (cause) {
    return { ...nothing(question), findings: [`${own.name}: ${reasonOf(cause)}`] };
  }
}

interface Chain {
  readonly faults: readonly string[];
  readonly tests: readonly RestoreRecord[];
}

function about(now: Date) {
  return { id: "restore-test", control: "restore-test", title: TITLE, at: now.toISOString() };
}

function nothing({ without, now }: RestoreQuestion): Shown {
  const findings = [`${without}; and no record of a restore was handed in (--restore-record FILE)`];
  return {
    ...about(now),
    ...{ on: "record", result: "notEvaluated", figures: {}, findings, raw: null },
  };
}

function told(now: Date, on: string, findings: readonly string[]): Shown {
  return { ...about(now), on, result: "fail", figures: {}, findings: [...findings], raw: null };
}

function handedIn(text: string, now: Date): Shown {
  const value = parsed(text);
  if (typeof value === "object" && value !== null && "RestoreJobs" in value)
    return jobsHandedIn(value, now);
  const read = restoreRecordSchema.safeParse(value);
  if (read.success) return proofOf(read.data, now, null);
  const faults = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return told(now, "record", faults);
}

function jobsHandedIn(value: object, now: Date): Shown {
  const read = restoreJobsSchema.safeParse(value);
  if (!read.success) {
    const faults = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return told(now, "restore jobs of AWS Backup", faults);
  }
  return { ...about(now), ...judgeJobs(read.data.RestoreJobs, now, DAYS_MAX), raw: value };
}

function proofOf(record: RestoreRecord, now: Date, chain: Chain | null): Shown {
  const { what, begun, ended, dataUntil, checks } = record;
  const age = Math.floor((now.getTime() - Date.parse(ended)) / DAY_MS);
  const findings = [
    ...(chain?.faults ?? []).map((fault) => `its records: ${fault}`),
    ...checks
      .filter(({ expected, found }) => expected !== found)
      .map((one) => `${one.what}: expected ${one.expected}, found ${one.found}`),
    ...(Date.parse(ended) < Date.parse(begun) ? ["it ended before it began"] : []),
    ...(Date.parse(dataUntil) > Date.parse(ended) ? ["its data is younger than its end"] : []),
    ...(age < 0 ? ["it ends in the future"] : []),
    ...(age > DAYS_MAX ? [`it is ${age} days old; a restore is tried every year`] : []),
  ];
  const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1_000;
  return {
    ...{ ...about(now), on: what },
    result: findings.length > 0 ? "fail" : "pass",
    figures: {
      "days ago": age,
      "seconds until restored": seconds(begun, ended),
      "seconds of data lost": Math.max(0, seconds(dataUntil, begun)),
      checks: checks.length,
      ...(chain === null
        ? {}
        : {
            "tests on record": chain.tests.length,
            "of them good": chain.tests.filter(isGood).length,
            ...(record.figures?.["ledgerRows"] === undefined
              ? {}
              : { "rows of the ledger": record.figures["ledgerRows"] }),
          }),
    },
    findings,
    raw: chain === null ? record : { records: chain.tests },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
