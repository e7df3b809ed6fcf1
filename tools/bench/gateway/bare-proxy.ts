/**
 * The baseline in Node: reads the body, parses it, sends it on through one pool, pipes the answer
 * back, and stops the upstream when the client leaves. Nothing else: no identity, no quota, no
 * record. Runs as its own process: `node bare-proxy.ts PORT UPSTREAM_ORIGIN STREAM_ORIGIN`.
 */
import http from "node:http";
import { pipeline } from "node:stream/promises";
import { type Dispatcher, Pool } from "undici";

const [port, wholeOrigin = "", streamOrigin = ""] = process.argv.slice(2);
const options = { connections: 512, pipelining: 1 };
const whole = new Pool(wholeOrigin, options);
const streamed = new Pool(streamOrigin, options);

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => forward(Buffer.concat(chunks), request, response));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), "127.0.0.1");

function forward(body: Buffer, request: http.IncomingMessage, response: http.ServerResponse): void {
  const { stream } = JSON.parse(body.toString("utf8")) as { stream?: boolean };
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const headers = { "content-type": "application/json" };
  const call = { method: "POST" as const, path: request.url ?? "/", headers, body };
  relay(stream === true ? streamed : whole, { ...call, signal: gone.signal }, response).catch(() =>
    response.destroy(),
  );
}

async function relay(
  pool: Pool,
  call: Dispatcher.RequestOptions,
  response: http.ServerResponse,
): Promise<void> {
  const { statusCode, headers, body } = await pool.request(call);
  response.writeHead(statusCode, { "content-type": String(headers["content-type"]) });
  await pipeline(body, response);
}
