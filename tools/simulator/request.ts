/**
 * Reads a request body as vLLM does: only the members that the simulator acts upon, everything
 * else is let through. Faults carry vLLM's own status and error type.
 */
import { isObject, type Json, readShape, type Shape } from "./shaped-answer.ts";

export type Endpoint = "chat" | "completions" | "embeddings";

/** How one request should misbehave; from `simulate` in the body or x-sim-* headers. */
export interface Controls {
  readonly ttftMs?: number;
  readonly tokensPerSecond?: number;
  /** The answer's length in tokens. */
  readonly tokens?: number;
  /** Answer with this status at once. */
  readonly error?: number;
  readonly stallAfter?: number;
  readonly stallMs?: number;
  readonly disconnectAfter?: number;
  /** The server's first simulated GPU reports this fault (XID); 0: it was reset. */
  readonly gpuXid?: number;
}

export interface Call {
  readonly model: string;
  /** The whole prompt as text: what the answer is drawn from. */
  readonly prompt: string;
  /** The separate texts, for token counts and embeddings. */
  readonly texts: readonly string[];
  /** Prompts with another one share nothing of the cache. */
  readonly cacheSalt: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  readonly tokensMax: number | null;
  readonly ignoreEnd: boolean;
  readonly seed: number | null;
  readonly dimensions: number | null;
  /** Embeddings as base64 of 32-bit floats, which OpenAI's client asks for by itself. */
  readonly base64: boolean;
  /** How many answers are wanted. */
  readonly choices: number;
  /** A prescribed shape of the answer; null: plain words. */
  readonly shape: Shape | null;
  readonly controls: Controls;
}

/** vLLM sets no limit of its own; this one bounds the memory of a test server. */
const CHOICES_MAX = 16;

export class RequestFault extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.name = "RequestFault";
    this.status = status;
    this.type = type;
  }
}

const bad = (message: string) => new RequestFault(400, "BadRequestError", message);

const CONTROL_NAMES: Readonly<Record<string, keyof Controls>> = {
  "x-sim-ttft-ms": "ttftMs",
  "x-sim-tokens-per-second": "tokensPerSecond",
  "x-sim-tokens": "tokens",
  "x-sim-error": "error",
  "x-sim-stall-after": "stallAfter",
  "x-sim-stall-ms": "stallMs",
  "x-sim-disconnect-after": "disconnectAfter",
  "x-sim-gpu-xid": "gpuXid",
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export function readCall(
  endpoint: Endpoint,
  text: string,
  headers: Headers,
  testControls: boolean,
): Call {
  const body = readObject(text);
  if (typeof body.model !== "string") throw bad("model: Field required");
  const choices = readPositive(body, "n") ?? 1;
  if (choices > CHOICES_MAX) throw bad(`n must be at most ${CHOICES_MAX}, got ${choices}.`);
  const texts = readTexts(endpoint, body);
  const options = isObject(body.stream_options) ? body.stream_options : {};
  const stream = body.stream === true;
  if (!stream && isObject(body.stream_options)) {
    throw bad("Stream options can only be defined when `stream=True`.");
  }
  return {
    model: body.model,
    prompt: texts.join("\n"),
    texts,
    cacheSalt: readSalt(body.cache_salt),
    stream,
    includeUsage: options.include_usage === true,
    continuousUsage: options.include_usage === true && options.continuous_usage_stats === true,
    tokensMax: readTokensMax(endpoint, body),
    ignoreEnd: body.ignore_eos === true,
    seed: typeof body.seed === "number" && Number.isInteger(body.seed) ? body.seed : null,
    dimensions: readPositive(body, "dimensions"),
    base64: body.encoding_format === "base64",
    // As vLLM: of each text as many.
    choices: endpoint === "completions" ? choices * texts.length : choices,
    shape: endpoint === "chat" ? readShape(body) : null,
    controls: testControls ? readControls(body.simulate, headers) : {},
  };
}

/** vLLM's rules: the newer name wins in a chat; a completion knows only the older, of which 0 is 1. */
function readTokensMax(endpoint: Endpoint, body: Json): number | null {
  if (endpoint === "chat") {
    return readPositive(body, "max_completion_tokens") ?? readPositive(body, "max_tokens");
  }
  return body.max_tokens === 0 ? 1 : readPositive(body, "max_tokens");
}

function readSalt(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string" && value !== "") return value;
  throw bad("Parameter 'cache_salt' must be a non-empty string if provided.");
}

function readObject(text: string): Json {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw bad("the body is not JSON");
  }
  if (!isObject(body)) throw bad("the body must be a JSON object");
  return body;
}

function readTexts(endpoint: Endpoint, body: Json): string[] {
  if (endpoint === "chat") return readMessages(body.messages);
  const value = endpoint === "completions" ? body.prompt : body.input;
  const name = endpoint === "completions" ? "prompt" : "input";
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.length > 0) {
    if (value.every((item) => typeof item === "string")) return value;
    // A list of token numbers is one prompt.
    if (value.every((item) => typeof item === "number")) return [value.join(" ")];
    if (value.every((item) => Array.isArray(item))) return value.map((item) => item.join(" "));
  }
  throw bad(`${name}: must be a string or a list of strings`);
}

function readMessages(messages: unknown): string[] {
  if (!Array.isArray(messages) || messages.length === 0) throw bad("messages: Field required");
  return messages.map((message: unknown, index) => {
    if (!isObject(message) || typeof message.role !== "string") {
      throw bad(`messages.${index}.role: Field required`);
    }
    return readContent(message.content);
  });
}

function readContent(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => (isObject(part) && typeof part.text === "string" ? part.text : ""))
    .join("");
}

function readPositive(body: Json, name: string): number | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw bad(`${name} must be at least 1, got ${JSON.stringify(value)}.`);
}

function readControls(simulate: unknown, headers: Headers): Controls {
  const found: Partial<Record<keyof Controls, number>> = {};
  for (const [header, name] of Object.entries(CONTROL_NAMES)) {
    const fromBody = isObject(simulate) ? simulate[name] : undefined;
    const value = fromBody ?? headers[header];
    if (value === undefined) continue;
    const number = Number(value);
    if (!Number.isFinite(number) || number < 0) throw bad(`${header}: must be a number`);
    found[name] = number;
  }
  return found;
}
