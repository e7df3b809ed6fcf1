/** A job as a call that comes in: its request as it was made, and an answer that is only collected. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { Readable, Writable } from "node:stream";
import type { CallAnswer, CallRequest } from "../exchange.ts";
import type { Job } from "./job-store.ts";

export class JobRequest extends Readable implements CallRequest {
  readonly method = "POST";
  readonly complete = true;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: CallRequest["socket"];

  /** `addressHeader`: in which the edge tells the caller's address; null: there is no edge. */
  constructor(job: Job, url: string, addressHeader: string | null) {
    super({ read: () => {} });
    this.push(null);
    const { requestId, dataClass, address } = job.detail;
    this.url = url;
    this.socket = { remoteAddress: address };
    this.headers = {
      "x-request-id": requestId,
      "x-data-class": dataClass,
      ...(addressHeader === null ? {} : { [addressHeader]: address }),
    };
  }
}

type HeaderValue = number | string | readonly string[];

export class JobAnswer extends Writable implements CallAnswer {
  statusCode = 200;
  headersSent = false;
  readonly #headers = new Map<string, HeaderValue>();
  readonly #chunks: Buffer[] = [];

  get body(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  setHeader(name: string, value: HeaderValue): this {
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }

  getHeader(name: string): HeaderValue | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): this {
    this.statusCode = status;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.setHeader(name, value);
    }
    return this;
  }

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    this.#chunks.push(chunk);
    written();
  }
}
