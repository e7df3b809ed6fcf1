/**
 * An object store of this process, as strict as S3: it takes what is signed and arrives as its digests
 * say, never twice under one name, and can be told to fail. It keeps what it took, for the test alone.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type AwsCredentials, signedHeaders } from "../aws/signature.ts";

export const WRITER: AwsCredentials = {
  accessKeyId: "AKIDWRITER",
  secretAccessKey: "not-for-logs",
};
export const REGION = "eu-central-1";

/** What is answered instead: a status, a connection that is cut, or none for a while. */
export type Trouble = number | "cut" | { readonly waitMs: number };

export class TestObjectStore {
  readonly objects = new Map<string, Buffer>();
  readonly headers = new Map<string, http.IncomingHttpHeaders>();
  readonly asked: string[] = [];
  /** For the next requests, one each. */
  readonly troubles: Trouble[] = [];
  /** For all requests, while it is set. */
  trouble: Trouble | null = null;
  /** Begins to keep an object: a test may end the writer now. */
  onPut: () => void = () => {};
  readonly #server = http.createServer((request, response) => void this.#take(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const name = decodeURIComponent(request.url ?? "");
    this.asked.push(name);
    this.onPut();
    const trouble = this.troubles.shift() ?? this.trouble;
    const refuse = (status: number, code: string) =>
      response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    if (trouble === "cut") return void request.socket.destroy();
    if (typeof trouble === "number") return void refuse(trouble, "AsTheTestSays");
    // As S3, before the body is read.
    if (this.objects.has(name) && request.headers["if-none-match"] === "*") {
      return void refuse(412, "PreconditionFailed");
    }
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    if (trouble !== null) await new Promise((resolve) => setTimeout(resolve, trouble.waitMs));
    if (!isSigned(request)) return void refuse(403, "SignatureDoesNotMatch");
    if (!isWhole(request.headers, body)) return void refuse(400, "XAmzContentSHA256Mismatch");
    this.objects.set(name, body);
    this.headers.set(name, request.headers);
    response.writeHead(200).end();
  }
}

/** Signs what came as the writer should have. All that tells what to do must be signed. */
function isSigned(request: http.IncomingMessage): boolean {
  const { authorization = "", host } = request.headers;
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
  const wanted = Object.keys(request.headers).filter((one) => one.startsWith("x-amz-"));
  if (![...wanted, "if-none-match", "host"].every((one) => signed.includes(one))) return false;
  const own = signed.filter((one) => one !== "host" && one !== "x-amz-date");
  const headers = Object.fromEntries(own.map((one) => [one, String(request.headers[one])]));
  const time = String(request.headers["x-amz-date"]);
  const iso = time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const url = new URL(request.url ?? "", `http://${host}`);
  const asked = { method: request.method ?? "", url, headers, body: "" };
  const scope = { service: "s3", region: REGION, now: new Date(iso) };
  return signedHeaders(asked, WRITER, scope)["authorization"] === authorization;
}

function isWhole(headers: http.IncomingHttpHeaders, body: Buffer): boolean {
  const digest = createHash("sha256").update(body).digest();
  return (
    headers["x-amz-content-sha256"] === digest.toString("hex") &&
    headers["x-amz-checksum-sha256"] === digest.toString("base64") &&
    headers["content-length"] === String(body.length)
  );
}
