/** The API's listener: its routes, each bound to a pipeline, and what may be asked without a key. */
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type RouteOptions,
} from "fastify";
import { addConsole } from "./api/console-page.ts";
import { addPages, type Pages } from "./api/pages.ts";
import { covers, ENDPOINTS, type EndpointRow, OTHER } from "./endpoints.ts";
import { errorBody } from "./error-answer.ts";
import { GatewayError } from "./errors.ts";
import { jobComputer } from "./job-listener.ts";
import { limits } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { createPipelines, type Pipeline } from "./pipeline.ts";
import { isOffered } from "./proxy/eligible-targets.ts";
import { createRunner, type Lifecycle } from "./runner.ts";
import { acceptUpgrades, asksForSocket } from "./socket-listener.ts";

export function createServer(parts: Parts, lifecycle: Lifecycle): FastifyInstance {
  const app = fastify({
    serverFactory: (handler) => createListener(parts, handler),
    // Only the pipelines write logs and answer errors.
    logger: false,
    // The names of models may hold slashes and are matched by the pipeline, not by length.
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    exposeHeadRoutes: false,
    // A malformed URL fails before any route is chosen.
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      answerByHand(reply.raw.socket, new GatewayError("invalid_request", MALFORMED));
    },
    clientErrorHandler: answerMalformed,
  });
  // The body belongs to the step that reads it, after the caller is known.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const wanted = parts.config.GW_API_PAGES === "on";
  const pages = addPages(app, parts.version, wanted);
  if (wanted && !pages.complete) parts.log.warn("the packages of /docs and /redoc are not there");
  const console = addConsole(app, parts.config.GW_CONSOLE === "on");
  if (!console.complete) parts.log.warn("the files of /console are not there");
  addOpenRoutes(app, parts, lifecycle, pages);
  addPipelines(app, parts, lifecycle, [...OPEN, ...pages.paths, ...console.paths]);
  return app;
}

function addPipelines(
  app: FastifyInstance,
  parts: Parts,
  lifecycle: Lifecycle,
  open: readonly string[],
): void {
  const pipelines = createPipelines(parts);
  const run = createRunner(parts, lifecycle);
  const bind = (pipeline: Pipeline, endpoint: EndpointRow) =>
    function handle(request: FastifyRequest, reply: FastifyReply): void {
      reply.hijack();
      if (lifecycle.state === "draining") reply.raw.setHeader("connection", "close");
      void run(pipeline, { request: request.raw, response: reply.raw, endpoint });
    };
  acceptUpgrades(app.server, parts, pipelines, run);
  parts.jobRunner.computeWith(jobComputer(parts, pipelines, run));
  for (const row of ENDPOINTS) {
    app.route(atOnce(row.method, urlOf(row.path), bind(pipelines.of[row.does], row)));
  }
  app.route(atOnce("OPTIONS", "/*", bind(pipelines.preflight, OTHER)));
  const notFound = bind(pipelines.refused("not_found"), OTHER);
  const wrongMethod = bind(pipelines.refused("method_not_allowed"), OTHER);
  const refuse = (request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split("?", 1)[0] ?? "";
    const methods = open.includes(path) ? ["GET"] : methodsOf(path);
    if (methods.length > 0) reply.raw.setHeader("allow", methods.join(", "));
    const answer = methods.length > 0 ? wrongMethod : notFound;
    answer(request, reply);
  };
  for (const { method, path } of coveredOthers()) app.route(atOnce(method, urlOf(path), refuse));
  app.setNotFoundHandler(refuse);
}

type Handle = (request: FastifyRequest, reply: FastifyReply) => void;

/**
 * A route whose pipeline takes the request over before Fastify looks at its body: reading the content
 * type and choosing a parser, which is then not used, is a hundredth of a call.
 */
function atOnce(
  method: EndpointRow["method"] | "OPTIONS",
  url: string,
  handle: Handle,
): RouteOptions {
  return {
    method,
    url,
    // `done` is never called: nothing of Fastify's is to come after it.
    onRequest: (request, reply, _done) => handle(request, reply),
    handler: () => {
      throw new Error("the pipeline answers");
    },
  };
}

const ROWS: readonly EndpointRow[] = ENDPOINTS;

/** Fastify's way to say that a name stands before the end. */
function urlOf(path: string): string {
  return path.replace("*/", ":name/");
}

/** Those that the path takes; none: there is no such path. The closest rows hide wildcards above them. */
function methodsOf(path: string): string[] {
  const found = ROWS.filter((row) => row.path === path || covers(row, path));
  const closest = Math.max(...found.map(closeness));
  return found.filter((row) => closeness(row) === closest).map(({ method }) => method);
}

/** A path without a wildcard before one with it, a longer one before a shorter. */
function closeness({ path }: EndpointRow): number {
  return path.length + (path.includes("*") ? 0 : 1_000);
}

/** Methods that a path's own rows do not name, but a wildcard above it would take. */
function coveredOthers(): { method: EndpointRow["method"]; path: string }[] {
  const paths = [...new Set(ROWS.map(({ path }) => path))].filter((path) => !path.endsWith("*"));
  return paths.flatMap((path) =>
    ROWS.filter((row) => covers(row, path) && !methodsOf(path).includes(row.method)).map(
      ({ method }) => ({ method, path }),
    ),
  );
}

const OPEN = ["/", "/health", "/livez", "/readyz"];

/** Answers that need no key and tell nothing but the state. */
function addOpenRoutes(
  app: FastifyInstance,
  parts: Parts,
  lifecycle: Lifecycle,
  pages: Pages,
): void {
  const get = (path: string, answer: (reply: FastifyReply) => object) =>
    app.route({
      method: ["GET", "HEAD"],
      url: path,
      handler: async (_request, reply) => answer(reply),
    });
  get("/", () => ({
    service: "gateway",
    version: parts.version,
    api: "/v1",
    openapi: "/openapi.json",
    ...(pages.complete ? { docs: "/docs", redoc: "/redoc" } : {}),
    health: "/health",
  }));
  get("/livez", () => ({ status: "alive" }));
  get("/readyz", (reply) => {
    if (lifecycle.state !== "ready") reply.code(503);
    return { status: lifecycle.state };
  });
  get("/health", () => ({
    status: healthOf(parts, lifecycle),
    version: parts.version,
    providers: parts.providerKeys.state(),
    models_count: parts.routes
      .all()
      .filter(({ model }) => isOffered(model, (name) => parts.providerKeys.of(name) !== undefined))
      .length,
  }));
}

function healthOf(parts: Parts, lifecycle: Lifecycle): string {
  if (lifecycle.state !== "ready") return lifecycle.state;
  const pressed = parts.ledgerQueue.rows > parts.config.GW_LEDGER_QUEUE_ROWS_MAX / 2;
  return parts.quota.storeAnswers && !pressed ? "healthy" : "degraded";
}

/** Those that some path takes; others never reach the routes, which would answer in a shape of their own. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);

function createListener(parts: Parts, route: http.RequestListener): http.Server {
  const handler: http.RequestListener = (request, response) => {
    if (METHODS.has(request.method ?? "")) return route(request, response);
    response.setHeader("allow", [...METHODS].join(", "));
    refuseAtOnce(response, new GatewayError("method_not_allowed"));
  };
  const options = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    connectionsCheckingInterval: limits.timeoutCheckMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    noDelay: true,
    // Every other request that offers an upgrade is answered as if it did not.
    shouldUpgradeCallback: asksForSocket,
  };
  const certificate = parts.certificate?.current;
  const server =
    certificate === undefined
      ? http.createServer(options, handler)
      : https.createServer({ ...options, ...certificate, minVersion: "TLSv1.3" }, handler);
  // Anything but 100-continue, which Node itself would refuse without a word.
  server.on("checkExpectation", (_request, response) => {
    refuseAtOnce(
      response,
      new GatewayError("invalid_request", { message: "Expect: 100-continue." }),
    );
  });
  server.maxConnections = limits.connectionsMax;
  return server;
}

/** Bytes that are no HTTP request; Node has no response object for them. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = malformedCode(error.code);
  answerByHand(socket, new GatewayError(code, code === "invalid_request" ? MALFORMED : {}));
}

function refuseAtOnce(response: http.ServerResponse, fault: GatewayError): void {
  const body = errorBody(fault, "none");
  response.writeHead(fault.entry.status, {
    connection: "close",
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function answerByHand(socket: Socket | null, fault: GatewayError): void {
  const body = errorBody(fault, "none");
  socket?.end(
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
