/** The API's listener: its routes, each bound to a pipeline, and what may be asked without a key. */
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { createContext, type Endpoint } from "./context.ts";
import { errorBody, GatewayError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { createPipelines, MODEL_PATH, type Pipeline } from "./pipeline.ts";

/** What the listener must know of the process's life. */
export interface Lifecycle {
  readonly state: "starting" | "ready" | "draining";
  /** Requests under way. */
  busy: number;
}

const INFERENCE = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"] as const;
const PATHS = new Set<string>([...INFERENCE, "/v1/models", "/v1/usage", "/", "/health"]);
PATHS.add("/livez").add("/readyz");

export function createServer(parts: Parts, lifecycle: Lifecycle): FastifyInstance {
  const app = fastify({
    serverFactory: (handler) => createListener(parts, handler),
    // Only the pipelines write logs and answer errors.
    logger: false,
    // The names of models may hold slashes and are matched by the pipeline, not by length.
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    exposeHeadRoutes: false,
    clientErrorHandler: answerMalformed,
  });
  // The body belongs to the step that reads it, after the caller is known.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  addOpenRoutes(app, parts, lifecycle);
  addPipelines(app, parts, lifecycle);
  return app;
}

function addPipelines(app: FastifyInstance, parts: Parts, lifecycle: Lifecycle): void {
  const pipelines = createPipelines(parts);
  const bind = (pipeline: Pipeline, endpoint: Endpoint) =>
    async function run(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      reply.hijack();
      if (lifecycle.state === "draining") reply.raw.setHeader("connection", "close");
      const context = createContext({
        request: request.raw,
        response: reply.raw,
        endpoint,
        wallMs: parts.clock.wallMs(),
        monotonicMs: parts.clock.monotonicMs(),
      });
      lifecycle.busy += 1;
      try {
        await pipeline(context);
      } catch (cause) {
        // The outermost step answers every error, so this is a defect of that step.
        parts.log.error({ cause }, "a request escaped its pipeline");
        reply.raw.destroy();
      } finally {
        lifecycle.busy -= 1;
      }
    };
  for (const path of INFERENCE) app.post(path, bind(pipelines.inference, path));
  app.get("/v1/models", bind(pipelines.models, "/v1/models"));
  app.get(`${MODEL_PATH}*`, bind(pipelines.model, "/v1/models"));
  app.get("/v1/usage", bind(pipelines.usage, "/v1/usage"));
  const notFound = bind(pipelines.refused("not_found"), "other");
  const wrongMethod = bind(pipelines.refused("method_not_allowed"), "other");
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const known = PATHS.has(path) || path.startsWith(MODEL_PATH);
    return known ? wrongMethod(request, reply) : notFound(request, reply);
  });
  // A malformed URL fails in the router, before any handler.
  app.setErrorHandler((_error, request, reply) => notFound(request, reply));
}

/** Answers that need no key and tell nothing but the state. */
function addOpenRoutes(app: FastifyInstance, parts: Parts, lifecycle: Lifecycle): void {
  app.get("/", async () => ({ service: "gateway", version: parts.version, api: "/v1" }));
  app.get("/livez", async () => ({ status: "alive" }));
  app.get("/readyz", async (_request, reply) => {
    if (lifecycle.state !== "ready") reply.code(503);
    return { status: lifecycle.state };
  });
  app.get("/health", async () => ({
    status: healthOf(parts, lifecycle),
    version: parts.version,
    // No outside provider is configured in this version; model servers are not providers.
    providers: {},
    models_count: parts.routes.all().length,
  }));
}

function healthOf(parts: Parts, lifecycle: Lifecycle): string {
  if (lifecycle.state !== "ready") return lifecycle.state;
  const pressed = parts.ledgerQueue.rows > parts.config.GW_LEDGER_QUEUE_ROWS_MAX / 2;
  return parts.quota.storeAnswers && !pressed ? "healthy" : "degraded";
}

function createListener(parts: Parts, handler: http.RequestListener): http.Server {
  const options = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    noDelay: true,
  };
  const certificate = parts.certificate?.current;
  if (certificate === undefined) return http.createServer(options, handler);
  return https.createServer({ ...options, ...certificate, minVersion: "TLSv1.3" }, handler);
}

/** Bytes that are no HTTP request: the answer is written by hand, then the connection ends. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = malformedCode(error.code);
  const fault = new GatewayError(code, code === "invalid_request" ? MALFORMED : {});
  const body = errorBody(fault, "none");
  socket.end(
    `HTTP/1.1 ${fault.entry.status} Refused\r\nconnection: close\r\n` +
      "content-type: application/json; charset=utf-8\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const MALFORMED = { message: "The request is not valid HTTP." };

function malformedCode(code: string | undefined) {
  if (code === "HPE_HEADER_OVERFLOW") return "headers_too_large" as const;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "body_timeout" as const;
  return "invalid_request" as const;
}
