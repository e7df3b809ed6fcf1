/**
 * Calls on a WebSocket, through the whole process, with the library's client and with Node's own:
 * the same chunks, quotas and records as over HTTP, and a connection that outlives none of its rights.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey } from "../src/base/api-key.ts";
import { SealedBox } from "../src/base/sealed-box.ts";
import { createAccessKey, sealSecret } from "../src/identity/access-key.ts";
import { signatureOf } from "../src/identity/signature.ts";
import {
  boot,
  CHAT,
  endAll,
  eventsOf,
  eventually,
  MODEL,
  onEnd,
  simulate,
  testKey,
} from "./test-harness.ts";
import {
  addressOf,
  call,
  connect,
  type Message,
  PATH,
  PROTOCOL,
  refusal,
  repeat,
} from "./test-socket.ts";

afterEach(endAll);

const ORIGIN = "https://app.example";
/** 16 bytes in base64, as a handshake has them. */
const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";

/** A model server played by hand. */
async function serve(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const textOf = (chunks: readonly unknown[]) =>
  chunks
    .map((chunk) => (chunk as { choices?: { delta?: { content?: string } }[] }).choices)
    .map((choices) => choices?.[0]?.delta?.content ?? "")
    .join("");

describe("calls", () => {
  test("bring the chunks that HTTP brings, are billed and recorded as those, one after the other", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url }] });
    const body = { max_tokens: 12, stream_options: { include_usage: true } };
    const http = eventsOf(
      await (await harness.post("/v1/streaming/chat", { ...CHAT, ...body })).text(),
    );
    const { socket, messages, ended } = await connect(harness, {}, [PROTOCOL]);
    expect(socket.protocol).toBe(PROTOCOL);
    for (const id of ["one", "two"]) {
      socket.send(call(id, body));
      await eventually(() => ended(id)?.type).toBe("done");
      const chunks = messages.filter((one) => one.id === id && one.type === "chunk");
      expect(textOf(chunks.map(({ data }) => data))).toBe(textOf(http));
      expect(chunks).toHaveLength(http.length);
      expect(chunks.at(-1)?.["data"]).toMatchObject({ usage: http.at(-1)?.["usage"] });
    }
    expect(ended("one")?.["headers"]).toMatchObject({
      "x-request-id": expect.any(String),
      "x-ratelimit-limit-requests": expect.anything(),
      "x-simulated": "true",
    });
    const rows = await harness.rows();
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.requestId)).size).toBe(3);
    const same = ({
      endpoint,
      principal,
      model,
      status,
      promptTokens,
      completionTokens,
    }: (typeof rows)[0]) => ({
      endpoint,
      principal,
      model,
      status,
      promptTokens,
      completionTokens,
    });
    expect(rows.map(same)).toEqual(Array(3).fill(same(rows[0] as (typeof rows)[0])));
  });

  test("of completions, and without an id; the body's own bytes reach the model server", async () => {
    let received = "";
    const url = await serve(async (request, response) => {
      for await (const part of request) received += part;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end('data: {"choices":[{"text":"账"}]}\n\n: a comment\n\ndata: [DONE]\n\n');
    });
    const harness = await boot({ targets: [{ url }] });
    const { socket, messages } = await connect(harness);
    socket.send(
      `{"type":"completions","body":{"model":"${MODEL}","prompt":"x","seed":12345678901234567890}}`,
    );
    await eventually(() => messages.length).toBe(2);
    expect(messages).toMatchObject([
      { type: "chunk", data: { choices: [{ text: "账" }] } },
      { type: "done" },
    ]);
    expect(messages[0]).not.toHaveProperty("id");
    expect(received).toContain('"seed":12345678901234567890');
    expect(received).toContain('"stream":true');
  });

  test("run beside each other up to a bound; a name serves one at a time", async () => {
    const { url, metric } = await simulate({ tokensPerSecond: 20 });
    const harness = await boot({ targets: [{ url }] });
    const { socket, messages, ended } = await connect(harness);
    const long = { max_tokens: 400, simulate: { tokens: 400 } };
    for (let index = 0; index < 16; index += 1) socket.send(call(`c${index}`, long));
    await eventually(() => metric(RUNNING)).toBe(16);
    socket.send(call("c3"));
    socket.send(call("too-many"));
    await eventually(() => ended("too-many")).toMatchObject({
      status: 429,
      error: { code: "concurrency_limit_exceeded" },
    });
    expect(ended("c3")).toMatchObject({ status: 400, error: { code: "invalid_request" } });
    // A cancelled one stops its model server and nobody else's.
    socket.send(JSON.stringify({ type: "cancel", id: "c3" }));
    await eventually(() => metric(RUNNING)).toBe(15);
    expect(messages).toContainEqual({ type: "cancelled", id: "c3" });
    const rows = await harness.rows();
    await eventually(
      async () => (await harness.rows()).filter((row) => row.error === "client_closed").length,
    ).toBe(1);
    expect(rows.length).toBe(16);
    // One that leaves stops them all.
    socket.terminate();
    await eventually(() => metric(RUNNING)).toBe(0);
  });

  test("that are refused or broken leave the connection as it was", async () => {
    const { url } = await simulate({ tokensPerSecond: 100 });
    const providers = { provider: "deepseek", model: "deepseek-chat" };
    const outside = {
      id: "outside",
      ownedBy: "x",
      contextLength: 4096,
      capabilities: ["chat"],
      targets: [providers],
    };
    const local = {
      id: MODEL,
      ownedBy: "x",
      contextLength: 4096,
      capabilities: ["chat"],
      targets: [{ url }],
    };
    const harness = await boot({
      targets: [],
      models: [local, outside],
      tiers: { service: { requestsPerMinute: 4 } },
    });
    const { socket, ended } = await connect(harness);
    const error = (id: string) => (ended(id)?.["error"] as { code?: string } | undefined)?.code;
    socket.send(call("broken", { simulate: { disconnectAfter: 3 } }));
    await eventually(() => error("broken")).toBe("stream_broken");
    expect(ended("broken")).not.toHaveProperty("status");
    socket.send(call("unknown", { model: "nobody" }));
    await eventually(() => error("unknown")).toBe("model_not_found");
    socket.send(call("secret", { model: "outside" }, { headers: { "x-data-class": "patient" } }));
    await eventually(() => error("secret")).toBe("residency_refused");
    socket.send(call("whole", { max_tokens: 2 }));
    await eventually(() => ended("whole")?.type).toBe("done");
    for (const id of ["a", "b", "c"]) socket.send(call(id, { max_tokens: 1 }));
    await eventually(() => ["a", "b", "c"].map(error)).toContain("rate_limit_exceeded");
    const refused = ["a", "b", "c"].map(ended).find((one) => one?.type === "error");
    expect(refused).toMatchObject({ status: 429, headers: { "retry-after": expect.anything() } });
  });
});

const RUNNING = `vllm:num_requests_running{model_name="${MODEL}",engine="0"}`;

describe("who may open one", () => {
  test("a caller with a credential, from no page or from one on the list", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url }], env: { GW_CORS_ORIGINS: ORIGIN } });
    const authorization = `Bearer ${harness.key}`;
    expect(await refusal(harness, {})).toEqual({ status: 401, code: "missing_api_key" });
    expect(await refusal(harness, { authorization: "Bearer sk-ds-x" })).toMatchObject({
      status: 401,
    });
    for (const origin of ["https://evil.example", "null", `${ORIGIN}.evil.example`]) {
      expect(await refusal(harness, { authorization, origin })).toEqual({
        status: 403,
        code: "origin_not_allowed",
      });
    }
    await connect(harness, { headers: { "x-api-key": harness.key, origin: ORIGIN } });
    expect(await harness.metric("gateway_sockets_open")).toBe(1);
    const bearer = `bearer.${harness.key}`;
    expect(await refusal(harness, { authorization }, [PROTOCOL, bearer])).toEqual({
      status: 401,
      code: "ambiguous_credentials",
    });
    expect(await refusal(harness, {}, [bearer])).toMatchObject({ status: 400 });
    for (const fault of [{ "sec-websocket-version": "7" }, { "sec-websocket-key": "x" }]) {
      const handshake = { "sec-websocket-version": "13", "sec-websocket-key": KEY, ...fault };
      const headers = { authorization, connection: "upgrade", upgrade: "websocket", ...handshake };
      const [response] = (await once(
        http.get(`${harness.base}${PATH}`, { headers }),
        "response",
      )) as [http.IncomingMessage];
      expect(response.statusCode).toBe(400);
      await once(response.resume(), "close");
    }
    const said = JSON.stringify(harness.logLines());
    expect(said).not.toContain(harness.key);
    expect(said).toContain(`"endpoint":"${PATH}"`);
  });

  test("Node's own WebSocket, with the credential among the subprotocols", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url }] });
    const socket = new WebSocket(addressOf(harness), [PROTOCOL, `bearer.${harness.key}`]);
    onEnd(() => socket.close());
    const messages: Message[] = [];
    socket.onmessage = ({ data }) => void messages.push(JSON.parse(data));
    socket.onopen = () => socket.send(call("a", { max_tokens: 3 }));
    await eventually(() => messages.at(-1)?.type).toBe("done");
    expect(socket.protocol).toBe(PROTOCOL);
  });

  test("without an upgrade it is 426, and other paths take none", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url }] });
    const headers = { authorization: `Bearer ${harness.key}` };
    const plain = await fetch(`${harness.base}${PATH}`, { headers });
    expect(plain.status).toBe(426);
    expect(plain.headers.get("upgrade")).toBe("websocket");
    expect(await plain.json()).toMatchObject({ error: { code: "upgrade_required" } });
    const upgrade = { ...headers, connection: "upgrade", upgrade: "websocket" };
    const request = http.get(`${harness.base}/v1/models`, { headers: upgrade });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  test("a signed GET, once; its access key is looked up again for every call", async () => {
    const { url } = await simulate();
    const box = `first:${Buffer.alloc(32, 7).toString("base64")}`;
    const key = createAccessKey();
    const sealedSecret = sealSecret(new SealedBox(box), key);
    const accessKeys = [
      { id: "signer", principal: "core", accessKey: key.accessKey, sealedSecret },
    ];
    const principals = [{ id: "core", kind: "service", tenant: "platform", tier: "service" }];
    const { write } = await boot({ targets: [{ url }] });
    const directory = write("directory.json", { principals, accessKeys });
    const env = { GW_DATA_KEY_FILE: write("data-keys", box), GW_DIRECTORY_FILE: directory };
    const harness = await boot({ targets: [{ url }], env });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const nonce = randomUUID();
    const signed = { method: "GET", path: PATH, timestamp, nonce, body: Buffer.alloc(0) };
    const headers = {
      "x-ds-accesskey": key.accessKey,
      "x-ds-timestamp": timestamp,
      "x-ds-nonce": nonce,
      "x-ds-signature": signatureOf(Buffer.from(key.secret), signed).toString("hex"),
    };
    const { socket, ended } = await connect(harness, { headers });
    socket.send(call("a", { max_tokens: 2 }));
    await eventually(() => ended("a")?.type).toBe("done");
    expect(await refusal(harness, headers)).toMatchObject({ code: "signature_repeated" });
    write("directory.json", { principals, accessKeys: [] });
    await eventually(repeat(socket, ended)).toContain("invalid_signature");
  });

  test("a revoked key is refused on a connection that it opened", async () => {
    const { url } = await simulate();
    const key = createApiKey();
    const harness = await boot({ targets: [{ url }], keys: [testKey(key, { id: "second" })] });
    const { socket, ended } = await connect(harness, { headers: { "x-api-key": key } });
    socket.send(call("a", { max_tokens: 2 }));
    await eventually(() => ended("a")?.type).toBe("done");
    harness.write("keys.json", { keys: [testKey(harness.key)] });
    await eventually(repeat(socket, ended)).toContain("invalid_api_key");
  });
});

describe("bounds", () => {
  test("a message that is too large, is binary or makes no sense", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url }] });
    const large = await connect(harness);
    large.socket.send(call("x", { padding: "x".repeat(2 * 1024 * 1024) }));
    expect(await large.closed).toBe(1009);
    const { socket, messages, closed } = await connect(harness);
    socket.send(Buffer.from(call("x")), { binary: true });
    socket.send("{");
    socket.send('{"type":"embeddings","body":{}}');
    socket.send('{"type":"cancel","id":"nobody"}');
    socket.send('{"type":"chat.completions","body":{},"body":{}}');
    await eventually(() => messages.map(({ error }) => (error as { code: string }).code)).toEqual([
      "invalid_request",
      "invalid_json",
      "invalid_request",
      "invalid_request",
    ]);
    for (let count = 0; count < 20; count += 1) socket.send("[]");
    expect(await closed).toBe(1008);
  });

  test("a caller that does not read holds the model server back", async () => {
    let sent = 0;
    const total = 64 * 1024 * 1024;
    const url = await serve((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "text/event-stream" });
      const event = `data: ${JSON.stringify({ choices: [{ delta: { content: "x".repeat(16_384) } }] })}\n\n`;
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
    const { socket, ended, messages } = await connect(harness);
    socket.pause();
    socket.send(call("slow"));
    // What stands still for half a second is held back, not slow.
    for (let last = -1; sent === 0 || sent !== last; ) {
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(sent).toBeLessThan(total / 2);
    socket.resume();
    await eventually(() => ended("slow")?.type).toBe("done");
    expect(messages.length).toBe(Math.ceil(total / (sent / (messages.length - 1))) + 1);
  });
});

describe("stopping", () => {
  test("a call that runs ends whole, an idle connection at once, both with 1001", async () => {
    const { url } = await simulate({ tokensPerSecond: 50 });
    const harness = await boot({ targets: [{ url }] });
    const idle = await connect(harness);
    const { socket, closed, ended, messages } = await connect(harness);
    socket.send(call("last", { simulate: { tokens: 100 } }));
    await eventually(() => messages.length).toBeGreaterThan(2);
    const stopped = harness.gateway.stop();
    expect(await idle.closed).toBe(1001);
    socket.send(call("late"));
    await eventually(() => ended("late")).toMatchObject({ error: { code: "not_ready" } });
    expect(await closed).toBe(1001);
    expect(ended("last")?.type).toBe("done");
    expect(await stopped).toBe(0);
  });
});
