/**
 * Proof of a restore test: the record that whoever restored has kept. No component of a stack restores by
 * itself, so the record is handed in; it is judged and goes with the report.
 */
import { z } from "zod";
import type { Shown } from "./shown.ts";

const moment = z.iso.datetime();

export const restoreRecordSchema = z.strictObject({
  /** Which store. */
  what: z.string().min(1),
  /** Which copy, and from where. */
  from: z.string().min(1),
  begun: moment,
  ended: moment,
  /** Until when the copy had data. */
  dataUntil: moment,
  /** An office, not a name. */
  by: z.string().min(1),
  checks: z
    .array(z.strictObject({ what: z.string().min(1), expected: z.string(), found: z.string() }))
    .min(1),
});

export interface RestoreQuestion {
  /** The record's text; null: none was handed in. */
  readonly record: string | null;
  readonly now: Date;
}

const TITLE = { zh: "恢复测试记录", en: "Record of a restore test" };
/** GB/T 22239-2019 8.1.10.11 and HIPAA ask for it regularly; a year is the longest that is called so. */
const DAYS_MAX = 366;
const DAY_MS = 86_400_000;

export function restoreProof({ record, now }: RestoreQuestion): Shown {
  const about = {
    id: "restore-test",
    control: "restore-test",
    title: TITLE,
    at: now.toISOString(),
  };
  if (record === null) {
    const findings = ["no record of a restore was handed in (--restore-record FILE)"];
    return { ...about, on: "record", result: "notEvaluated", figures: {}, findings, raw: null };
  }
  const read = restoreRecordSchema.safeParse(parsed(record));
  if (!read.success) {
    const findings = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return { ...about, on: "record", result: "fail", figures: {}, findings, raw: null };
  }
  const { what, begun, ended, dataUntil, checks } = read.data;
  const age = Math.floor((now.getTime() - Date.parse(ended)) / DAY_MS);
  const findings = [
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
    ...{ ...about, on: what },
    result: findings.length > 0 ? "fail" : "pass",
    figures: {
      "days ago": age,
      "seconds until restored": seconds(begun, ended),
      "seconds of data lost": Math.max(0, seconds(dataUntil, begun)),
      checks: checks.length,
    },
    findings,
    raw: read.data,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
