/**
 * The answer to one call on a WebSocket: what a step writes as an HTTP answer leaves as messages.
 * Each event of a stream is one message, `[DONE]` is `done`, an error is `error`. A step that writes
 * faster than the caller reads is told to wait, as on a socket of its own.
 */
import { errorBody } from "../error-answer.ts";
import { GatewayError } from "../errors.ts";
import { HeadedAnswer } from "../headed-answer.ts";
import { EventSplitter, eventData } from "../proxy/sse-events.ts";
import { serverMessage } from "./messages.ts";

export type SendMessage = (text: string, sent: (error?: Error | null) => void) => void;

const ERROR = '{"error":';
/** Headers of an HTTP answer that tell the caller something; the others belong to HTTP. */
const TOLD = /^(x-|retry-after|deprecation$|sunset$)/;

export class SocketAnswer extends HeadedAnswer {
  readonly #id: string | null;
  readonly #send: SendMessage;
  readonly #splitter = new EventSplitter();
  readonly #whole: Buffer[] = [];
  #end: "open" | "done" | "failed" | "cancelled" = "open";

  constructor(id: string | null, send: SendMessage) {
    super({ decodeStrings: true });
    this.#id = id;
    this.#send = send;
  }

  /** The caller wants no more of it; the steps see a caller that has left. */
  cancel(): void {
    if (this.writableEnded || this.destroyed) return;
    this.#end = "cancelled";
    this.destroy();
  }

  override _write(chunk: Buffer, _encoding: string, written: (error?: Error | null) => void): void {
    this.headersSent = true;
    if (!this.#streams()) {
      this.#whole.push(chunk);
      written();
      return;
    }
    const messages = this.#splitter.push(chunk).flatMap((event) => this.#messageOf(event) ?? []);
    this.#sendAll(messages, written);
  }

  override _final(finished: (error?: Error | null) => void): void {
    const messages: string[] = [];
    if (!this.#streams()) messages.push(...this.#wholeMessages());
    else if (this.#end === "open") messages.push(this.#brokenMessage());
    if (this.#end === "done") messages.push(this.#doneMessage());
    this.#sendAll(messages, finished);
  }

  override _destroy(error: Error | null, closed: (error?: Error | null) => void): void {
    if (!this.writableFinished) {
      const cancelled = this.#end === "cancelled";
      if (cancelled) this.#send(serverMessage("cancelled", this.#id, ""), () => {});
      // Cut after its first events: the others on this connection go on, so it is said, not shown.
      if (this.#end === "open") this.#send(this.#brokenMessage(), () => {});
    }
    closed(this.writableFinished ? error : null);
  }

  #streams(): boolean {
    return String(this.getHeader("content-type") ?? "").startsWith("text/event-stream");
  }

  #messageOf(event: Buffer): string | null {
    const text = eventData(event)?.toString("utf8");
    // A comment keeps an HTTP answer alive; a connection has pings for that.
    if (text === undefined) return null;
    if (this.#end !== "open") return null;
    if (text === "[DONE]") {
      this.#end = "done";
      return null;
    }
    // What is not JSON could close our own object and open another.
    if (!isJson(text)) return this.#brokenMessage();
    if (!text.startsWith(ERROR)) return serverMessage("chunk", this.#id, `"data":${text}`);
    this.#end = "failed";
    return serverMessage("error", this.#id, text.slice(1, -1));
  }

  /** An answer that was no stream: an error, or something whole. */
  #wholeMessages(): string[] {
    const text = Buffer.concat(this.#whole).toString("utf8");
    if (this.statusCode < 400) {
      this.#end = "done";
      return text === "" ? [] : [serverMessage("chunk", this.#id, `"data":${text}`)];
    }
    this.#end = "failed";
    const members = `"status":${this.statusCode},${this.#toldHeaders()},${text.slice(1, -1)}`;
    return [serverMessage("error", this.#id, members)];
  }

  #doneMessage(): string {
    return serverMessage("done", this.#id, this.#toldHeaders());
  }

  #brokenMessage(): string {
    this.#end = "failed";
    const requestId = String(this.getHeader("x-request-id") ?? "none");
    const text = errorBody(new GatewayError("stream_broken"), requestId);
    return serverMessage("error", this.#id, text.slice(1, -1));
  }

  #toldHeaders(): string {
    const told = [...this.headers].filter(([name]) => TOLD.test(name) && name !== ACCEL);
    return `"headers":${JSON.stringify(Object.fromEntries(told))}`;
  }

  #sendAll(messages: readonly string[], sent: (error?: Error | null) => void): void {
    const last = messages.at(-1);
    for (const message of messages.slice(0, -1)) this.#send(message, () => {});
    if (last === undefined) sent();
    else this.#send(last, sent);
  }
}

/** Speaks to nginx about buffers of HTTP answers. */
const ACCEL = "x-accel-buffering";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
