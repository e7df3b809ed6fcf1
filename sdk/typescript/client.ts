/**
 * A thin client of the native API: signed calls, whole and streamed answers, back-off. Needs
 * nothing but `fetch` and WebCrypto, so it runs in Node, Deno, Bun and browsers.
 *
 *     const client = new Client({ accessKey, secretKey, endpoint: "https://api.example.com/v1" });
 *     const answer = await client.chat.complete({ model: "deepseek-chat-7b", prompt: "Hello" });
 */
export interface ClientOptions {
  readonly accessKey: string;
  readonly secretKey: string;
  /** With the version: `https://host/v1`. */
  readonly endpoint: string;
  /** Attempts of one call, the first included (3). Nothing is tried again once an answer has begun. */
  readonly attemptsMax?: number;
  /** Until the answer begins, and between two pieces of a streamed one (120,000). */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
  /** Waits between attempts; replaced in tests. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

export interface ChatRequest {
  readonly model: string;
  readonly prompt: string;
  /** Of an earlier answer, to go on with its conversation. */
  readonly contextId?: string | null;
  readonly temperature?: number;
  readonly maxTokens?: number;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface ChatAnswer {
  readonly code: 0;
  readonly message: string;
  readonly data: { readonly text: string; readonly context_id: string; readonly usage?: Usage };
}

/** The service refused or failed; `code` is a native code such as 42901 (docs/errors.md). */
export class ApiError extends Error {
  readonly code: number;
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;

  constructor(code: number, message: string, status: number, headers?: Headers) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    const wait = headers?.get("retry-after-ms") ?? null;
    const seconds = headers?.get("retry-after") ?? null;
    this.retryAfterMs =
      wait !== null ? Number(wait) : seconds !== null ? Number(seconds) * 1000 : null;
    this.requestId = headers?.get("x-request-id") ?? null;
  }

  get retryable(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** Waits double from half a second and are drawn from the upper half, so that callers spread. */
const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 8_000;
/** A service that asks for more is answered by giving up: the caller decides about long waits. */
const RETRY_AFTER_MS_MAX = 30_000;

export class Client {
  readonly chat: Chat;

  constructor(options: ClientOptions) {
    this.chat = new Chat(options);
  }
}

class Chat {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async complete(request: ChatRequest): Promise<ChatAnswer> {
    const response = await this.#send(request, false);
    return envelope(await response.text(), response) as ChatAnswer;
  }

  /** Pieces as they come; the last one carries the usage. Leaving the loop ends the call. */
  async *streamComplete(request: ChatRequest): AsyncGenerator<ChatAnswer> {
    const response = await this.#send(request, true);
    let done = false;
    for await (const data of events(response)) {
      done = data === "[DONE]";
      if (done) return;
      yield envelope(data, response) as ChatAnswer;
    }
    if (!done) throw new ApiError(50202, "The stream ended early.", response.status);
  }

  async #send(request: ChatRequest, stream: boolean): Promise<Response> {
    const { attemptsMax = 3, sleep = pause } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sendOnce(request, stream);
      } catch (error) {
        const wait = waitMs(error, attempt);
        if (attempt >= attemptsMax || wait === null) throw error;
        await sleep(wait);
      }
    }
  }

  async #sendOnce(request: ChatRequest, stream: boolean): Promise<Response> {
    const { endpoint, timeoutMs = 120_000, fetch: send = fetch } = this.#options;
    const url = new URL(`${endpoint.replace(/\/$/, "")}/chat/complete`);
    const body = JSON.stringify({
      model: request.model,
      prompt: request.prompt,
      context_id: request.contextId ?? null,
      stream,
      ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
      ...(request.maxTokens === undefined ? {} : { max_tokens: request.maxTokens }),
    });
    const signed = await signedHeaders(this.#options, "POST", url.pathname + url.search, body);
    const response = await send(url, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...signed },
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok) return response;
    throw faultOf(await response.text(), response);
  }
}

/** The headers of one signed call; each call has its own nonce, so an attempt signs anew. */
export async function signedHeaders(
  keys: { readonly accessKey: string; readonly secretKey: string },
  method: string,
  pathWithQuery: string,
  body: string,
): Promise<Record<string, string>> {
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const nonce = crypto.randomUUID();
  const text = new TextEncoder();
  const digest = hex(await crypto.subtle.digest("SHA-256", text.encode(body)));
  const signed = [method, pathWithQuery, timestamp, nonce, digest].join("\n");
  const key = await crypto.subtle.importKey(
    "raw",
    text.encode(keys.secretKey),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  return {
    "X-DS-AccessKey": keys.accessKey,
    "X-DS-Timestamp": timestamp,
    "X-DS-Nonce": nonce,
    "X-DS-Signature": hex(await crypto.subtle.sign("HMAC", key, text.encode(signed))),
  };
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** null: trying again is no use. */
function waitMs(error: unknown, attempt: number): number | null {
  const own = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (attempt - 1));
  const drawn = own * (0.5 + Math.random() / 2);
  // Anything but an answer: the connection failed before an answer began.
  if (!(error instanceof ApiError)) return drawn;
  if (!error.retryable) return null;
  const asked = error.retryAfterMs ?? 0;
  return asked > RETRY_AFTER_MS_MAX ? null : Math.max(asked, drawn);
}

function envelope(text: string, response: Response): ChatAnswer {
  const fault = faultOf(text, response);
  if (fault.code !== 0) throw fault;
  return JSON.parse(text) as ChatAnswer;
}

/** Code 0: it is no fault. An answer that is no envelope comes from something in between. */
function faultOf(text: string, response: Response): ApiError {
  try {
    const { code, message } = JSON.parse(text) as { code?: unknown; message?: unknown };
    if (typeof code === "number") {
      return new ApiError(code, String(message), response.status, response.headers);
    }
  } catch {
    // Told below.
  }
  const code = response.status * 100;
  return new ApiError(code, `HTTP ${response.status}`, response.status, response.headers);
}

/** The data of each server-sent event. */
async function* events(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data:"));
        if (data.length > 0) yield data.map((line) => line.slice(5).trimStart()).join("\n");
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
