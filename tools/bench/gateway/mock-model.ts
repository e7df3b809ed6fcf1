/**
 * The model behind every subject of the measurement: streams at a fixed pace and counts the ones that were
 * broken off. Runs as its own process: `node mock-model.ts PORT`. Whole answers come from nginx,
 * which is faster than any subject; streams need a clock, so they come from here.
 */
import http from "node:http";

/** Tokens of one stream, and the pause between two: 20 tokens a second as the goal names them. */
const HEADER_TOKENS = "x-bench-tokens";
const HEADER_PAUSE = "x-bench-pause-ms";

let streams = 0;
let aborted = 0;
let lastAbortMs = 0;

const port = Number(process.argv[2]);
const server = http.createServer((request, response) => {
  if (request.url === "/stats") {
    response.end(JSON.stringify({ streams, aborted, lastAbortMs }));
    return;
  }
  if (request.method !== "POST") {
    response.end(JSON.stringify({ object: "list", data: [] }));
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => answer(Buffer.concat(chunks).toString("utf8"), response));
});
server.keepAliveTimeout = 60_000;
server.listen(port, "127.0.0.1");

/** The subject passes no header of the caller on, so the wish travels in the body. */
function answer(body: string, response: http.ServerResponse): void {
  const wish = JSON.parse(body) as Record<string, unknown>;
  const tokens = Number(wish[HEADER_TOKENS] ?? 3);
  const pauseMs = Number(wish[HEADER_PAUSE] ?? 0);
  streams += 1;
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  let sent = 0;
  const usage = () => ({ prompt_tokens: 8, completion_tokens: sent, total_tokens: 8 + sent });
  const send = () => {
    sent += 1;
    // The time of sending travels with the token: receiver and sender share one clock.
    response.write(`data: ${event(` t${now()}`, sent === tokens ? "stop" : null, usage())}\n\n`);
    if (sent < tokens) return;
    clearInterval(timer);
    response.end("data: [DONE]\n\n");
  };
  const timer = setInterval(send, Math.max(1, pauseMs));
  response.once("close", () => {
    clearInterval(timer);
    if (sent >= tokens) return;
    aborted += 1;
    lastAbortMs = now();
  });
  send();
}

function event(content: string, finish: string | null, usage: object): string {
  return JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "bench",
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
    usage,
  });
}

/** Milliseconds since the epoch with fractions. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
