/** Word lists over HTTP: what is refused, masked and recorded, on the way in and on the way out. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { boot, CHAT, endAll, eventsOf, eventually, MODEL, onEnd } from "./test-harness.ts";

afterEach(endAll);

interface Scripted {
  readonly url: string;
  readonly bodies: Record<string, unknown>[];
  /** Answers whose connection was closed before their end. */
  left: number;
}

/** Says the pieces, one event each, and then waits for ever where `hangs`. */
async function scripted(pieces: readonly string[], hangs = false): Promise<Scripted> {
  const seen: Scripted = { url: "", bodies: [], left: 0 };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    seen.bodies.push(body);
    response.on("close", () => {
      if (!response.writableFinished) seen.left += 1;
    });
    const head = { id: "x", created: 1, model: MODEL };
    const usage = { prompt_tokens: 3, completion_tokens: pieces.length, total_tokens: 9 };
    if (body.stream !== true) {
      const message = { role: "assistant", content: pieces.join("") };
      const choices = [{ index: 0, message, finish_reason: "stop" }];
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ ...head, object: "chat.completion", choices, usage }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (choice: object) => {
      const event = { ...head, object: "chat.completion.chunk", choices: [choice], usage };
      // Byte by byte, so that characters arrive in pieces.
      for (const byte of Buffer.from(`data: ${JSON.stringify(event)}\n\n`)) {
        response.write(Buffer.of(byte));
      }
    };
    for (const content of pieces) send({ index: 0, delta: { content }, finish_reason: null });
    if (hangs) return;
    send({ index: 0, delta: {}, finish_reason: "stop" });
    response.end("data: [DONE]\n\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(seen, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function list(mode: string, words: readonly string[], change: object = {}) {
  return { wordLists: [{ id: `${mode}-list`, words, mode, ...change }] };
}

const says = (content: string) => ({ messages: [{ role: "user", content }] });
const textOf = (text: string) =>
  eventsOf(text)
    .map(
      (event) =>
        (event as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content,
    )
    .join("");

describe("what is asked", () => {
  test("with a blocked word is refused: nothing is sent, nothing is billed, all is recorded", async () => {
    const upstream = await scripted(["hi"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["敏感词"]),
    });
    const refused = await harness.chat(says("这是敏\u200b感詞吗"));
    expect(refused.status).toBe(400);
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe("content_filtered");
    expect(error.message).not.toContain("敏感");
    expect(upstream.bodies).toEqual([]);
    expect(await harness.rows()).toMatchObject([{ error: "content_filtered", costMicros: 0 }]);
    const found = 'gateway_filter_verdicts_total{direction="input",mode="block"}';
    expect(await harness.metric(found)).toBe(1);
    const [line] = harness.logLines().filter((one) => one.error === "content_filtered");
    expect(line).toMatchObject({
      filter: [{ list: "block-list", mode: "block", direction: "input", count: 1 }],
    });
  });

  test.each([
    ["parts", { messages: [{ role: "user", content: [{ type: "text", text: "bad" }] }] }],
    [
      "a call's arguments",
      {
        messages: [
          {
            role: "assistant",
            tool_calls: [{ id: "c", function: { name: "f", arguments: "bad" } }],
          },
        ],
      },
    ],
  ])("is looked at in %s too", async (_name, change) => {
    const upstream = await scripted(["hi"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["bad"]),
    });
    expect((await harness.chat(change)).status).toBe(400);
  });

  test.each([
    ["/v1/completions", { model: MODEL, prompt: ["fine", "bad"] }],
    ["/v1/embeddings", { model: MODEL, input: "bad" }],
  ])("is looked at on %s", async (path, body) => {
    const upstream = await scripted(["hi"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["bad"]),
    });
    expect((await harness.post(path, body)).status).toBe(400);
  });

  test("is masked on its way up, and everything else stays as it was", async () => {
    const upstream = await scripted(["hi"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("mask", ["secret"]),
    });
    const call = { ...says("my Secret"), seed: 12345678901234567890n.toString(), temperature: 0.5 };
    expect((await harness.chat(call)).status).toBe(200);
    expect(upstream.bodies).toMatchObject([{ ...call, ...says("my ******") }]);
  });

  test("of another tenant, or on another model, is no business of a list", async () => {
    const upstream = await scripted(["bad"]);
    const about = [
      { tenants: ["hospital"] },
      { models: ["other"] },
      { direction: "output", models: ["x"] },
    ];
    for (const change of about) {
      const directory = list("block", ["bad"], change);
      const harness = await boot({ targets: [{ url: upstream.url }], directory });
      expect((await harness.chat(says("bad"))).status).toBe(200);
    }
  });
});

describe("what is answered", () => {
  const output = { direction: "output" };

  test("is masked across events, and the bytes of a character may come apart", async () => {
    const upstream = await scripted(["国", "家机", "密文", "件, ok"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("mask", ["機密"], output),
    });
    const answer = await harness.chat({ stream: true });
    const text = await answer.text();
    expect(textOf(text)).toBe("国家**文件, ok");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("ends at a blocked word; the model server is stopped, and what it made is paid for", async () => {
    const upstream = await scripted(["fine, ", "then b", "ad"], true);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["bad"], output),
    });
    const answer = await harness.chat({ stream: true, stream_options: { include_usage: true } });
    const text = await answer.text();
    expect(textOf(text)).toBe("fine, then ");
    expect(text).toContain('"finish_reason":"content_filter"');
    expect(text).toContain('"usage":{"prompt_tokens":3,"completion_tokens":3,"total_tokens":6}');
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    await eventually(() => upstream.left).toBe(1);
    expect(await harness.rows()).toMatchObject([{ status: "success", completionTokens: 3 }]);
  });

  test("whole, with a blocked word, says nothing of it", async () => {
    const upstream = await scripted(["so ", "bad"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["bad"], output),
    });
    const answer = await (await harness.chat()).json();
    expect(answer).toMatchObject({
      choices: [{ message: { content: "" }, finish_reason: "content_filter" }],
      usage: { completion_tokens: 2 },
    });
  });

  test("of the native API and of a risk decision is looked at as well", async () => {
    const upstream = await scripted(["appr", "ove"]);
    const harness = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["approve"], output),
    });
    const native = await harness.post("/v1/chat/complete", { model: MODEL, prompt: "?" });
    expect(await native.json()).toMatchObject({ data: { text: "" } });
    const risk = await harness.post("/v1/risk/decisions", { model: MODEL, transaction: { a: 1 } });
    expect(await risk.json()).toMatchObject({ decision: "review" });
  });

  test("passes byte for byte where no list is about it", async () => {
    const upstream = await scripted(["bad"]);
    const plain = await boot({ targets: [{ url: upstream.url }] });
    const listed = await boot({
      targets: [{ url: upstream.url }],
      directory: list("block", ["bad"], { direction: "input" }),
    });
    const texts = [plain, listed].map(async (one) =>
      (await one.chat({ ...CHAT, stream: true })).text(),
    );
    const [first, second] = await Promise.all(texts);
    expect(second).toBe(first);
  });
});
