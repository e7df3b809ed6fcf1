/** Bodies that come slowly, break off or are too long without having said so. */
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createContext } from "../context.ts";
import { OTHER } from "../endpoints.ts";
import { readBody } from "./read-body.ts";

function start(bounds: { bytesMax: number; timeoutMs: number }) {
  const stream = new PassThrough();
  const request = Object.assign(stream, { headers: { "content-type": "application/json" } });
  const context = createContext({
    request: request as unknown as IncomingMessage,
    response: new EventEmitter() as unknown as ServerResponse,
    endpoint: OTHER,
    wallMs: 0,
    monotonicMs: 0,
  });
  const result = readBody(undefined, bounds)(context, async () => {}).then(() =>
    context.body.toString(),
  );
  return { stream, result };
}

test("parts are joined", async () => {
  const { stream, result } = start({ bytesMax: 10, timeoutMs: 10_000 });
  stream.write("ab");
  stream.end("cd");
  expect(await result).toBe("abcd");
});

test("more bytes than allowed are refused, though no length was given", async () => {
  const { stream, result } = start({ bytesMax: 3, timeoutMs: 10_000 });
  stream.write("abcd");
  await expect(result).rejects.toMatchObject({ code: "body_too_large" });
});

test("a body that does not end in its time is refused", async () => {
  const { stream, result } = start({ bytesMax: 10, timeoutMs: 20 });
  stream.write("a");
  await expect(result).rejects.toMatchObject({ code: "body_timeout" });
});

test("a client that breaks off is gone", async () => {
  const { stream, result } = start({ bytesMax: 10, timeoutMs: 10_000 });
  stream.write("a");
  stream.destroy();
  await expect(result).rejects.toMatchObject({ code: "client_closed" });
});
