/**
 * What a restore test leaves behind: one line each, canonical JSON with the hash of the line before it,
 * signed, so that none can be changed, left out or put in later without a sign of it. Pure.
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { type CanonicalValue, canonicalJson } from "../../gateway-image/src/base/canonical-json.ts";

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
  /** An office or a program, not a name. */
  by: z.string().min(1),
  checks: z
    .array(z.strictObject({ what: z.string().min(1), expected: z.string(), found: z.string() }))
    .min(1),
  /** Rows and sizes, as they were found. */
  figures: z.record(z.string(), z.number()).optional(),
});
export type RestoreRecord = z.infer<typeof restoreRecordSchema>;

const lineSchema = z.strictObject({
  kind: z.literal("restore-test"),
  seq: z.int().min(1),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  record: restoreRecordSchema,
  /** Ed25519 over this line without its signature, base64url. */
  signature: z.string(),
});
export type RecordLine = z.infer<typeof lineSchema>;

/** What the first line follows. */
const GENESIS = "0".repeat(64);

export function isGood({ checks }: RestoreRecord): boolean {
  return checks.every(({ expected, found }) => expected === found);
}

/** The next line, without its end. */
export function nextLine(
  record: RestoreRecord,
  former: string | undefined,
  key: KeyObject,
): string {
  const body = {
    kind: "restore-test",
    seq: former === undefined ? 1 : readLine(former).seq + 1,
    prev: former === undefined ? GENESIS : hash("sha256", former),
    record,
  } as const;
  const signature = sign(null, Buffer.from(canonicalJson(plain(body))), key).toString("base64url");
  return canonicalJson(plain({ ...body, signature }));
}

export function readLine(text: string): RecordLine {
  return lineSchema.parse(JSON.parse(text));
}

export interface ChainVerdict {
  readonly records: readonly RestoreRecord[];
  /** Empty: every line follows the one before it and carries its signature. */
  readonly faults: readonly string[];
}

export function judgeChain(lines: readonly string[], publicKey: string): ChainVerdict {
  const key = createPublicKey(publicKey);
  const records: RestoreRecord[] = [];
  const faults: string[] = [];
  for (const [index, text] of lines.entries()) {
    const where = `line ${index + 1}`;
    const line = lineOrNull(text);
    if (line === null) {
      faults.push(`${where} is no record`);
      continue;
    }
    const { signature, ...body } = line;
    const before = lines[index - 1];
    if (line.seq !== index + 1) faults.push(`${where} has the number ${line.seq}`);
    if (line.prev !== (before === undefined ? GENESIS : hash("sha256", before))) {
      faults.push(`${where} does not follow the line before it`);
    }
    const signed = Buffer.from(canonicalJson(plain(body)));
    if (!verify(null, signed, key, Buffer.from(signature, "base64url"))) {
      faults.push(`${where} does not carry its signature`);
    }
    records.push(line.record);
  }
  return { records, faults };
}

function lineOrNull(text: string): RecordLine | null {
  try {
    return readLine(text);
  } catch {
    return null;
  }
}

/** Members that are undefined are left out by canonical JSON; types of zod say otherwise. */
function plain(value: object): CanonicalValue {
  return value as unknown as CanonicalValue;
}
