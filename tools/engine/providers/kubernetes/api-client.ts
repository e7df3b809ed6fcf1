/**
 * Requests to one API server over kept-alive connections, with bounded time-outs and retries.
 * Retried: answers that ask for it (429, 503 with Retry-After), and broken connections of requests
 * that are safe to repeat, which all of ours are (reads, server-side apply, delete by name).
 */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../base/user-error.ts";
import { ApiError, apiErrorOf, UnreachableError } from "./api-error.ts";
import type { CredentialSource } from "./credentials.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ClusterAccess } from "./kubeconfig.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiClient {
  readonly access: ClusterAccess;
  /** The parsed JSON answer; throws ApiError, UnreachableError or, at the first contact, UserError. */
  request(request: ApiRequest): Promise<KubeObject>;
  /** The text of the answer (container logs). */
  text(request: ApiRequest): Promise<string>;
  /** Calls `onEvent` for each event until the server ends the watch; throws ApiError as request does. */
  watch(request: ApiRequest, onEvent: (event: KubeObject) => void): Promise<void>;
  close(): void;
}

export interface ClientTimings {
  readonly connectMs: number;
  readonly requestMs: number;
  /** How long a server that answered before may be away (a restart of a control plane). */
  readonly awayMs: number;
}

/** 34 s is the longest the API server itself lets a mutating request run with default admission. */
const TIMINGS: ClientTimings = { connectMs: 10_000, requestMs: 40_000, awayMs: 60_000 };

const SOCKETS_MAX = 32;
const RETRIES_MAX = 6;
const BACKOFF_START_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** A watch is ended by the server after the time it was asked for; this much later it is dead. */
const WATCH_SECONDS = 60;
const WATCH_DEAD_MS = (WATCH_SECONDS + 15) * 1000;

interface Connection {
  readonly access: ClusterAccess;
  readonly credentials: CredentialSource;
  readonly timings: ClientTimings;
  readonly agents: { readonly calls: HttpAgent; readonly watches: HttpAgent };
  /** Has this server ever answered us? Until then a failure to connect is told at once. */
  answered: boolean;
}

export function createApiClient(
  access: ClusterAccess,
  credentials: CredentialSource,
  timings: ClientTimings = TIMINGS,
): ApiClient {
  const agent = (sockets: number): HttpAgent => {
    const options = { keepAlive: true, maxSockets: sockets, scheduling: "lifo" as const };
    return access.server.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options);
  };
  const agents = { calls: agent(SOCKETS_MAX), watches: agent(Number.POSITIVE_INFINITY) };
  const connection: Connection = { access, credentials, timings, agents, answered: false };
  return {
    access,
    request: async (request) => {
      const text = await retried(connection, request);
      return (text === "" ? {} : JSON.parse(text)) as KubeObject;
    },
    text: (request) => retried(connection, request),
    watch: (request, onEvent) => watch(connection, request, onEvent),
    close: () => {
      agents.calls.destroy();
      agents.watches.destroy();
    },
  };
}

async function retried(connection: Connection, request: ApiRequest): Promise<string> {
  const started = Date.now();
  let renewed = false;
  for (let attempt = 0; ; attempt += 1) {
    request.signal?.throwIfAborted();
    try {
      return await attemptOnce(connection, request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 401 && !renewed) {
        renewed = true;
        connection.credentials.invalidate();
        continue;
      }
      const wait = retryDelay(connection, error, attempt, Date.now() - started);
      if (wait === undefined) throw firstContact(connection, error);
      await sleep(wait, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }
}

/** undefined: do not try again. */
function retryDelay(
  connection: Connection,
  error: unknown,
  attempt: number,
  elapsedMs: number,
): number | undefined {
  const backoff = Math.min(BACKOFF_START_MS * 2 ** attempt, BACKOFF_MAX_MS);
  if (error instanceof UnreachableError) {
    return connection.answered && elapsedMs < connection.timings.awayMs ? backoff : undefined;
  }
  if (!(error instanceof ApiError) || attempt >= RETRIES_MAX) return undefined;
  if (error.code === 429 || error.code === 503 || error.code === 504) {
    return Math.min(error.retryAfterMs ?? backoff, BACKOFF_MAX_MS * 2);
  }
  // An operator's webhook that is just starting, or etcd electing a leader.
  if (error.code === 500 && attempt < 4) return backoff;
  return undefined;
}

function firstContact(connection: Connection, error: unknown): unknown {
  if (error instanceof UnreachableError && !connection.answered) {
    const { access } = connection;
    return new UserError(
      `The Kubernetes API server ${access.server} cannot be reached: ${error.message}.`,
      {
        where: `context "${access.context}" of ${access.source}`,
        fix: "Check that the cluster runs and that the context is the one you mean (kubectl cluster-info).",
      },
    );
  }
  if (error instanceof ApiError && error.code === 401) {
    const { access } = connection;
    return new UserError(
      `The Kubernetes API server ${access.server} does not accept these credentials.`,
      {
        where: `context "${access.context}" of ${access.source}`,
        fix: "Renew the credentials of this context (kubectl get namespaces must work).",
      },
    );
  }
  return error;
}

async function attemptOnce(connection: Connection, request: ApiRequest): Promise<string> {
  const timeout = AbortSignal.timeout(connection.timings.requestMs);
  const response = await send(connection, request, connection.agents.calls, timeout);
  const text = await readAll(response);
  connection.answered = true;
  const code = response.statusCode ?? 0;
  if (code >= 400) throw apiErrorOf(code, text, response.headers["retry-after"]);
  return text;
}

async function send(
  connection: Connection,
  request: ApiRequest,
  agent: HttpAgent,
  timeout: AbortSignal,
): Promise<IncomingMessage> {
  const { access, timings } = connection;
  const credentials = await connection.credentials.get();
  const query = request.query === undefined ? "" : `?${new URLSearchParams(request.query)}`;
  const url = new URL(`${access.server}${request.path}${query}`);
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const options: RequestOptions & Record<string, unknown> = {
    method: request.method,
    agent,
    signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
    headers: {
      accept: "application/json",
      "user-agent": "deepseek-private-service",
      ...(body === undefined
        ? {}
        : {
            "content-type": request.contentType ?? "application/json",
            "content-length": String(Buffer.byteLength(body)),
          }),
      ...credentials.headers,
    },
    ...(access.certificateAuthority === undefined ? {} : { ca: access.certificateAuthority }),
    ...(credentials.certificate === undefined ? {} : { cert: credentials.certificate }),
    ...(credentials.key === undefined ? {} : { key: credentials.key }),
    ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
    ...(access.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
  };
  const start = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, options, resolve);
    outgoing.on("socket", (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(
        () => outgoing.destroy(new Error("no connection in time")),
        timings.connectMs,
      );
      for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
    });
    outgoing.on("error", (error) => reject(asUnreachable(error, request, timeout)));
    outgoing.end(body);
  });
}

const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

function asUnreachable(error: unknown, request: ApiRequest, timeout: AbortSignal): unknown {
  if (request.signal?.aborted === true) return request.signal.reason ?? error;
  if (timeout.aborted) return new UnreachableError("it did not answer in time", false);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const what = error instanceof Error && error.message !== "" ? error.message : code;
  return new UnreachableError(what === "" ? "the connection failed" : what, NEVER_SENT.has(code));
}

function readAll(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    response.on("error", (error) => reject(new UnreachableError(error.message, false)));
    response.on("aborted", () => reject(new UnreachableError("the connection broke", false)));
  });
}

async function watch(
  connection: Connection,
  request: ApiRequest,
  onEvent: (event: KubeObject) => void,
): Promise<void> {
  const query = { ...request.query, watch: "true", timeoutSeconds: String(WATCH_SECONDS) };
  const dead = AbortSignal.timeout(WATCH_DEAD_MS);
  const response = await send(connection, { ...request, query }, connection.agents.watches, dead);
  const code = response.statusCode ?? 0;
  if (code >= 400) throw apiErrorOf(code, await readAll(response), response.headers["retry-after"]);
  await new Promise<void>((resolve, reject) => {
    let rest = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      try {
        for (const line of lines) if (line !== "") onEvent(JSON.parse(line) as KubeObject);
      } catch (error) {
        response.destroy();
        reject(error);
      }
    });
    // However it ends, the caller lists again and goes on from there.
    response.on("end", resolve);
    response.on("close", resolve);
    response.on("error", () => resolve());
  });
  request.signal?.throwIfAborted();
}
