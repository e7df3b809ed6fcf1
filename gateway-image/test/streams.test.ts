/**
 * Streams through the whole process: what each end sees when the other one leaves, breaks, stalls
 * or reads slowly. Assertions are on order and counts, not on time.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  boot,
  CHAT,
  endAll,
  eventsOf,
  eventually,
  MODEL,
  onEnd,
  simulate,
} from "./test-harness.ts";

afterEach(endAll);

const RUNNING = `vllm:num_requests_running{model_name="${MODEL}",engine="0"}`;
const ABORTED = `simulated_requests_left_total{model_name="${MODEL}",engine="0"}`;
const counted = (status: string, code: number) =>
  `api_requests_total{endpoint="/v1/chat/completions",model="${MODEL}",status="${status}",code="${code}",user="first"}`;

const LONG = { max_tokens: 400, simulate: { tokens: 400 } };

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, text: string) => void;

/** A model server played by hand. */
async function serve(handler: Handler): Promise<string> {
  const server = http.createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    handler(request, response, text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const chunk = (text: string) =>
  `data: ${JSON.stringify({ model: MODEL, choices: [{ delta: { content: text } }] })}\n\n`;

describe("a client that leaves", () => {
  test("stops the model server at once and pays for what was produced", async () => {
    const { url, metric } = await simulate({ tokensPerSecond: 20 });
    const harness = await boot({ targets: [{ url }] });
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    const init = { headers, signal: leaving.signal };
    const response = await harness.chat({ ...LONG, stream: true }, init);
    const reader = response.body?.getReader();
    for (let count = 0; count < 3; count += 1) await reader?.read();
    expect(await metric(RUNNING)).toBe(1);
    leaving.abort();
    await eventually(() => metric(RUNNING)).toBe(0);
    expect(await metric(ABORTED)).toBe(1);
    await eventually(() => harness.metric(counted("client_error", 499))).toBe(1);
    const [row] = await harness.rows();
    expect(row).toMatchObject({ state: "settled", error: "client_closed", promptTokens: 8 });
    expect(row).toMatchObject({ usageSource: "reported", status: "client_error" });
    expect(row?.completionTokens).toBeGreaterThan(0);
    expect(row?.completionTokens).toBeLessThan(LONG.max_tokens);
  });

  test("before the first token also stops the model server", async () => {
    const { url, metric } = await simulate({ ttftMs: 60_000 });
    const harness = await boot({ targets: [{ url }] });
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    const pending = harness.chat({}, { headers, signal: leaving.signal });
    await eventually(() => metric(RUNNING)).toBe(1);
    expect(await harness.metric(`api_queue_length{model="${MODEL}"}`)).toBe(1);
    leaving.abort();
    await expect(pending).rejects.toThrow();
    await eventually(() => metric(RUNNING)).toBe(0);
    expect(await harness.metric(`api_queue_length{model="${MODEL}"}`)).toBe(0);
  });
});

describe("a model server that dies in the middle", () => {
  test("ends in an error event, never in [DONE], and counts as an error despite 200", async () => {
    const { url } = await simulate({ tokensPerSecond: 100 });
    const harness = await boot({ targets: [{ url }] });
    const response = await harness.chat({ stream: true, simulate: { disconnectAfter: 5 } });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).not.toContain("[DONE]");
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { code: "stream_broken" } });
    expect(await harness.metric(counted("error", 200))).toBe(1);
    const [row] = await harness.rows();
    // What the caller has received is what it pays for; the first event carries the role only.
    const received = eventsOf(text).filter((event) => "choices" in event).length - 1;
    expect(row).toMatchObject({ status: "error", httpStatus: 200, completionTokens: received });
  });

  test("is the same for one that ends politely but too early, and for its own error event", async () => {
    const early = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).end(chunk("a"));
    });
    const confessing = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`${chunk("a")}data: {"error":{"message":"at 10.0.0.7"}}\n\ndata: [DONE]\n\n`);
    });
    for (const url of [early, confessing]) {
      const harness = await boot({ targets: [{ url }] });
      const text = await (await harness.chat({ stream: true })).text();
      expect(text).not.toContain("[DONE]");
      expect(text).not.toContain("10.0.0.7");
      expect(eventsOf(text).at(-1)).toMatchObject({ error: { code: "stream_broken" } });
    }
  });

  test("before its first event gives a status, not a broken stream", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      setTimeout(() => response.destroy(), 20);
    });
    const harness = await boot({ targets: [{ url }] });
    const response = await harness.chat({ stream: true });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: "stream_broken" } });
  });

  test("that calls the request wrong only after status 200 is well: the caller has erred", async () => {
    let asked = 0;
    // As a real vLLM says it of a schema that it cannot compile.
    const error = { message: "Grammar error: Invalid type: bad", param: null, code: 400 };
    const url = await serve((_request, response) => {
      asked += 1;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify({ error })}\n\ndata: [DONE]\n\n`);
    });
    const harness = await boot({ targets: [{ url }] });
    // More often than would eject a server that fails.
    for (let count = 1; count <= 5; count += 1) {
      const response = await harness.chat({ stream: true });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { code: "rejected_by_model", message: error.message },
      });
      expect(asked).toBe(count);
    }
    expect(await harness.metric(counted("client_error", 400))).toBe(5);
    const faults = `gateway_upstream_faults_total{model="${MODEL}",reason="broken"}`;
    expect(await harness.metric(faults)).toBeUndefined();
  });

  test("a stall longer than the answer's time-out breaks the stream", async () => {
    const { url, metric } = await simulate({ tokensPerSecond: 100 });
    const harness = await boot({ targets: [{ url }], env: { GW_ANSWER_TIMEOUT_MS: "1000" } });
    const stall = { stallAfter: 2, stallMs: 60_000 };
    const text = await (await harness.chat({ stream: true, simulate: stall })).text();
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { code: "stream_broken" } });
    await eventually(() => metric(RUNNING)).toBe(0);
  });

  test("a stream beyond its longest time is ended with an error event", async () => {
    const { url } = await simulate({ tokensPerSecond: 20 });
    const env = { GW_STREAM_TIMEOUT_MS: "1000", GW_ANSWER_TIMEOUT_MS: "1000" };
    const harness = await boot({ targets: [{ url }], env });
    const text = await (await harness.chat({ stream: true, simulate: { tokens: 500 } })).text();
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { code: "stream_timeout" } });
  });
});

describe("back-pressure", () => {
  test("a client that does not read stops the reading upstream", async () => {
    let sent = 0;
    const total = 64 * 1024 * 1024;
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const event = chunk("x".repeat(16 * 1024));
      const push = () => {
        while (sent < total) {
          sent += event.length;
          if (!response.write(event)) return void response.once("drain", push);
        }
        response.end("data: [DONE]\n\n");
      };
      push();
    });
    const harness = await boot({ targets: [{ url }] });
    const body = JSON.stringify({ ...CHAT, stream: true });
    const socket = net.connect(Number(new URL(harness.base).port), "127.0.0.1");
    onEnd(() => socket.destroy());
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    // What stands still for half a second is held back, not slow.
    for (let last = -1; sent === 0 || sent !== last; ) {
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(sent).toBeLessThan(total / 2);
    let received = 0;
    let tail = "";
    socket.on("data", (data: Buffer) => {
      received += data.length;
      tail = (tail + data.toString("latin1")).slice(-64);
    });
    socket.resume();
    await eventually(() => tail).toContain("data: [DONE]");
    expect(received).toBeGreaterThan(total);
  });
});

describe("bytes", () => {
  test("an answer cut at every byte, even inside a character, arrives whole", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const bytes = Buffer.from(`${chunk("账本")}: note\n\n${chunk("é😀")}data: [DONE]\n\n`);
      let at = 0;
      const next = () => {
        if (at >= bytes.length) return void response.end();
        response.write(bytes.subarray(at, at + 1));
        at += 1;
        setImmediate(next);
      };
      next();
    });
    const harness = await boot({ targets: [{ url }] });
    const text = await (await harness.chat({ stream: true })).text();
    expect(text).toBe(`${chunk("账本")}: note\n\n${chunk("é😀")}data: [DONE]\n\n`);
  });

  test("the body reaches the server as it came, but for the limit, the salt and the usage options", async () => {
    let received = "";
    let authorization: string | undefined = "none";
    const url = await serve((request, response, text) => {
      received = text;
      authorization = request.headers.authorization;
      response.writeHead(200, { "content-type": "text/event-stream" }).end("data: [DONE]\n\n");
    });
    const harness = await boot({ targets: [{ url }] });
    const body = `{ "model":"${MODEL}", "seed":12345678901234567890, "stream":true,\n"messages":[{"role":"user","content":"x"}], "unknown":{"a":[1.0]} }`;
    const headers = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    await (
      await fetch(`${harness.base}/v1/chat/completions`, { method: "POST", headers, body })
    ).text();
    expect(received.replace(/"cache_salt":"[\w-]{43}"/, '"cache_salt":"…"')).toBe(
      `{"max_tokens":512,"cache_salt":"…","stream_options":{"include_usage":true,"continuous_usage_stats":true},` +
        `"model":"${MODEL}","seed":12345678901234567890,"stream":true,` +
        `"messages":[{"role":"user","content":"x"}],"unknown":{"a":[1.0]}}`,
    );
    expect(authorization).toBeUndefined();
  });
});
