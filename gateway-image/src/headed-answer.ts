/**
 * The head of an answer that is no HTTP answer of Node's: steps write status and headers as ever,
 * and whoever ends the call reads them.
 */
import type { OutgoingHttpHeaders } from "node:http";
import { Writable } from "node:stream";
import type { CallAnswer } from "./exchange.ts";

type HeaderValue = number | string | readonly string[];

export abstract class HeadedAnswer extends Writable implements CallAnswer {
  statusCode = 200;
  headersSent = false;
  protected readonly headers = new Map<string, HeaderValue>();

  setHeader(name: string, value: HeaderValue): this {
    this.headers.set(name.toLowerCase(), value);
    return this;
  }

  getHeader(name: string): HeaderValue | undefined {
    return this.headers.get(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.headers.delete(name.toLowerCase());
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): this {
    this.statusCode = status;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.setHeader(name, value);
    }
    return this;
  }
}
