/**
 * The gateway as bytes on a socket: what is written, what comes back, whether that is an answer in
 * one of its shapes, and whether anything of a call stays behind when all of them are over.
 */
import net from "node:net";
import { expect } from "vitest";
import { ERRORS } from "../src/error-table.ts";
import type { Harness } from "./test-harness.ts";

/** How many runs a property makes here; `npm run soak` asks for more, and for other seeds. */
export const RUNS_FACTOR = Number(process.env.SOAK_FACTOR ?? "1");
const seed = process.env.SOAK_SEED;

/** fast-check prints the seed of a failure; SOAK_SEED runs it again. */
export function runs(count: number) {
  return { numRuns: count * RUNS_FACTOR, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** Nothing that comes is so late, however busy the machine is; shorter than a test may take. */
const QUIET_MS = 100_000;
const IDLE_MS = 60_000;
const TIMED_OUT_MAX = 20;

export interface Spoken {
  readonly bytes: Buffer;
  /** The gateway closed the connection by itself. */
  readonly closed: boolean;
}

export interface SpeakOptions {
  /** Half-close after the last part, as a client does that has nothing more to say. */
  readonly end?: boolean;
  /** Leave without waiting for anything. */
  readonly leave?: boolean;
  /** How long nothing may come before the connection is taken for waiting. */
  readonly quietMs?: number;
}

/** Each part is a write of its own. Never rejects: a reset connection is an end like another. */
export function speak(
  port: number,
  parts: readonly (string | Buffer)[],
  options: SpeakOptions = {},
): Promise<Spoken> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    let closed = false;
    const finish = () => {
      clearTimeout(quiet);
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks), closed });
    };
    const quiet = setTimeout(finish, options.quietMs ?? QUIET_MS);
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      quiet.refresh();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed = true;
      finish();
    });
    socket.on("connect", async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        await new Promise((done) => setImmediate(done));
      }
      if (options.leave === true) finish();
      else if (options.end === true) socket.end();
    });
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** All answers on one connection; throws where the bytes are no HTTP. */
export function answersIn(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) throw new Error(`no HTTP: ${JSON.stringify(rest.toString("latin1"))}`);
    const [line = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n");
    const [, digits] = /^HTTP\/1\.1 (\d{3})/.exec(line) ?? [];
    if (digits === undefined) throw new Error(`no status line: ${JSON.stringify(line)}`);
    const headers = Object.fromEntries(
      lines.map((text) => {
        const colon = text.indexOf(":");
        return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
      }),
    );
    const { body, length } = bodyOf(rest.subarray(end + 4), headers, Number(digits));
    answers.push({ status: Number(digits), headers, body });
    rest = rest.subarray(end + 4 + length);
  }
  return answers;
}

function bodyOf(bytes: Buffer, headers: Readonly<Record<string, string>>, status: number) {
  if (status < 200 || status === 204 || status === 304) return { body: "", length: 0 };
  if (headers["transfer-encoding"] === "chunked") return chunkedBody(bytes);
  const length = Number(headers["content-length"] ?? bytes.length);
  return { body: bytes.subarray(0, length).toString("utf8"), length };
}

function chunkedBody(bytes: Buffer) {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    // A cut connection leaves a body without its last chunk.
    if (end === -1) return { body: Buffer.concat(parts).toString("utf8"), length: bytes.length };
    const size = Number.parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
    if (size === 0) return { body: Buffer.concat(parts).toString("utf8"), length: at };
  }
}

const NATIVE_CODES = new Set<unknown>(Object.values(ERRORS).map(({ native }) => native));

/** An answer of ours: what was asked for, or a row of the table of errors, in one of three shapes. */
export function expectOurs(answer: Answer): void {
  const told = JSON.stringify(answer);
  if (answer.status < 300) return;
  const body = JSON.parse(answer.body) as {
    error?: string | { code: keyof typeof ERRORS; message: string };
    code?: number;
    data?: unknown;
  };
  if (typeof body.error === "object") {
    expect(ERRORS[body.error.code]?.status, told).toBe(answer.status);
  } else if (body.error === undefined) {
    expect(NATIVE_CODES.has(body.code), told).toBe(true);
  } else {
    expect([
      "invalid_request",
      "server_error",
      "invalid_grant",
      "unsupported_grant_type",
    ]).toContain(body.error);
  }
  // Neither a stack nor a path of ours leaves.
  expect(told).not.toMatch(/node_modules|\.ts:\d|at async /);
}

const GAUGES = ["api_concurrent_requests", "api_queue_length", "gateway_ledger_queue_rows"];

/** Nothing of any call is left: no gauge, no slot, no connection; and the next call is served. */
export async function expectIdle(harness: Harness): Promise<void> {
  const left = async () => {
    const page = await fetch(`http://127.0.0.1:${harness.gateway.metricsPort}/metrics`);
    const lines = (await page.text()).split("\n");
    const named = (line: string) => GAUGES.some((gauge) => line.startsWith(gauge));
    return lines.filter((line) => named(line) && !line.endsWith(" 0"));
  };
  await expect.poll(left, { timeout: IDLE_MS, interval: 20 }).toEqual([]);
  const slots = async () => {
    const answer = await fetch(`${harness.base}/v1/quota`, {
      headers: { "x-api-key": harness.key },
    });
    const { data } = (await answer.json()) as { data: { limit: string; used: number }[] };
    return data.filter(({ limit }) => limit === "concurrency").map(({ used }) => used);
  };
  await expect
    .poll(slots, { timeout: IDLE_MS, interval: 20 })
    .toSatisfy((used: number[]) => used.every((count) => count === 0));
  let answer = await harness.chat({ max_tokens: 1 });
  // A gateway that gives its servers a second gives up on a good one while the machine is busy.
  for (let left = TIMED_OUT_MAX; answer.status === 504 && left > 0; left -= 1) {
    answer = await harness.chat({ max_tokens: 1 });
  }
  expect([answer.status, (await answer.json()) as object]).toMatchObject([200, { choices: [{}] }]);
}
