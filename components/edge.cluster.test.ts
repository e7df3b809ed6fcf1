/**
 * The edge's nginx.conf in the real nginx, before a gateway that the test plays: what the kept copy
 * promises is tried from outside.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { call, handshake, startEdge, type TestEdge } from "./test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge?.stop());

describe("TLS", () => {
  test.each(["localhost", "elsewhere.example.org", ""])(
    "1.3 is spoken and 1.2 refused (server name %j)",
    async (servername) => {
      const loose = { servername, rejectUnauthorized: false };
      await expect(handshake({ ...loose, minVersion: "TLSv1.3" })).resolves.toBeDefined();
      const old = { ...loose, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
      await expect(handshake(old)).rejects.toThrow(/alert protocol version/);
    },
  );

  test("offers HTTP/2, and answers over it", async () => {
    const client = http2.connect(`https://localhost:${edge.ports.https}`, { ca: edge.ca });
    const status = await new Promise((resolve, reject) => {
      client.on("error", reject);
      const stream = client.request({ ":path": "/v1/models" });
      stream.on("response", (headers) => resolve(headers[":status"]));
      stream.resume();
    });
    client.close();
    expect(status).toBe(200);
  });

  test("is where plain HTTP is sent to", async () => {
    const location = await new Promise((resolve, reject) => {
      const target = {
        port: edge.ports.http,
        path: "/v1/models?x=1",
        headers: { host: "localhost" },
      };
      const request = http.get({ host: "127.0.0.1", ...target }, (response) => {
        response.resume();
        resolve(`${response.statusCode} ${response.headers.location}`);
      });
      request.on("error", reject);
    });
    expect(location).toBe(`301 https://localhost:${edge.ports.https}/v1/models?x=1`);
  });
});

describe("a call", () => {
  test("reaches the gateway with the caller's address and a request id", async () => {
    const spoofed = { "x-real-ip": "10.9.9.9", "x-forwarded-for": "10.9.9.9" };
    const { status } = await call("/v1/models", { headers: spoofed });
    expect(status).toBe(200);
    expect(edge.seen.at(-1)).toMatchObject({
      "x-real-ip": "127.0.0.1",
      "x-forwarded-for": "127.0.0.1",
      "x-request-id": expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    await call("/v1/models", { headers: { "x-request-id": "my-own.id_1" } });
    expect(edge.seen.at(-1)?.["x-request-id"]).toBe("my-own.id_1");
    await call("/v1/models", { headers: { "x-request-id": "has a {brace}" } });
    expect(edge.seen.at(-1)?.["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("that streams is passed on piece by piece", async () => {
    const { body, arrivals } = await call("/v1/stream");
    expect(body).toBe("data: first\n\ndata: [DONE]\n\n");
    expect(arrivals.length).toBeGreaterThanOrEqual(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(1_000);
  });

  test("may carry 1 MiB, and not one byte more", async () => {
    const post = { method: "POST" };
    const whole = await call("/v1/x", { ...post, body: Buffer.alloc(1_048_576, "a") });
    expect(JSON.parse(whole.body)).toMatchObject({ bytes: 1_048_576 });
    const { status, body } = await call("/v1/x", { ...post, body: Buffer.alloc(1_048_577, "a") });
    expect(status).toBe(413);
    expect(JSON.parse(body).error.code).toBe("request_too_large");
  });

  test("with headers beyond the bound, or for another host, is refused in the API's own form", async () => {
    const large = await call("/v1/models", { headers: { "x-large": "a".repeat(40_000) } });
    expect(large.status).toBe(431);
    expect(JSON.parse(large.body).error.code).toBe("headers_too_large");
    const elsewhere = { servername: "localhost", headers: { host: "elsewhere.example.org" } };
    const lost = await call("/v1/models", elsewhere);
    expect(lost.status).toBe(421);
    expect(JSON.parse(lost.body).error.code).toBe("misdirected_request");
  });

  // nginx knows no path of these, and no server either where the name of the handshake is none of ours.
  test.each([
    ["no request at all", "GARBAGE", 400],
    ["a path with a broken escape", "GET /v1/%zz HTTP/1.1", 400],
    ["a path above the root", "GET /../../etc/passwd HTTP/1.1", 400],
    ["a space in the path", "GET /a b HTTP/1.1", 400],
    ["an address beyond the bound", `GET /v1/models?${"a".repeat(9_000)} HTTP/1.1`, 414],
    ["a method that nobody takes", "TRACE / HTTP/1.1", 405],
    ["another version of HTTP", "GET / HTTP/3.0", 505],
  ])("that is %s is refused in the API's own form", async (_what, line, status) => {
    for (const servername of ["localhost", "elsewhere.example.org"]) {
      const socket = tls.connect({
        ...{ port: edge.ports.https, host: "127.0.0.1", ca: edge.ca, servername },
        checkServerIdentity: () => undefined,
      });
      await once(socket, "secureConnect");
      socket.write(`${line}\r\nhost: ${servername}\r\nx-request-id: mine\r\n\r\n`);
      const text = String(Buffer.concat(await socket.toArray()));
      const [head = "", body = ""] = text.split("\r\n\r\n");
      expect(head).toMatch(
        new RegExp(`^HTTP/1.1 ${status} .*content-type: application/json`, "is"),
      );
      expect(JSON.parse(body)).toMatchObject({
        error: { code: expect.any(String), request_id: expect.stringMatching(/^(mine|\w{32})$/) },
      });
    }
  });

  test("says nothing about the server's version, and asks to come back by TLS", async () => {
    const { headers } = await call("/v1/models");
    expect(headers["server"]).toBe("nginx");
    expect(headers["strict-transport-security"]).toContain("max-age=");
  });
});

describe("behind a balancer", () => {
  /** The PROXY protocol's second version, as a network load balancer writes it: TCP over IPv4. */
  function proxyHeader(address: string): Buffer {
    const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
    const about = Buffer.from([0x21, 0x11, 0, 12]);
    const ends = Buffer.from([
      ...address.split(".").map(Number),
      10,
      20,
      0,
      1,
      0xc3,
      0x50,
      1,
      0xbb,
    ]);
    return Buffer.concat([signature, about, ends]);
  }

  async function callBehind(first: Buffer): Promise<string> {
    const raw = net.connect(edge.ports.balanced, "127.0.0.1");
    await once(raw, "connect");
    raw.write(first);
    const socket = tls.connect({ socket: raw, ca: edge.ca, servername: "localhost" });
    await once(socket, "secureConnect");
    const head = ["GET /v1/models HTTP/1.1", "host: localhost", "connection: close"];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    const pieces = await socket.toArray();
    return Buffer.concat(pieces).toString();
  }

  test("a caller is known by its own address", async () => {
    expect(await callBehind(proxyHeader("203.0.113.9"))).toMatch(/^HTTP\/1\.1 200/);
    expect(edge.seen.at(-1)).toMatchObject({
      "x-real-ip": "203.0.113.9",
      "x-forwarded-for": "203.0.113.9",
    });
  });

  test("who says nothing of a caller is not served there, nor believed elsewhere", async () => {
    await expect(callBehind(Buffer.alloc(0))).rejects.toThrow();
    const raw = net.connect(edge.ports.https, "127.0.0.1");
    await once(raw, "connect");
    raw.write(proxyHeader("203.0.113.9"));
    const socket = tls.connect({ socket: raw, ca: edge.ca, servername: "localhost" });
    await expect(once(socket, "secureConnect")).rejects.toThrow();
  });
});

describe("an upgrade", () => {
  const upgrade = (target: string, protocol: string) =>
    new Promise<{ status: number; socket?: Duplex }>((resolve, reject) => {
      const headers = { connection: "upgrade", upgrade: protocol };
      const options = {
        host: "localhost",
        port: edge.ports.https,
        path: target,
        ca: edge.ca,
        headers,
      };
      const request = https.get({ ...options, agent: false });
      request.once("error", reject);
      request.once("upgrade", (response, socket) =>
        resolve({ status: response.statusCode ?? 0, socket }),
      );
      request.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0 });
      });
    });

  test("to a WebSocket is passed on for its path, with the headers of every call", async () => {
    const { status, socket } = await upgrade("/v1/streaming/ws?api-version=1", "WebSocket");
    expect(status).toBe(101);
    expect(edge.seen.at(-1)).toMatchObject({
      upgrade: "websocket",
      connection: "upgrade",
      "x-real-ip": "127.0.0.1",
      "x-request-id": expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    socket?.write("both ways");
    const [text] = await new Promise<unknown[]>((resolve) =>
      socket?.once("data", (...all: unknown[]) => resolve(all)),
    );
    expect(String(text)).toBe("both ways");
    socket?.destroy();
  });

  test("of another kind, or on another path, is none", async () => {
    expect((await upgrade("/v1/streaming/ws", "h2c")).status).toBe(426);
    expect((await upgrade("/v1/models", "websocket")).status).toBe(200);
    expect(edge.seen.at(-1)).not.toHaveProperty("upgrade");
    const { body } = await call("/v1/streaming/ws");
    expect(JSON.parse(body).error.code).toBe("upgrade_required");
  });

  test("has half of the connections that one address may hold", async () => {
    const all = await Promise.all(
      Array.from({ length: 26 }, () => upgrade("/v1/streaming/ws", "websocket")),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([...Array(25).fill(101), 429]);
    for (const { socket } of all) socket?.destroy();
  });
});

describe("what Prometheus asks", () => {
  test("is answered over TLS 1.3, and nothing but /metrics", async () => {
    const { status, body } = await call("/metrics", { port: edge.ports.metrics });
    expect(`${status} ${body}`).toBe("200 asked /metrics");
    expect((await call("/", { port: edge.ports.metrics })).status).toBe(404);
    expect((await call("/metrics")).body).not.toContain("asked");
    const old = { port: edge.ports.metrics, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
    await expect(handshake(old)).rejects.toThrow(/alert protocol version/);
  });

  test("comes of counters on loopback", async () => {
    const answer = await fetch(`http://127.0.0.1:${edge.ports.status}/status`);
    expect(await answer.text()).toMatch(/^Active connections: \d+/);
  });
});

describe("the log", () => {
  test("is JSON without query strings, and without /health", async () => {
    await call("/health");
    await call("/v1/models?key=hunter2", { headers: { authorization: "Bearer hunter2" } });
    await sleep(300);
    const log = await readFile(path.join(edge.folder, "access.log"), "utf8");
    const lines = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.at(-1)).toMatchObject({ method: "GET", path: "/v1/models", status: 200 });
    expect(lines.at(-1).tls).toBe("TLSv1.3");
    expect(log).not.toContain("hunter2");
    expect(log).not.toContain('"/health"');
  });
});

describe("a gateway", () => {
  test("with a certificate of another authority is not talked to", async () => {
    const other = await createAuthority("somebody else", 1);
    const pair = await issueCertificate(other, {
      commonName: "localhost",
      dnsNames: ["localhost"],
      usage: "server",
      days: 1,
    });
    edge.gateway.setSecureContext({ cert: pair.certificate, key: pair.key, minVersion: "TLSv1.3" });
    edge.gateway.closeIdleConnections();
    // Sessions and kept connections of the former certificate are given up first.
    await sleep(5_500);
    const { status, body } = await call("/v1/models");
    expect(status).toBe(502);
    expect(JSON.parse(body).error.code).toBe("gateway_unreachable");
  });
});
