/** The client and the stream against a server that misbehaves on purpose. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { UserError } from "../../../base/user-error.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { UnreachableError } from "./api-error.ts";
import { createCredentialSource } from "./credentials.ts";
import { nameOf } from "./kube-object.ts";
import { type ClusterAccess, resolveCluster } from "./kubeconfig.ts";
import { streamObjects } from "./waits/object-stream.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const open: { server: Server; client: ApiClient }[] = [];

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function accessTo(server: string): ClusterAccess {
  const kubeconfig = JSON.stringify({
    kind: "Config",
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server } }],
    contexts: [{ name: "c", context: { cluster: "c" } }],
  });
  return resolveCluster({ kubeconfig, environment: {} });
}

/** Answers one request after the other; the last answer stands for all that follow. */
async function serve(...answers: Answer[]): Promise<{ client: ApiClient; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const access = accessTo(`http://127.0.0.1:${port}`);
  const timings = { connectMs: 500, requestMs: 500, awayMs: 1_000 };
  const client = createApiClient(access, createCredentialSource(access, {}), timings);
  open.push({ server, client });
  return { client, asked };
}

const ok: Answer = (_request, response) => void response.end('{"kind":"Thing"}');
const code =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, headers);
    response.end(JSON.stringify({ kind: "Status", code: status, message: `no ${status}` }));
  };
const hangUp: Answer = (request) => void request.socket.destroy();
const silence: Answer = () => {};

const GET = { method: "GET", path: "/x" } as const;

test("answers that ask for patience are tried again", async () => {
  const { client, asked } = await serve(
    code(429, { "retry-after": "0" }),
    code(503),
    code(500),
    ok,
  );
  expect(await client.request(GET)).toEqual({ kind: "Thing" });
  expect(asked).toHaveLength(4);
});

test("answers that are final are not", async () => {
  const { client, asked } = await serve(code(422));
  await expect(client.request(GET)).rejects.toMatchObject({ code: 422, message: "no 422" });
  expect(asked).toHaveLength(1);
});

test("a server that answered before may hang up and be asked again; an unknown one may not", async () => {
  const known = await serve(ok, hangUp, hangUp, ok);
  await known.client.request(GET);
  expect(await known.client.request(GET)).toEqual({ kind: "Thing" });
  const unknown = await serve(hangUp, ok);
  const error = await unknown.client.request(GET).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ exitCode: 2, where: expect.stringContaining('"c"') });
});

test("a server that never answers is given up", async () => {
  const { client } = await serve(ok, silence);
  await client.request(GET);
  const started = Date.now();
  await expect(client.request(GET)).rejects.toBeInstanceOf(UnreachableError);
  expect(Date.now() - started).toBeLessThan(6_000);
});

test("refused credentials are fetched once more and then told", async () => {
  const once = await serve(code(401), ok);
  expect(await once.client.request(GET)).toEqual({ kind: "Thing" });
  const always = await serve(code(401));
  await expect(always.client.request(GET)).rejects.toThrow(/does not accept these credentials/);
  expect(always.asked).toHaveLength(2);
});

test("cancelling ends a request at once", async () => {
  const { client } = await serve(silence);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 50);
  await expect(client.request({ ...GET, signal: stop.signal })).rejects.toThrow("enough");
});

const item = (name: string) => ({ metadata: { name, uid: name, resourceVersion: "2" } });
const list =
  (...names: string[]): Answer =>
  (_request, response) =>
    void response.end(
      JSON.stringify({ metadata: { resourceVersion: "1" }, items: names.map(item) }),
    );

test("a stream survives broken lines, a hang-up and a lost place", async () => {
  const added = JSON.stringify({ type: "ADDED", object: item("b") });
  const gone = JSON.stringify({
    type: "ERROR",
    object: { kind: "Status", code: 410, message: "too old" },
  });
  const { client, asked } = await serve(
    list("a"),
    (request, response) => {
      response.write(added.slice(0, 9));
      setTimeout(() => response.write(`${added.slice(9)}\n`), 20);
      setTimeout(() => request.socket.destroy(), 60);
    },
    (_request, response) => void response.end(`${gone}\n`),
    list("c"),
    silence,
  );
  const seen: string[] = [];
  const troubles: (string | undefined)[] = [];
  const stop = new AbortController();
  const sink = {
    onObjects: (objects: readonly Parameters<typeof nameOf>[0][]) => {
      seen.push(objects.map(nameOf).join(","));
      if (seen.at(-1) === "c") setTimeout(() => stop.abort(), 50);
    },
    onTrouble: (text: string | undefined) => void troubles.push(text),
  };
  const target = { path: "/things", query: {}, gvk: { apiVersion: "v1", kind: "Thing" } };
  await streamObjects(client, target, sink, stop.signal);
  expect(seen).toEqual(["a", "a,b", "c"]);
  expect(troubles).toEqual([undefined, "too old", undefined]);
  expect(asked[2]).toContain("resourceVersion=2");
});
