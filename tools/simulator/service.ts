/** The HTTP face of the simulated model server: routes, bodies, streams and errors as vLLM's. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type AnswerHead,
  chunk,
  errorAnswer,
  modelCard,
  type Usage,
  usageChunk,
  usageOf,
  wholeAnswer,
} from "./answers.ts";
import type { SimulatorConfig } from "./config.ts";
import { type Generation, ModelEngine } from "./engine.ts";
import { SimulatedGpus } from "./gpus.ts";
import { LoadMeter } from "./load-meter.ts";
import { renderMetrics } from "./metrics.ts";
import { type Call, type Controls, type Endpoint, RequestFault, readCall } from "./request.ts";
import { countChatTokens, countTokens, embed } from "./text.ts";

/** vLLM accepts large prompts; this only bounds the memory of a test server. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;
/** vLLM's default for /v1/completions without max_tokens, which is OpenAI's. */
const COMPLETION_TOKENS_DEFAULT = 16;

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/v1/chat/completions": "chat",
  "/v1/completions": "completions",
  "/v1/embeddings": "embeddings",
};

/** Where the server's simulated GPUs are told of; a real one's are told of by an exporter on its node. */
const GPU_METRICS_PATH = "/gpu-metrics";

export class SimulatorService {
  /** Only `serving` passes /health; `leaving` still takes work until all clients know. */
  state: "loading" | "serving" | "leaving" | "closed" = "loading";
  readonly #config: SimulatorConfig;
  readonly #created = Math.floor(Date.now() / 1000);
  readonly #engines: ReadonlyMap<string, ModelEngine>;
  readonly #gpus: SimulatedGpus;

  constructor(config: SimulatorConfig) {
    this.#config = config;
    const meter = new LoadMeter();
    const engines = config.models.map((name) => new ModelEngine(name, config, meter));
    this.#engines = new Map(config.models.map((name, at) => [name, engines[at] as ModelEngine]));
    const all = engines.map(({ metrics }) => metrics);
    this.#gpus = new SimulatedGpus(config.gpus, meter, {
      sequencesMax: config.maxNumSeqs,
      cacheUsage: () => Math.max(...all.map((one) => one.kvCacheUsage)),
      tokens: () => all.reduce((sum, one) => sum + one.promptTokens + one.generationTokens, 0),
    });
  }

  /** Requests that run or wait. */
  get busy(): number {
    return [...this.#engines.values()].reduce(
      (sum, { metrics }) => sum + metrics.running + metrics.waiting,
      0,
    );
  }

  /** Never rejects: every fault becomes an answer or a closed connection. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("x-simulated", "true");
    // Pooled connections move away during the grace, so that closing cuts none in use.
    if (this.state === "leaving" || this.state === "closed") {
      response.setHeader("connection", "close");
    }
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const endpoint = ENDPOINTS[path];
    try {
      if (endpoint === undefined) this.#handlePlain(request.method ?? "", path, response);
      else if (request.method !== "POST") throw notFound(405, "Method Not Allowed");
      else await this.#infer(endpoint, request, response);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  #handlePlain(method: string, path: string, response: ServerResponse): void {
    if (method !== "GET" && method !== "HEAD") throw notFound(404, "Not Found");
    if (path === "/health" || path === "/ping") {
      response.writeHead(this.state === "serving" ? 200 : 503).end();
    } else if (path === "/metrics") {
      const page = renderMetrics([...this.#engines.values()].map((engine) => engine.metrics));
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(page);
    } else if (path === GPU_METRICS_PATH) {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      response.end(this.#gpus.render());
    } else if (path === "/version") {
      sendJson(response, 200, { version: "simulated" });
    } else if (path === "/v1/models") {
      const data = [...this.#engines.keys()].map((id) => this.#card(id));
      sendJson(response, 200, { object: "list", data });
    } else if (path.startsWith("/v1/models/")) {
      const id = decodeURIComponent(path.slice("/v1/models/".length));
      this.#engineOf(id);
      sendJson(response, 200, this.#card(id));
    } else {
      throw notFound(404, "Not Found");
    }
  }

  #card(id: string) {
    return modelCard(id, this.#config.maxModelLen, this.#created);
  }

  async #infer(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const text = await readBody(request);
    if (this.state === "loading" || this.state === "closed") {
      throw new RequestFault(503, "ServiceUnavailableError", `the server is ${this.state}`);
    }
    const call = readCall(endpoint, text, request.headers, this.#config.testControls);
    const engine = this.#engineOf(call.model);
    const controls = { ...engine.drawFaults(), ...call.controls };
    if (controls.gpuXid !== undefined) this.#gpus.fault(controls.gpuXid);
    if (controls.error !== undefined && controls.error >= 400) {
      throw new RequestFault(controls.error, "InternalServerError", "a simulated failure");
    }
    if (endpoint === "embeddings") {
      await this.#sendEmbeddings(call, engine, controls, gone.signal, response);
      return;
    }
    const generation = this.#prepare(endpoint, call, engine, controls);
    const prefix = endpoint === "chat" ? "chatcmpl" : "cmpl";
    const head: AnswerHead = {
      endpoint,
      id: `${prefix}-${randomUUID().replaceAll("-", "")}`,
      created: Math.floor(Date.now() / 1000),
      model: call.model,
    };
    if (call.stream) await stream(head, call, generation, gone.signal, response);
    else await sendWhole(head, generation, gone.signal, response);
  }

  #prepare(endpoint: Endpoint, call: Call, engine: ModelEngine, controls: Controls): Generation {
    const promptTokens =
      endpoint === "chat" ? countChatTokens(call.texts) : countTokens(call.prompt);
    const { maxModelLen } = this.#config;
    const room = maxModelLen - promptTokens;
    const wanted = call.tokensMax ?? (endpoint === "chat" ? room : COMPLETION_TOKENS_DEFAULT);
    if (room < 1 || wanted > room) {
      throw new RequestFault(
        400,
        "BadRequestError",
        `This model's maximum context length is ${maxModelLen} tokens. However, you requested ` +
          `${promptTokens + wanted} tokens (${promptTokens} in the messages, ${wanted} in the ` +
          "completion). Please reduce the length of the messages or completion.",
      );
    }
    return engine.prepare(call, promptTokens, wanted, controls);
  }

  async #sendEmbeddings(
    call: Call,
    engine: ModelEngine,
    controls: Controls,
    signal: AbortSignal,
    response: ServerResponse,
  ): Promise<void> {
    const promptTokens = call.texts.reduce((sum, text) => sum + countTokens(text), 0);
    await engine.prefillOnly(promptTokens, controls, signal);
    const dimensions = call.dimensions ?? this.#config.embeddingDimensions;
    const data = call.texts.map((text, index) => ({
      index,
      object: "embedding",
      embedding: encode(embed(text, dimensions, this.#config.seed), call.base64),
    }));
    sendJson(response, 200, {
      id: `embd-${randomUUID().replaceAll("-", "")}`,
      object: "list",
      created: Math.floor(Date.now() / 1000),
      model: call.model,
      data,
      usage: usageOf({ promptTokens, completionTokens: 0 }),
    });
  }

  #engineOf(model: string): ModelEngine {
    const engine = this.#engines.get(model);
    if (engine !== undefined) return engine;
    throw notFound(404, `The model \`${model}\` does not exist.`);
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (error instanceof RequestFault && !response.headersSent) {
      sendJson(response, error.status, errorAnswer(error.status, error.type, error.message));
      return;
    }
    // A lost connection is played as one; a client that left needs no answer.
    response.destroy();
  }
}

/** Little-endian 32-bit floats, as numpy writes them on the machines that vLLM runs on. */
function encode(vector: readonly number[], base64: boolean): readonly number[] | string {
  if (!base64) return vector;
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => void bytes.writeFloatLE(value, index * 4));
  return bytes.toString("base64");
}

function notFound(status: number, message: string): RequestFault {
  return new RequestFault(status, "NotFoundError", message);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

async function sendWhole(
  head: AnswerHead,
  generation: Generation,
  signal: AbortSignal,
  response: ServerResponse,
): Promise<void> {
  let completionTokens = 0;
  for await (const _ of generation.tokens(signal)) completionTokens += 1;
  const { answers, promptTokens } = generation;
  const choices = answers.map(({ tokens, finishReason: finish, tool }) => ({
    text: tokens.join(""),
    finish,
    tool,
  }));
  sendJson(response, 200, wholeAnswer(head, choices, { promptTokens, completionTokens }));
}

async function stream(
  head: AnswerHead,
  call: Call,
  generation: Generation,
  signal: AbortSignal,
  response: ServerResponse,
): Promise<void> {
  const { answers, promptTokens } = generation;
  let completionTokens = 0;
  const usage = (): Usage => ({ promptTokens, completionTokens });
  const running = () => (call.continuousUsage ? usage() : null);
  const send = async (event: unknown) => {
    if (response.write(`data: ${JSON.stringify(event)}\n\n`)) return;
    await drained(response, signal);
  };
  for await (const token of generation.tokens(signal)) {
    if (!response.headersSent) {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    }
    const { choice, index, last } = token;
    const answer = answers[choice];
    const piece = { choice, tool: answer?.tool ?? null, first: index === 0 };
    if (index === 0 && head.endpoint === "chat") {
      await send(chunk(head, { ...piece, text: null, finish: null }, running()));
    }
    completionTokens += 1;
    const finish = last ? (answer?.finishReason ?? null) : null;
    await send(chunk(head, { ...piece, text: token.text, finish }, running()));
  }
  if (call.includeUsage) await send(usageChunk(head, usage()));
  response.end("data: [DONE]\n\n");
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => () => {
      response.off("drain", onDrain);
      signal.removeEventListener("abort", onAbort);
      end();
    };
    const onDrain = settle(resolve);
    const onAbort = settle(() => reject(signal.reason));
    if (signal.aborted) return onAbort();
    response.once("drain", onDrain);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new RequestFault(413, "BadRequestError", "body too large");
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}
