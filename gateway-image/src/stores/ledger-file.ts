/**
 * Rows of a ledger as a file that travels between sites: a head, a settled row a line, and an end with
 * how many there were, the hash of all before it, and a signature by the site that they come from.
 * Read as a stream: only who has come to the end knows whether what was read is whole.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import { keyName } from "../audit/audit-line.ts";
import type { LedgerRow } from "./ledger-store.ts";

export interface LedgerFileHead {
  /** Of the gateway that wrote it. */
  readonly site: string;
  /** Which rows: of one site alone, and by the time of their beginning. */
  readonly only: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

/** A row has some 600 bytes, of which callers choose a request's id; a longer line is none of ours. */
const LINE_CHARACTERS_MAX = 64 * 1024;
const FORMAT = "deepseek-ledger-1";

const time = z.iso.datetime();
const count = z.number().int().nonnegative();
const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  site: z.string().min(1),
  only: z.string().nullable(),
  from: time.nullable(),
  to: time.nullable(),
});
const rowSchema = z.strictObject({
  callId: z.guid(),
  state: z.literal("settled"),
  requestId: z.string(),
  site: z.string(),
  instance: z.string(),
  principal: z.string(),
  keyId: z.string(),
  tenant: z.string(),
  endpoint: z.string(),
  model: z.string(),
  streamed: z.boolean(),
  startedAt: time,
  finishedAt: time.nullable(),
  status: z.enum(["success", "client_error", "error"]).nullable(),
  httpStatus: z.number().int().nullable(),
  error: z.string().nullable(),
  promptTokens: count,
  completionTokens: count,
  usageSource: z.string(),
  costMicros: count,
  currency: z.string().nullable(),
  latencyMs: z.number().nullable(),
  firstByteMs: z.number().nullable(),
});
const endSchema = z.strictObject({
  rows: count,
  sha256: z.string(),
  publicKey: z.string(),
  signature: z.string(),
});

/** Not whole, not of the site that it should be of, or none of these files. */
export class LedgerFileRefused extends Error {}

export function rowLine(row: LedgerRow): string {
  return JSON.stringify({
    ...row,
    startedAt: row.startedAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  });
}

export async function* writeLedgerFile(
  head: LedgerFileHead,
  rows: AsyncIterable<readonly LedgerRow[]>,
  key: KeyObject,
): AsyncGenerator<string> {
  const hash = createHash("sha256");
  const hashed = (text: string) => {
    hash.update(text);
    return text;
  };
  yield hashed(`${JSON.stringify({ format: FORMAT, ...head })}\n`);
  let written = 0;
  for await (const some of rows) {
    written += some.length;
    yield hashed(some.map((row) => `${rowLine(row)}\n`).join(""));
  }
  const end = { rows: written, sha256: hash.digest("hex") };
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" });
  const signature = sign(null, signedText(end), key).toString("base64url");
  yield `${JSON.stringify({ ...end, publicKey, signature })}\n`;
}

export interface LedgerFileEnd {
  readonly head: LedgerFileHead;
  readonly rows: number;
  /** Of the whole file, its end included: what `sha256sum` says, and what its export was noted by. */
  readonly sha256: string;
}

/**
 * Hands rows on as they come, `rowsMax` at once, and returns when the file has proved to be whole and
 * signed by the key of that name. Throws LedgerFileRefused; what was handed on is then to be undone.
 */
export async function readLedgerFile(
  input: AsyncIterable<Buffer>,
  options: { readonly keyName: string; readonly rowsMax: number },
  take: (rows: readonly LedgerRow[]) => Promise<void>,
): Promise<LedgerFileEnd> {
  const hash = createHash("sha256");
  const whole = createHash("sha256");
  let head: LedgerFileHead | undefined;
  let end: z.infer<typeof endSchema> | undefined;
  let waiting: LedgerRow[] = [];
  let rows = 0;
  for await (const line of linesOf(input)) {
    if (end !== undefined) throw new LedgerFileRefused("something follows its end");
    whole.update(`${line}\n`);
    const value = parsed(line);
    if (head !== undefined && "sha256" in value) {
      end = checked(endSchema, value, "its end");
      continue;
    }
    hash.update(`${line}\n`);
    if (head === undefined) {
      const { format: _, ...about } = checked(headSchema, value, "its first line");
      head = about;
      continue;
    }
    rows += 1;
    waiting.push(rowOf(checked(rowSchema, value, `row ${rows}`)));
    if (waiting.length < options.rowsMax) continue;
    await take(waiting);
    waiting = [];
  }
  if (head === undefined || end === undefined) {
    throw new LedgerFileRefused(`it ends after ${rows} rows, without its end`);
  }
  judgeEnd(end, { rows, sha256: hash.digest("hex") }, options.keyName);
  if (waiting.length > 0) await take(waiting);
  return { head, rows, sha256: whole.digest("hex") };
}

function judgeEnd(
  end: z.infer<typeof endSchema>,
  found: { readonly rows: number; readonly sha256: string },
  wanted: string,
): void {
  if (end.rows !== found.rows || end.sha256 !== found.sha256) {
    throw new LedgerFileRefused("its rows are not those that were written");
  }
  const key = publicKeyOf(end.publicKey);
  if (keyName(key) !== wanted) {
    throw new LedgerFileRefused(`it is signed by the key ${keyName(key)}, not by ${wanted}`);
  }
  if (!verify(null, signedText(end), key, Buffer.from(end.signature, "base64url"))) {
    throw new LedgerFileRefused("its signature is not valid");
  }
}

function signedText({ rows, sha256 }: { rows: number; sha256: string }): Buffer {
  return Buffer.from(`${FORMAT} ${rows} ${sha256}`);
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw new LedgerFileRefused("its public key is none");
  }
}

function parsed(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new LedgerFileRefused("a line of it is no JSON object");
}

function checked<T>(schema: z.ZodType<T>, value: object, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new LedgerFileRefused(`${what} is none: ${issue?.path.join(".")} ${issue?.message}`);
}

function rowOf(line: z.infer<typeof rowSchema>): LedgerRow {
  const finishedAt = line.finishedAt === null ? null : new Date(line.finishedAt);
  return { ...line, startedAt: new Date(line.startedAt), finishedAt };
}

async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARACTERS_MAX) throw new LedgerFileRefused("a line of it has no end");
    yield* lines;
  }
  if (rest !== "") throw new LedgerFileRefused("its last line is torn");
}
