/** A job as a call that comes in: its request as it was made, and an answer that is only collected. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { CallRequest } from "../exchange.ts";
import { HeadedAnswer } from "../headed-answer.ts";
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

export class JobAnswer extends HeadedAnswer {
  readonly #chunks: Buffer[] = [];

  get body(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    this.#chunks.push(chunk);
    written();
  }
}
