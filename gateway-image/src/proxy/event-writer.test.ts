/** What goes over the wire: chunks that a parser of HTTP takes, or plain bytes where there are none. */
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EventWriter } from "./event-writer.ts";

let server: http.Server;
let port: number;
beforeEach(async () => {
  server = http.createServer((_request, response) => {
    const writer = new EventWriter(response);
    writer.write([Buffer.from("data: ü\n\n"), Buffer.from("data: b\n\n")]);
    setImmediate(() => {
      writer.write([Buffer.from("data: c\n\n")]);
      writer.end("data: [DONE]\n\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterEach(() => void server.close());

const EVENTS = "data: ü\n\ndata: b\n\ndata: c\n\ndata: [DONE]\n\n";

test("a client reads the events, and the connection serves the next call", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ports: (number | undefined)[] = [];
  for (let call = 0; call < 2; call += 1) {
    const request = http.get({ host: "127.0.0.1", port, agent });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    ports.push(response.socket.localPort);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(EVENTS);
    expect(response.complete).toBe(true);
  }
  agent.destroy();
  expect(ports[0]).toBe(ports[1]);
});

test("a chunk is what was written at once", async () => {
  const wire = await talk("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  expect(wire.match(/transfer-encoding: chunked/gi)).toHaveLength(1);
  expect(wire.slice(wire.indexOf("\r\n\r\n") + 4)).toBe(
    "13\r\ndata: ü\n\ndata: b\n\n\r\n9\r\ndata: c\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
  );
});

test("a caller of HTTP/1.0 gets bytes without frames", async () => {
  const wire = await talk("GET / HTTP/1.0\r\nhost: a\r\n\r\n");
  expect(wire).not.toMatch(/transfer-encoding/i);
  expect(wire.slice(wire.indexOf("\r\n\r\n") + 4)).toBe(EVENTS);
});

test("two calls that come together are answered one after the other", async () => {
  const call = "GET / HTTP/1.1\r\nhost: a\r\n";
  const wire = await talk(`${call}\r\n${call}connection: close\r\n\r\n`);
  expect(wire.match(/^0\r\n\r\n/gm)).toHaveLength(2);
  expect(wire.match(/^data: \[DONE\]/gm)).toHaveLength(2);
});

async function talk(words: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(words);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
