/**
 * One request to a model server and its answer, straight from undici's parser to whoever carries
 * it. undici's own `request` puts a stream, an iterator and several promises between the two, which
 * cost a call more of the processor than sending and parsing it.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";

/** Takes a body as it comes. */
export interface BodyReader {
  /** false: no more of it until `resume` is called. */
  onChunk(chunk: Buffer): boolean;
  onEnd(): void;
  onError(error: unknown): void;
}

export interface AnswerBody {
  /** Once; what came before is given at once. */
  read(reader: BodyReader): void;
  resume(): void;
  /** The rest is not wanted: the server is told so. Nothing is given to the reader any more. */
  abandon(): void;
}

export interface UpstreamAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AnswerBody;
}

/** An answer whose body can be waited for before it is read. */
export interface OpenedAnswer extends UpstreamAnswer {
  /** Resolves when something of the body is there, or its end, or after the time. */
  firstByte(timeoutMs: number): Promise<void>;
}

/** What is kept of a body before it is read; then the server has to wait. */
const WAITING_BYTES_MAX = 64 * 1024;
const ABANDONED = new Error("the answer is not wanted any more");

/** Resolves with the head. Rejects where there is none, with the signal's reason where that was it. */
export function sendUpstream(
  dispatcher: Pick<Dispatcher, "dispatch">,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<OpenedAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    dispatcher.dispatch(request, new Exchange(signal, resolve, reject));
  });
}

class Exchange implements Dispatcher.DispatchHandler, OpenedAnswer {
  statusCode = 0;
  headers: IncomingHttpHeaders = {};
  readonly #signal: AbortSignal;
  readonly #onHead: (answer: OpenedAnswer) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #reader: BodyReader | null = null;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #paused = false;
  #end: "none" | "whole" | "broken" = "none";
  #error: unknown = null;
  #onArrival: (() => void) | null = null;

  constructor(
    signal: AbortSignal,
    onHead: (answer: OpenedAnswer) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#signal = signal;
    this.#onHead = onHead;
    this.#onFailure = onFailure;
    this.#onAbort = () => this.#stop(signal.reason as Error);
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get body(): AnswerBody {
    return this;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It ended while it waited for a connection.
    if (this.#end === "broken") controller.abort(this.#error as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
  ): void {
    // Something is yet to come.
    if (statusCode < 200) return;
    this.statusCode = statusCode;
    this.headers = headers;
    this.#onHead(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#end !== "none") return;
    if (this.#reader !== null && !this.#paused) {
      if (this.#reader.onChunk(chunk)) return;
      this.#paused = true;
    } else {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      this.#arrived();
      if (!this.#paused && this.#waitingBytes < WAITING_BYTES_MAX) return;
    }
    controller.pause();
  }

  onResponseEnd(): void {
    if (this.#end !== "none") return;
    this.#settle("whole", null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#end !== "none") return;
    this.#settle("broken", error);
  }

  read(reader: BodyReader): void {
    this.#reader = reader;
    this.#pass();
  }

  resume(): void {
    this.#paused = false;
    this.#pass();
  }

  abandon(): void {
    this.#reader = null;
    this.#stop(ABANDONED);
  }

  firstByte(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#onArrival = null;
        if (this.#end === "broken") reject(this.#error);
        else resolve();
      };
      const timer = setTimeout(settle, timeoutMs);
      this.#onArrival = settle;
      if (this.#waiting.length > 0 || this.#end !== "none") settle();
    });
  }

  /** For our own reason; the server sees that its connection is closed. */
  #stop(reason: Error): void {
    if (this.#end !== "none") return;
    this.#waiting = [];
    this.#settle("broken", reason);
    this.#controller?.abort(reason);
  }

  #settle(end: "whole" | "broken", error: unknown): void {
    this.#end = end;
    this.#error = error;
    this.#signal.removeEventListener("abort", this.#onAbort);
    // Before the head this is the end of all; after it nobody listens to it any more.
    if (end === "broken") this.#onFailure(error);
    this.#arrived();
    this.#pass();
  }

  /** Gives what waits, and then the end, to a reader that takes it. */
  #pass(): void {
    while (this.#reader !== null && !this.#paused) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) break;
      this.#waitingBytes -= chunk.length;
      if (!this.#reader.onChunk(chunk)) this.#paused = true;
    }
    if (this.#end === "broken") this.#take()?.onError(this.#error);
    else if (this.#paused) return;
    else if (this.#end === "whole") this.#take()?.onEnd();
    else if (this.#reader !== null) this.#controller?.resume();
  }

  /** The reader, who is told of one end only. */
  #take(): BodyReader | null {
    const reader = this.#reader;
    this.#reader = null;
    return reader;
  }

  #arrived(): void {
    this.#onArrival?.();
  }
}
