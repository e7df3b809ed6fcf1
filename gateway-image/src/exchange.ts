/**
 * What the steps need of a request and of its answer: less than Node's own, so that a call that
 * came in another way than as an HTTP request of its own (a message on a WebSocket, a job) runs
 * through the same steps. Node's IncomingMessage and ServerResponse are these.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

export interface CallRequest extends Readable {
  readonly headers: IncomingHttpHeaders;
  readonly method?: string | undefined;
  /** Path with query, as sent. */
  readonly url?: string | undefined;
  /** The whole body has arrived. */
  readonly complete: boolean;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

type HeaderValue = number | string | readonly string[];

export interface CallAnswer {
  statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  readonly writableNeedDrain: boolean;
  readonly destroyed: boolean;
  /** Of HTTP answers, once their head is made: Node frames what is written. */
  chunkedEncoding?: boolean;
  setHeader(name: string, value: HeaderValue): unknown;
  getHeader(name: string): HeaderValue | undefined;
  removeHeader(name: string): void;
  writeHead(status: number, headers?: OutgoingHttpHeaders): CallAnswer;
  /** false: wait for `drain` before the next one. */
  write(chunk: Buffer | string): boolean;
  end(chunk?: Buffer | string): unknown;
  /** Cuts the answer: the caller sees that it is not whole. */
  destroy(error?: Error): unknown;
  once(event: "close" | "drain" | "finish", listener: () => void): unknown;
  off(event: "close" | "drain" | "finish", listener: () => void): unknown;
}
