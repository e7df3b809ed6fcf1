/** A container registry in memory, on the loopback: enough of the distribution protocol to be strict. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface TestRegistry {
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  /** "name:tag" → the manifest's bytes. */
  readonly manifests: Map<string, Buffer>;
  readonly requests: string[];
  close(): Promise<void>;
}

/** With `user`, every request needs a token that only that user gets. */
export async function startRegistry(user?: string): Promise<TestRegistry> {
  const state = {
    blobs: new Map<string, Buffer>(),
    manifests: new Map<string, Buffer>(),
    requests: [] as string[],
  };
  const token = randomUUID();
  let host = "";
  const server = createServer((request, response) => {
    state.requests.push(`${request.method} ${request.url?.split("?")[0]}`);
    const url = new URL(request.url ?? "/", `http://${host}`);
    if (url.pathname === "/token") return answerToken(request, response, user, token);
    if (user !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      const challenge = `Bearer realm="http://${host}/token",service="test"`;
      return end(response, 401, { "www-authenticate": challenge });
    }
    void handle(state, request, response, url).catch(() => end(response, 500));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, ...state, close: () => stop(server) };
}

async function handle(
  state: Pick<TestRegistry, "blobs" | "manifests">,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  if (url.pathname === "/v2/") return end(response, 200);
  const blob = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url.pathname)?.[1];
  if (blob !== undefined) return end(response, state.blobs.has(blob) ? 200 : 404);
  if (request.method === "POST") {
    return end(response, 202, { location: `${url.pathname}${randomUUID()}?state=x` });
  }
  const body = await buffer(request);
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  if (url.pathname.includes("/blobs/uploads/")) {
    if (url.searchParams.get("digest") !== digest) return end(response, 400);
    if (request.headers["content-length"] !== String(body.length)) return end(response, 411);
    state.blobs.set(digest, body);
    return end(response, 201);
  }
  const [, name, tag] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url.pathname) ?? [];
  if (request.method === "PUT") {
    const { config, layers } = JSON.parse(body.toString());
    const complete = [config, ...layers].every((one) => state.blobs.has(one.digest));
    if (!complete) return end(response, 400);
    state.manifests.set(`${name}:${tag}`, body);
    return end(response, 201);
  }
  const manifest = state.manifests.get(`${name}:${tag}`);
  if (manifest === undefined) return end(response, 404);
  const sum = createHash("sha256").update(manifest).digest("hex");
  return end(response, 200, { "docker-content-digest": `sha256:${sum}` });
}

function answerToken(
  request: IncomingMessage,
  response: ServerResponse,
  user: string | undefined,
  token: string,
): void {
  const wanted = `Basic ${Buffer.from(`${user}:password`).toString("base64")}`;
  if (request.headers.authorization === wanted) response.end(JSON.stringify({ token }));
  else end(response, 401);
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
