/**
 * Every client plays the same script against one server that checks each signature and answers as
 * the gateway's native API does; what each prints must be the same. C# has no runtime here: its
 * client is not among them.
 */
import { spawnSync } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOrThrow } from "../tools/base/process.ts";

const ACCESS_KEY = "AK0123456789abcdefghij";
const SECRET_KEY = "a secret for this test";
const here = import.meta.dirname;
const folder = mkdtempSync(path.join(tmpdir(), "sdk-test-"));
const seenNonces = new Set<string>();
const bodies: Record<string, unknown>[] = [];
let busyLeft = 2;
const server = http.createServer((request, response) => void handle(request, response));
let endpoint = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const send = (status: number, code: number, data: unknown, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ code, message: code === 0 ? "ok" : "refused", data }));
  };
  if (!isSigned(request, bytes)) return send(401, 40101, null);
  const body = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
  bodies.push(body);
  const prompt = String(body.prompt);
  if (body.stream === true) return stream(prompt, response);
  if (prompt === "always busy") return send(429, 42901, null, { "retry-after": "1" });
  if (prompt === "busy twice" && busyLeft > 0) {
    busyLeft -= 1;
    return send(busyLeft === 0 ? 503 : 429, busyLeft === 0 ? 50301 : 42901, null);
  }
  const usage = { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 };
  send(200, 0, { text: `to ${prompt}`, context_id: body.context_id ?? "context-1", usage });
}

function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const header = (name: string) => String(request.headers[name] ?? "");
  const timestamp = header("x-ds-timestamp");
  const nonce = header("x-ds-nonce");
  if (seenNonces.has(nonce)) return false;
  seenNonces.add(nonce);
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const digest = createHash("sha256").update(body).digest("hex");
  const text = [request.method, request.url, timestamp, nonce, digest].join("\n");
  const expected = createHmac("sha256", SECRET_KEY).update(text).digest("hex");
  return header("x-ds-accesskey") === ACCESS_KEY && header("x-ds-signature") === expected;
}

/** Pieces are cut inside an event and inside a character, as a network does. */
async function stream(prompt: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  const piece = (text: string) =>
    event({ code: 0, message: "ok", data: { text, context_id: "context-2" } });
  const fault = event({ code: 50003, message: "The model server did not answer.", data: null });
  const ends: Readonly<Record<string, string>> = {
    stream: "data: [DONE]\n\n",
    "stream broken": fault,
    "stream cut": "",
  };
  const bytes = Buffer.from(
    `${piece("量")}: a comment\n\n${piece("子")}${piece(" end")}${ends[prompt]}`,
  );
  for (const cut of [50, 51, 120]) {
    response.write(bytes.subarray(cut === 50 ? 0 : cut === 51 ? 50 : 51, cut));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  response.end(bytes.subarray(120));
}

const EXPECTED = [
  ["to first 量子", "context-1", 7],
  ["to second", "context-1"],
  ["量", "子", " end"],
  ["to busy twice"],
  [40101],
  [42901],
  [50003],
  [50202],
];

async function play(command: string, args: readonly string[], cwd = here): Promise<unknown[]> {
  busyLeft = 2;
  bodies.length = 0;
  const words = [...args, ACCESS_KEY, SECRET_KEY, endpoint];
  const { stdout } = await runOrThrow(command, words, { cwd });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** In CI every language must be there; elsewhere one that is missing is named as skipped. */
function isMissing(...command: string[]): boolean {
  const [program = "", ...args] = command;
  return process.env.CI === undefined && spawnSync(program, args).error !== undefined;
}

describe("the clients of the native API print the same", () => {
  const node = ["--disable-warning=ExperimentalWarning"];

  test("TypeScript", async () => {
    expect(await play(process.execPath, [...node, "conformance/typescript.ts"])).toEqual(EXPECTED);
  });

  test.skipIf(isMissing("python3", "--version"))("Python", async () => {
    expect(await play("python3", ["conformance/python.py"])).toEqual(EXPECTED);
  });

  test.skipIf(isMissing("go", "version"))(
    "Go",
    async () => {
      expect(await play("go", ["run", "./conformance"], path.join(here, "go"))).toEqual(EXPECTED);
    },
    300_000,
  );

  test.skipIf(isMissing("javac", "-version"))(
    "Java",
    async () => {
      const sources = ["Json", "ApiException", "Client"].map(
        (name) => `java/src/com/deepseekprivate/${name}.java`,
      );
      const compile = ["-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", folder];
      await runOrThrow("javac", [...compile, ...sources, "java/conformance/Conformance.java"], {
        cwd: here,
      });
      expect(await play("java", ["-Dfile.encoding=UTF-8", "-cp", folder, "Conformance"])).toEqual(
        EXPECTED,
      );
    },
    300_000,
  );

  test("a call without a context sends null, a later one its id", async () => {
    await play(process.execPath, [...node, "conformance/typescript.ts"]);
    expect(bodies.slice(0, 2).map((body) => body.context_id)).toEqual([null, "context-1"]);
  });
});
