/** Where the files of a model lie: a folder, or a bucket of S3 whose answers are never believed unread. */
import { createReadStream } from "node:fs";
import path from "node:path";
import { request } from "undici";
import { domainOf } from "../aws/credentials.ts";
import { type AwsCredentials, escaped, sha256, signedHeaders } from "../aws/signature.ts";
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

export interface BucketOptions {
  /** s3://bucket/prefix. */
  readonly uri: string;
  readonly region: string;
  readonly credentials: () => Promise<AwsCredentials>;
  /** Instead of the region's own; the bucket then is the first part of the path. */
  readonly endpoint?: string | undefined;
}

const URI = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(.*)$/;
/** Until the head of an answer; its body may take as long as it moves. */
const HEAD_TIMEOUT_MS = 30_000;
/** Without a byte for so long, a line is dead. */
const IDLE_TIMEOUT_MS = 60_000;
/** Of one file; what came is not asked for again. */
const ATTEMPTS = 5;

export function bucketSource({ uri, region, credentials, endpoint }: BucketOptions): WeightsSource {
  const [, bucket, prefix = ""] = URI.exec(uri) ?? [];
  if (bucket === undefined) {
    throw new UserError("it is no place in a bucket", { where: uri, fix: "s3://BUCKET/PREFIX" });
  }
  const base = endpoint ?? `https://s3.${region}.${domainOf(region)}`;
  const folder = prefix.split("/").filter((part) => part !== "");
  const addressOf = (name: string) =>
    new URL([base, bucket, ...[...folder, ...name.split("/")].map(escaped)].join("/"));
  const where = (name: string) => `s3://${[bucket, ...folder, name].join("/")}`;

  async function* from(name: string, first: number): AsyncGenerator<Buffer> {
    const url = addressOf(name);
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
      if (code === "NoSuchKey") throw new NotThere(where(name));
      throw new Refusal(where(name), answer.statusCode, code);
    }
    yield* answer.body as AsyncIterable<Buffer>;
  }

  return {
    where,
    async *read(name, first = 0) {
      let bytes = first;
      for (let attempt = 1; ; attempt += 1) {
        try {
          for await (const piece of from(name, bytes)) {
            bytes += piece.length;
            yield piece;
          }
          return;
        } catch (error) {
          if (error instanceof NotThere || error instanceof UserError) throw error;
          if (error instanceof Refusal && !error.passing) throw error.asFault();
          if (attempt === ATTEMPTS) throw broken(where(name), error);
        }
      }
    },
  };
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
