/**
 * Model servers that answer anything: a good answer split at every byte, bytes that are nearly one,
 * garbage, lengths that lie, headers and streams without an end. The caller gets a whole answer or
 * an error of ours, never a clean end of a broken one, and nothing stays behind.
 */
import net, { type AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  boot,
  endAll,
  eventsOf,
  type Harness,
  onEnd,
  simulate,
  testModel,
} from "./test-harness.ts";
import {
  type Answer,
  answersIn,
  expectIdle,
  expectOurs,
  RUNS_FACTOR,
  runs,
  speak,
} from "./test-wire.ts";

/** What the hostile server does with the next request. */
interface Script {
  readonly parts: readonly Buffer[];
  readonly last: "end" | "reset" | "hang" | "repeat";
}

/** Waits longer than a busy machine needs; the hasty one is for servers that never come to an end. */
let harness: Harness;
let hasty: Harness;
/** By the model that is asked for. */
const scripts = new Map<string, Script>();
/** Three faults eject a target, so that each call goes to a model of its own. */
const MODELS = 4_000 * RUNS_FACTOR;
let next = 0;

beforeAll(async () => {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const hostile = await listen();
  const models = Array.from({ length: MODELS }, (_, index) =>
    testModel([{ url: hostile }], { id: `m${index}` }),
  );
  const start = (env: Readonly<Record<string, string>>) =>
    boot({
      targets: [],
      models: [testModel([{ url }]), ...models],
      tiers: { service: { concurrency: 5_000 } },
      env: { GW_LOG_LEVEL: "silent", ...env },
    });
  harness = await start({});
  hasty = await start({ GW_ANSWER_TIMEOUT_MS: "1000", GW_STREAM_TIMEOUT_MS: "1500" });
});
afterAll(endAll);

/** Reads a request to its end, then plays the script; every connection serves once. */
async function listen(): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (end === -1 || text.length < end + 4 + length) return;
      const { model } = JSON.parse(text.slice(end + 4)) as { model: string };
      text = "";
      void play(socket, scripts.get(model) as Script);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function play(socket: net.Socket, { parts, last }: Script): Promise<void> {
  do {
    for (const part of parts) {
      if (socket.destroyed) return;
      if (!socket.write(part))
        await new Promise((done) => socket.once("drain", done).once("close", done));
      await new Promise((done) => setImmediate(done));
    }
  } while (last === "repeat" && !socket.destroyed);
  if (last === "end") socket.end();
  if (last === "reset") socket.resetAndDestroy();
}

async function ask(stream: boolean, script: Script, of = harness): Promise<Answer> {
  const model = `m${next++ % MODELS}`;
  scripts.set(model, script);
  const messages = [{ role: "user", content: "a" }];
  const body = JSON.stringify({ model, messages, stream, max_tokens: 4 });
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    "Host: gateway",
    `X-API-Key: ${of.key}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  const { bytes, closed } = await speak(of.gateway.port, [[...head, "", body].join("\r\n")]);
  expect(closed).toBe(true);
  const answers = answersIn(bytes);
  expect(answers.length).toBe(1);
  return answers[0] as Answer;
}

/** Some at once, so that a walk over every byte takes seconds. */
async function atEvery(places: readonly number[], work: (place: number) => Promise<void>) {
  const left = [...places];
  const worker = async () => {
    for (let place = left.pop(); place !== undefined; place = left.pop()) await work(place);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

const upTo = (end: number) => Array.from({ length: end }, (_, place) => place);

const TEXTS = ["", "量", " and 😀", " end"];
const chunkOf = (text: string, index: number) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "any",
  choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
  usage: { prompt_tokens: 3, completion_tokens: index, total_tokens: 3 + index },
});
const EVENTS = [
  ...TEXTS.map((text, index) => `data: ${JSON.stringify(chunkOf(text, index))}\n\n`),
  `data: ${JSON.stringify({ ...chunkOf("", 4), choices: [] })}\n\n`,
  "data: [DONE]\n\n",
];
const SSE_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const WHOLE_BODY = Buffer.from(
  JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "any",
    choices: [
      { index: 0, message: { role: "assistant", content: TEXTS.join("") }, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  }),
);
const WHOLE = Buffer.concat([
  Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${WHOLE_BODY.length}\r\n\r\n`,
  ),
  WHOLE_BODY,
]);
const chunked = (parts: readonly string[]) =>
  parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join("");
const STREAM = Buffer.from(
  `${SSE_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunked(EVENTS)}0\r\n\r\n`,
);

const textOf = (answer: Answer) =>
  eventsOf(answer.body)
    .map(
      (event) =>
        (event as { choices?: { delta: { content: string } }[] }).choices?.[0]?.delta.content ?? "",
    )
    .join("");

/** Whole and as it was, or an error of ours; a stream that broke says so last. */
function expectHonest(answer: Answer, stream: boolean): void {
  expectOurs(answer);
  if (answer.status !== 200) return;
  if (!stream) return void JSON.parse(answer.body);
  if (answer.body.endsWith("data: [DONE]\n\n")) return;
  const [, last = "null"] = /data: (\{.*\})\n\n$/.exec(answer.body) ?? [];
  expect(JSON.parse(last)).toMatchObject({ error: { code: expect.any(String) } });
}

describe("a good answer", () => {
  test("split at every byte is the same answer", async () => {
    await atEvery(upTo(STREAM.length), async (cut) => {
      const parts = [STREAM.subarray(0, cut), STREAM.subarray(cut)];
      const answer = await ask(true, { parts, last: "hang" });
      expect([cut, answer.status, textOf(answer)]).toEqual([cut, 200, TEXTS.join("")]);
      expect(answer.body.endsWith("data: [DONE]\n\n")).toBe(true);
    });
    await atEvery(upTo(WHOLE.length), async (cut) => {
      const parts = [WHOLE.subarray(0, cut), WHOLE.subarray(cut)];
      const answer = await ask(false, { parts, last: "hang" });
      expect([cut, answer.status, answer.body]).toEqual([cut, 200, WHOLE_BODY.toString()]);
    });
    await expectIdle(harness);
  });

  test("cut off after any byte is never a whole one", async () => {
    // The last chunk of the transfer is no part of what the caller is told.
    const told = STREAM.indexOf("data: [DONE]\n\n") + "data: [DONE]\n\n".length;
    await atEvery(upTo(told), async (cut) => {
      const last = cut % 2 === 0 ? "end" : "reset";
      const answer = await ask(true, { parts: [STREAM.subarray(0, cut)], last });
      expectHonest(answer, true);
      expect([cut, answer.body.includes("[DONE]")]).toEqual([cut, false]);
    });
    await atEvery(upTo(WHOLE.length), async (cut) => {
      const answer = await ask(false, { parts: [WHOLE.subarray(0, cut)], last: "end" });
      expectHonest(answer, false);
      expect([cut, answer.status >= 500]).toEqual([cut, true]);
    });
    await expectIdle(harness);
  });
});

describe("an answer that is none", () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
  const ends = fc.constantFrom<Script["last"]>("end", "reset");
  const damaged = (bytes: Buffer, changes: readonly (readonly [number, number])[]) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of changes) copy[at % copy.length] = byte;
    return copy;
  };

  test("with bytes changed anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(flips, fc.boolean(), ends, async (changes, stream, last) => {
        const parts = [damaged(stream ? STREAM : WHOLE, changes)];
        expectHonest(await ask(stream, { parts, last }), stream);
      }),
      runs(200),
    );
    await expectIdle(harness);
  });

  test("of events that are no events, under a right head", async () => {
    const event = fc.oneof(
      fc.json().map((text) => `data: ${text}\n\n`),
      fc.string({ unit: "binary", maxLength: 40 }).map((text) => `data: ${text}\n\n`),
      fc.constantFrom(
        "data:\n\n",
        ": a\n\n",
        "event: x\n\n",
        "\n\n",
        "data: {\n\n",
        "id: 1\ndata: 1\n\n",
      ),
      fc.constantFrom(
        'data: {"error":"at 10.0.0.7"}\n\n',
        'data: {"choices":7}\n\n',
        "data: null\n\n",
      ),
      fc.constantFrom(...EVENTS),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 8 }), fc.boolean(), async (events, whole) => {
        const text = `${SSE_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunked(events)}${whole ? "0\r\n\r\n" : ""}`;
        const answer = await ask(true, { parts: [Buffer.from(text)], last: "end" });
        expectHonest(answer, true);
        expect(answer.body).not.toContain("10.0.0.7");
      }),
      runs(200),
    );
    await expectIdle(harness);
  });

  test("of any JSON, any status, under a right head", async () => {
    const status = fc.constantFrom(
      100,
      101,
      200,
      201,
      204,
      301,
      302,
      304,
      400,
      401,
      404,
      413,
      422,
      429,
      500,
      503,
      599,
    );
    await fc.assert(
      fc.asyncProperty(fc.json(), status, fc.boolean(), async (json, code, stream) => {
        const head = `HTTP/1.1 ${code} X\r\nContent-Type: application/json\r\nLocation: http://10.0.0.7/\r\n`;
        const text = `${head}Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
        const answer = await ask(stream, { parts: [Buffer.from(text)], last: "end" });
        expectHonest(answer, stream);
        expect(JSON.stringify(answer)).not.toContain("10.0.0.7");
      }),
      runs(150),
    );
    await expectIdle(harness);
  });

  const LIES: Readonly<Record<string, Script>> = {
    "a length that is too long": {
      parts: [Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}")],
      last: "end",
    },
    "a length that is too short": {
      parts: [Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${WHOLE_BODY}`)],
      last: "end",
    },
    "two lengths": {
      parts: [
        Buffer.from(
          `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n${WHOLE_BODY}`,
        ),
      ],
      last: "end",
    },
    "headers without an end": {
      parts: [Buffer.from("HTTP/1.1 200 OK\r\n"), Buffer.from("X-A: b\r\n")],
      last: "repeat",
    },
    "one header without an end": { parts: [Buffer.from("X".repeat(10_000))], last: "repeat" },
    "informational answers without an end": {
      parts: [Buffer.from("HTTP/1.1 103 X\r\n\r\n")],
      last: "repeat",
    },
    "another protocol": { parts: [Buffer.from("SSH-2.0-OpenSSH_9\r\n")], last: "end" },
    "nothing at all": { parts: [], last: "end" },
    silence: { parts: [], last: "hang" },
    "a head and then silence": {
      parts: [Buffer.from(`${SSE_HEAD}Transfer-Encoding: chunked\r\n\r\n`)],
      last: "hang",
    },
  };

  test.each(Object.keys(LIES))("of %s", async (name) => {
    for (const stream of [false, true]) {
      const answer = await ask(stream, LIES[name] as Script, hasty);
      expectHonest(answer, stream);
      expect(answer.status).toBeGreaterThanOrEqual(500);
    }
    await expectIdle(hasty);
  });

  test("of events without an end: the stream's own time ends it", async () => {
    const head = Buffer.from(`${SSE_HEAD}Connection: close\r\n\r\n`);
    for (const endless of [EVENTS[1] ?? "", ": nothing\n\n", "data: [", "\n"]) {
      const parts = [head, Buffer.from(endless.repeat(200))];
      const answer = await ask(true, { parts, last: "repeat" }, hasty);
      expectHonest(answer, true);
      expect(answer.body).not.toContain("[DONE]");
    }
    await expectIdle(hasty);
  });
});
