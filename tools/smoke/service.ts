/** One running service as a caller meets it: requests with a deadline, answers with their time. */
import { Agent, request, WebSocket } from "undici";

export interface ServiceOptions {
  /** Scheme, host and port. */
  readonly url: string;
  /** Sent as a bearer token; null: none. */
  readonly key: string | null;
  /** PEM; null: the CAs that Node ships. */
  readonly ca: string | null;
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Parsed; undefined where it is no JSON. */
  readonly json: unknown;
  /** Until the first byte of the body, and all of it. */
  readonly firstMs: number;
  readonly wholeMs: number;
}

export interface Ask {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: object;
  /** Sent as a form instead of JSON. */
  readonly form?: Readonly<Record<string, string>>;
  /** Instead of the service's own. */
  readonly key?: string | null;
}

/** A page of documentation may be large; nothing else is. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

export class Service {
  readonly #options: ServiceOptions;
  readonly #agent: Agent;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connect: { timeout: options.timeoutMs, ...(options.ca === null ? {} : { ca: options.ca }) },
    });
  }

  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    const key = ask.key === undefined ? this.#options.key : ask.key;
    const form = ask.form === undefined ? undefined : new URLSearchParams(ask.form).toString();
    const body = form ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
    const type = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
    const started = performance.now();
    const response = await request(new URL(path, this.#options.url), {
      dispatcher: this.#agent,
      method: ask.method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(this.#options.timeoutMs),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let firstMs = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (bytes === 0) firstMs = performance.now() - started;
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) throw new Error("the answer does not end");
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString("utf8");
    const wholeMs = performance.now() - started;
    return { status: response.statusCode, text, json: parsed(text), firstMs, wholeMs };
  }

  /** Sends one message and collects what comes until one of the types ends it. */
  talk(path: string, protocol: string, message: object, ends: readonly string[]) {
    const url = new URL(path, this.#options.url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const { key, timeoutMs } = this.#options;
    return new Promise<{ type: string }[]>((resolve, reject) => {
      const socket = new WebSocket(url, {
        protocols: protocol,
        dispatcher: this.#agent,
        headers: key === null ? {} : { authorization: `Bearer ${key}` },
      });
      const told: { type: string }[] = [];
      const settle = (end: () => void) => {
        clearTimeout(timer);
        socket.close();
        end();
      };
      const timer = setTimeout(() => settle(() => reject(new Error("no end in time"))), timeoutMs);
      socket.addEventListener("open", () => socket.send(JSON.stringify(message)));
      socket.addEventListener("error", () => settle(() => reject(new Error("not connected"))));
      socket.addEventListener("close", () => settle(() => reject(new Error("closed"))));
      socket.addEventListener("message", ({ data }) => {
        const one = parsed(String(data)) as { type: string };
        told.push(one);
        if (ends.includes(one.type)) settle(() => resolve(told));
      });
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
