/**
 * A real nginx with the edge's own configuration before a gateway that echoes, for the tests of what
 * the edge promises.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { expect } from "vitest";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { type Authority, createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { freePort } from "../tools/servers/supervised.ts";
import { nginxConfiguration } from "./nginx-configuration.ts";

const READY_MS = 20_000;
export const EDGE_TOKEN = "ab".repeat(32);
let folder: string;
let ca: string;
/** Whose certificates callers may show: another one than the servers'. */
let clientAuthority: Authority;
let gateway: https.Server;
let nginx: ChildProcess;
let ports: {
  https: number;
  http: number;
  balanced: number;
  metrics: number;
  status: number;
  exporter: number;
};
let exporter: http.Server;
let packages: { program: string; environment: NodeJS.ProcessEnv };
const seen: http.IncomingHttpHeaders[] = [];

/** The gateway's part: one call that streams, everything else echoes. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  seen.push(request.headers);
  if (request.url === "/v1/stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: first\n\n");
    setTimeout(() => response.end("data: [DONE]\n\n"), 1_500);
    return;
  }
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on("end", () => response.end(JSON.stringify({ bytes, path: request.url })));
}

/** Any upgrade that gets as far: the connection then gives back what it is given. */
function echo(request: http.IncomingMessage, socket: Duplex): void {
  seen.push(request.headers);
  const lines = ["HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: websocket"];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.pipe(socket);
}

export interface TestEdge {
  readonly folder: string;
  /** Of the servers. */
  readonly ca: string;
  readonly clientAuthority: Authority;
  readonly gateway: https.Server;
  readonly ports: typeof ports;
  /** Headers of every call that reached the gateway. */
  readonly seen: readonly http.IncomingHttpHeaders[];
  readonly stop: () => Promise<void>;
}

/** `change`: what a hand does to nginx' configuration. */
export async function startEdge(
  change: (text: string) => string = (text) => text,
): Promise<TestEdge> {
  folder = await mkdtemp(path.join(os.tmpdir(), "edge-test-"));
  const authority = await createAuthority("edge test", 1);
  ca = authority.certificate;
  const issue = (dnsNames: string[]) =>
    issueCertificate(authority, { commonName: "test", dnsNames, usage: "server", days: 1 });
  clientAuthority = await createAuthority("callers", 1);
  const [edge, behind] = await Promise.all([issue(["localhost"]), issue(["localhost"])]);
  const files = {
    "tls.crt": edge.certificate,
    "tls.key": edge.key,
    "ca.crt": ca,
    "clients.crt": clientAuthority.certificate,
    "trust.conf": `proxy_set_header X-Edge-Token "${EDGE_TOKEN}";\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(folder, name), text, { mode: 0o600 });
  }
  gateway = https.createServer(
    { cert: behind.certificate, key: behind.key, minVersion: "TLSv1.3" },
    answer,
  );
  gateway.on("upgrade", echo);
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  const free = await Promise.all(Array.from({ length: 5 }, freePort));
  const [https_ = 0, http_ = 0, metrics = 0, status = 0, balanced = 0] = free;
  exporter = http.createServer((request, response) => response.end(`asked ${request.url}`));
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const { port: behindMetrics } = exporter.address() as AddressInfo;
  ports = { https: https_, http: http_, balanced, metrics, status, exporter: behindMetrics };
  const { root } = await ensurePackages(["nginx"]);
  packages = {
    program: path.join(root, "usr/sbin/nginx"),
    environment: { ...environmentFor(root) },
  };
  await startNginx(change);
  const stop = async () => {
    nginx?.kill("SIGQUIT");
    gateway?.close();
    exporter?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  return { folder, ca, clientAuthority, gateway, ports, seen, stop };
}

async function startNginx(change: (text: string) => string): Promise<void> {
  const { port } = gateway.address() as AddressInfo;
  const text = nginxConfiguration({
    hosts: ["localhost"],
    ports,
    metrics: { port: ports.metrics, status: ports.status, exporter: ports.exporter },
    balancer: { port: ports.balanced, ranges: ["127.0.0.0/8"] },
    publicPort: ports.https,
    gateway: { host: "localhost", port },
    clients: {
      authorities: path.join(folder, "clients.crt"),
      trust: path.join(folder, "trust.conf"),
    },
    tlsFolder: folder,
    temporaryFolder: folder,
    workers: 2,
    workerShutdownSeconds: 5,
    upstreamIdleSeconds: 5,
    bodyBytesMax: 1_048_576,
    connectionsPerAddressMax: 50,
    socketsPerAddressMax: 25,
  });
  const file = path.join(folder, "nginx.conf");
  // Node's pipes are sockets, which cannot be opened by name as a container's standard output can.
  await writeFile(file, change(text).replace("/dev/stdout", path.join(folder, "access.log")));
  const args = ["-e", "stderr", "-p", folder, "-c", file];
  const { program, environment } = packages;
  const check = await run(program, [...args, "-t"], { env: environment });
  expect(check.stderr).toContain("test is successful");
  expect(check.stderr).not.toMatch(/\[(warn|emerg|alert)\](?!.*user)/);
  nginx = spawn(program, args, { env: environment, stdio: "ignore" });
  const deadline = Date.now() + READY_MS;
  while (!(await handshake({}).catch(() => undefined))) {
    if (Date.now() > deadline || nginx.exitCode !== null) throw new Error("nginx did not start");
    await sleep(50);
  }
}

export function handshake(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const target = { host: "127.0.0.1", port: ports.https, ca, servername: "localhost" };
    const socket = tls.connect({ ...target, timeout: 5_000, ...options });
    socket.once("secureConnect", () => {
      resolve(socket);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds from the call to each piece of the body. */
  readonly arrivals: readonly number[];
}

export function call(target: string, options: https.RequestOptions & { body?: Buffer } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const started = performance.now();
    const { body, ...rest } = options;
    const request = https.request(
      { host: "localhost", port: ports.https, path: target, ca, timeout: 10_000, ...rest },
      (response) => {
        const chunks: string[] = [];
        const arrivals: number[] = [];
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk.toString());
          arrivals.push(performance.now() - started);
        });
        response.on("end", () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: chunks.join(""), arrivals });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}
