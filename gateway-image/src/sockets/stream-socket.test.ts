/** A connection's own clockwork: pings, idleness, age, and refusals that nobody reads. */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { WebSocket as Client } from "ws";
import { systemClock } from "../base/clock.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { RunCall, SocketBounds } from "./stream-socket.ts";
import { StreamSockets } from "./stream-sockets.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const NEVER = 3_600_000;
/** A busy machine may be slow about it. */
const PATIENT = { timeout: 20_000 };
const KEY = {
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "sec-websocket-version": "13",
};

async function serve(bounds: Partial<SocketBounds>, run: RunCall = () => {}) {
  const all = { pingMs: NEVER, idleMs: NEVER, ageMs: NEVER, ...bounds };
  const sockets = new StreamSockets(createMetrics("test"), systemClock, all);
  const server = http.createServer();
  server.on("upgrade", (request, socket, head) => {
    sockets.accept({ request, socket, head }, "somebody", request, run);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const open = async (options = {}) => {
    const url = `ws://127.0.0.1:${port}`;
    const client = new Client(url, options);
    client.on("error", () => {});
    const closed = new Promise<number>((resolve) => client.once("close", resolve));
    await once(client, "open");
    return { client, closed };
  };
  ends.push(() => {
    sockets.terminate();
    server.close();
  });
  return { sockets, open, port };
}

test("one that no longer answers pings is cut; one that answers stays", async () => {
  const { open } = await serve({ pingMs: 1_000 });
  const silent = await open({ autoPong: false });
  const living = await open();
  // 1006: no closing handshake took place.
  expect(await silent.closed).toBe(1006);
  expect(living.client.readyState).toBe(Client.OPEN);
});

test("one without calls is closed after a while, one with a call is not", async () => {
  const { open } = await serve({ pingMs: 1_000, idleMs: 100 });
  const idle = await open();
  const busy = await open();
  busy.client.send('{"type":"completions","body":{}}');
  expect(await idle.closed).toBe(1000);
  expect(busy.client.readyState).toBe(Client.OPEN);
});

test("an old one is closed when its last call has ended, and takes no more before", async () => {
  let finish = () => {};
  let calls = 0;
  const { open } = await serve({ pingMs: 1_000, ageMs: 100 }, (_path, { response }) => {
    const end = () =>
      void response.writeHead(200, { "content-type": "application/json" }).end("{}");
    // The first call stays; those that ask again end at once.
    if (calls === 0) finish = end;
    else end();
    calls += 1;
  });
  const { client, closed } = await open();
  const said: string[] = [];
  client.on("message", (data) => said.push(String(data)));
  client.send('{"type":"completions","id":"a","body":{}}');
  const again = setInterval(() => client.send('{"type":"completions","id":"b","body":{}}'), 20);
  await expect.poll(() => said.join(), PATIENT).toContain("not_ready");
  clearInterval(again);
  finish();
  expect(await closed).toBe(1001);
  expect(said.at(-1)).toBe('{"type":"done","id":"a","headers":{}}');
});

test("refusals that nobody reads end the connection", async () => {
  const { open, sockets } = await serve({});
  const { client } = await open();
  client.pause();
  for (let call = 0; call < limits.socketCallsMax; call += 1) {
    client.send(`{"type":"completions","id":"${call}","body":{}}`);
  }
  const flood = setInterval(() => {
    for (let call = 0; call < 2_000; call += 1) client.send('{"type":"completions","body":{}}');
  }, 1);
  ends.push(() => clearInterval(flood));
  await expect.poll(() => sockets.size, PATIENT).toBe(0);
});

test("one that is opened while the others are drained is closed as well", async () => {
  const { open, sockets } = await serve({});
  const early = await open();
  sockets.drain();
  const late = await open();
  expect(await Promise.all([early.closed, late.closed])).toEqual([1001, 1001]);
});

test("bytes that are no frames end their connection and nothing else", async () => {
  const { open, sockets, port } = await serve({});
  const living = await open();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      const handshake = { connection: "upgrade", upgrade: "websocket", ...KEY };
      const request = http.get({ port, headers: handshake });
      const [, socket] = (await once(request, "upgrade")) as [unknown, Duplex];
      socket.on("error", () => {});
      socket.resume();
      socket.end(Buffer.from(bytes));
      await once(socket, "close");
    }),
    { numRuns: 60 },
  );
  await expect.poll(() => sockets.size, PATIENT).toBe(1);
  expect(living.client.readyState).toBe(Client.OPEN);
});

test("a principal has a bounded number of them", async () => {
  const { open, sockets } = await serve({});
  const clients = await Promise.all(
    Array.from({ length: limits.socketsPerPrincipalMax }, () => open()),
  );
  expect(() => sockets.checkRoom("somebody")).toThrow(GatewayError);
  expect(() => sockets.checkRoom("another")).not.toThrow();
  clients[0]?.client.close();
  await clients[0]?.closed;
  await expect.poll(() => sockets.size, PATIENT).toBe(limits.socketsPerPrincipalMax - 1);
  expect(() => sockets.checkRoom("somebody")).not.toThrow();
});
