/** Where the files of a model lie: a folder, or a bucket of S3 whose answers are never believed unread. */
import { createReadStream } from "node:fs";
import path from "node:path";
import { request } from "undici";
import { type BucketOptions, bucketFolder } from "../aws/bucket.ts";
import { sha256, signedHeaders } from "../aws/signature.ts";
import { UserError } from "../base/user-error.ts";
import { CHUNK_BYTES } from "./sealed-file.ts";

export interface WeightsSource {
  /** For messages. */
  where(name: string): string;
  /** The file, from its byte `first` on; fails with NotThere where there is none. */
  read(name: string, first?: number): AsyncIterable<Buffer>;
}

export class NotThere extends Error {}

export function folderSource(folder: string): WeightsSource {
  const where = (name: string) => path.join(folder, name);
  return {
    where,
    // Not before it is read: a stream that fails while nobody listens ends the process.
    async *read(name, first = 0) {
      try {
        const options = { highWaterMark: CHUNK_BYTES, start: first };
        const stream = createReadStream(where(name), options);
        yield* stream as AsyncIterable<Buffer>;
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") {
          throw new NotThere(where(name));
        }
        throw error;
      }
    },
  };
}

/** Until the head of an answer; its body may take as long as it moves. */
const HEAD_TIMEOUT_MS = 30_000;
/** Without a byte for so long, a line is dead. */
const IDLE_TIMEOUT_MS = 60_000;
/** Of one file; what came is not asked for again. */
const ATTEMPTS = 5;

export function bucketSource(options: BucketOptions): WeightsSource {
  const folder = bucketFolder(options);
  return {
    where: folder.where,
    async *read(name, first = 0) {
      const [url, where] = [folder.addressOf(name), folder.where(name)];
      let bytes = first;
      for (let attempt = 1; ; attempt += 1) {
        try {
          for await (const piece of answered(options, url, where, bytes)) {
            bytes += piece.length;
            yield piece;
          }
          return;
        } catch (error) {
          if (error instanceof NotThere || error instanceof UserError) throw error;
          if (error instanceof Refusal && !error.passing) throw error.asFault();
          if (attempt === ATTEMPTS) throw broken(where, error);
        }
      }
    },
  };
}

/** What one answer gives, from the byte `first` on. */
async function* answered(
  { region, credentials }: BucketOptions,
  url: URL,
  where: string,
  first: number,
): AsyncGenerator<Buffer> {
  const range = first === 0 ? {} : { range: `bytes=${first}-` };
  const headers = { "x-amz-content-sha256": sha256(""), ...range };
  const scope = { service: "s3", region, now: new Date() };
  const signed = signedHeaders(
    { method: "GET", url, headers, body: "" },
    await credentials(),
    scope,
  );
  const answer = await request(url, {
    headers: signed,
    headersTimeout: HEAD_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
  });
  // Nothing is behind its last byte: what came before is all there is.
  if (first > 0 && answer.statusCode === 416) return void (await answer.body.dump());
  if (answer.statusCode !== (first === 0 ? 200 : 206)) {
    const text = (await answer.body.text()).slice(0, 2_000);
    const code = /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1] ?? "no reason";
    if (code === "NoSuchKey") throw new NotThere(where);
    throw new Refusal(where, answer.statusCode, code);
  }
  yield* answer.body as AsyncIterable<Buffer>;
}

class Refusal extends Error {
  readonly where: string;
  readonly passing: boolean;

  constructor(where: string, status: number, code: string) {
    super(`answered ${status} (${code})`);
    this.where = where;
    this.passing = status >= 500 || status === 429;
  }

  asFault(): UserError {
    return new UserError(`the bucket ${this.message}`, {
      where: this.where,
      fix: "the role needs s3:GetObject below this prefix, and kms:Decrypt on the bucket's key",
    });
  }
}

function broken(where: string, error: unknown): UserError {
  if (error instanceof Refusal) return error.asFault();
  return new UserError(`the bucket cannot be read: ${String(error)}`, {
    where,
    fix: "check the way to S3 (endpoint of the network, policies of the pod)",
  });
}
