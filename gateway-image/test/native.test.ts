/** The native API: envelopes, conversations and streams, and the project's own client against it. */
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { ApiError, Client } from "../../sdk/typescript/client.ts";
import { SealedBox } from "../src/base/sealed-box.ts";
import { createAccessKey, sealSecret } from "../src/identity/access-key.ts";
import { limits } from "../src/limits.ts";
import { bounded, type Message } from "../src/native/contexts.ts";
import { boot, endAll, MODEL, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const dataKeys = `test:${randomBytes(32).toString("base64")}\n`;

async function start() {
  const { url, metric } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const { writeFileSync } = await import("node:fs");
  const file = `${temporaryFolder()}/data-key`;
  writeFileSync(file, dataKeys);
  const box = new SealedBox(dataKeys);
  const keys = [createAccessKey(), createAccessKey()];
  const names = ["core", "other"];
  const harness = await boot({
    targets: [{ url }],
    env: { GW_DATA_KEY_FILE: file },
    directory: {
      tenants: [{ id: "bank", name: "A bank" }],
      principals: names.map((id) => ({ id, kind: "service", tenant: "bank", tier: "service" })),
      accessKeys: keys.map((key, index) => ({
        id: `${names[index]}-key`,
        principal: names[index],
        accessKey: key.accessKey,
        sealedSecret: sealSecret(box, key),
      })),
    },
  });
  const client = (index: number) => {
    const { accessKey = "", secret: secretKey = "" } = keys[index] ?? {};
    return new Client({ accessKey, secretKey, endpoint: `${harness.base}/v1` });
  };
  return { harness, client, metric };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 0,
    (error: unknown) => (error instanceof ApiError ? error.code : -1),
  );

describe("the native API", () => {
  test("a conversation goes on by its context_id, and the model sees what was said", async () => {
    const { client } = await start();
    const { chat } = client(0);
    const first = await chat.complete({ model: MODEL, prompt: "解释量子计算原理", maxTokens: 5 });
    expect(first).toMatchObject({
      code: 0,
      message: "ok",
      data: { usage: { completion_tokens: 5 } },
    });
    const { context_id: contextId } = first.data;
    const second = await chat.complete({ model: MODEL, prompt: "它的实际应用有哪些？", contextId });
    expect(second.data.context_id).toBe(contextId);
    // Three messages instead of one: the prompt has grown by the first turn.
    expect(second.data.usage?.prompt_tokens).toBeGreaterThan(
      (first.data.usage?.prompt_tokens ?? 0) + 5,
    );
  });

  test("the next turn finds the last one, however slow the store is, whole or streamed", async () => {
    const { harness, client } = await start();
    const { shared } = harness.gateway.parts;
    const set = shared.set.bind(shared);
    shared.set = async (...entry) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await set(...entry);
    };
    const { chat } = client(0);
    const turn = { model: MODEL, prompt: "And then?", maxTokens: 4 };
    const first = await chat.complete(turn);
    const { context_id: contextId } = first.data;
    for await (const _ of chat.streamComplete({ ...turn, contextId }));
    const third = await chat.complete({ ...turn, contextId });
    const fourth = await chat.complete({ ...turn, contextId });
    const sizes = [first, third, fourth].map(({ data }) => data.usage?.prompt_tokens ?? 0);
    const [alone = 0, afterTwo = 0, afterThree = 0] = sizes;
    const perTurn = afterThree - afterTwo;
    expect(perTurn).toBeGreaterThan(0);
    // Two former turns, the streamed one among them.
    expect(afterTwo - alone).toBeGreaterThan(perTurn);
  });

  test("a stream is the whole answer in pieces, and the last piece has the usage", async () => {
    const { client, harness } = await start();
    const { chat } = client(0);
    const whole = await chat.complete({ model: MODEL, prompt: "Write a sort" });
    let text = "";
    let usage: unknown;
    let contextId: string | null = null;
    for await (const piece of chat.streamComplete({ model: MODEL, prompt: "Write a sort" })) {
      text += piece.data.text;
      usage = piece.data.usage ?? usage;
      contextId = piece.data.context_id;
    }
    expect(text).toBe(whole.data.text);
    expect(usage).toEqual(whole.data.usage);
    // The streamed answer is part of the conversation too.
    const next = await chat.complete({ model: MODEL, prompt: "And then?", contextId });
    expect(next.data.usage?.prompt_tokens).toBeGreaterThan(20);
    const rows = await harness.rows();
    expect(rows.map((row) => [row.endpoint, row.streamed])).toEqual([
      ["/v1/chat/complete", false],
      ["/v1/chat/complete", true],
      ["/v1/chat/complete", false],
    ]);
  });

  test("nobody else's context can be gone on with, read or deleted", async () => {
    const { client, harness } = await start();
    const mine = await client(0).chat.complete({ model: MODEL, prompt: "hello" });
    const contextId = mine.data.context_id;
    const request = { model: MODEL, prompt: "and?", contextId };
    expect(await code(client(1).chat.complete(request))).toBe(40402);
    const foreign = await fetch(`${harness.base}/v1/chat/contexts/${contextId}`, {
      method: "DELETE",
      headers: { "x-api-key": harness.key },
    });
    expect([foreign.status, await foreign.json()]).toMatchObject([
      404,
      { code: 40402, data: null },
    ]);
    expect(await code(client(0).chat.complete(request))).toBe(0);
  });

  test("errors are envelopes with native codes", async () => {
    const { client, harness } = await start();
    expect(await code(client(0).chat.complete({ model: "no-such", prompt: "x" }))).toBe(40401);
    const answer = await harness.post("/v1/chat/complete", { model_id: MODEL });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 40002, data: null }]);
    const both = { model: MODEL, model_id: MODEL, prompt: "x" };
    expect(await (await harness.post("/v1/chat/complete", both)).json()).toMatchObject({
      code: 40002,
    });
    const named = await harness.post("/v1/chat/complete", { model_id: MODEL, prompt: "x" });
    expect(await named.json()).toMatchObject({ code: 0 });
  });

  test("a context that was deleted is gone", async () => {
    const { harness } = await start();
    const post = (body: object) => harness.post("/v1/chat/complete", { model: MODEL, ...body });
    const first = (await (await post({ prompt: "x" })).json()) as { data: { context_id: string } };
    const url = `${harness.base}/v1/chat/contexts/${first.data.context_id}`;
    const headers = { "x-api-key": harness.key };
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(200);
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(404);
    const gone = await post({ prompt: "x", context_id: first.data.context_id });
    expect(gone.status).toBe(404);
  });
});

test("the oldest turns go first, in pairs, by number and by size", () => {
  const turn = (content: string): Message[] => [
    { role: "user", content },
    { role: "assistant", content },
  ];
  const many = Array.from({ length: limits.contextTurnsMax + 5 }, (_, at) => turn(`${at}`)).flat();
  expect(bounded(many)).toHaveLength(2 * limits.contextTurnsMax);
  expect(bounded(many)[0]).toEqual({ role: "user", content: "5" });
  const big = "x".repeat(limits.contextBytesMax / 4);
  expect(bounded([...turn(big), ...turn(big), ...turn("small")])).toHaveLength(4);
  expect(bounded(turn("x".repeat(limits.contextBytesMax * 2)))).toHaveLength(2);
});
