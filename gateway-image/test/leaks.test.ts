/**
 * Rounds of callers that behave badly in every way; after each round nothing is left of them: no
 * gauge, no slot, no socket, no warning of a listener too many, and a heap that does not grow.
 */
import net from "node:net";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "vitest";
import {
  boot,
  endAll,
  eventually,
  type Harness,
  MODEL,
  onEnd,
  simulate,
  temporaryFolder,
} from "./test-harness.ts";
import { expectIdle, speak } from "./test-wire.ts";

afterEach(endAll);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const WARM_UP_ROUNDS = 2;
const ROUNDS = 4;
const CALLS_OF_EACH_KIND = 20;
/**
 * 160 calls a round: what kept 10 KiB of each would be 6 MiB at the end. What
 * compilers and prepared statements still add after the warm-up was seen to stay below 1 MiB.
 */
const HEAP_BYTES_MAX = 3 * 1024 * 1024;

function callOf(harness: Harness, body: object, more: readonly string[] = []): string {
  const text = JSON.stringify({
    model: MODEL,
    messages: [{ role: "user", content: "a" }],
    ...body,
  });
  const lines = [
    "POST /v1/chat/completions HTTP/1.1",
    "Host: gateway",
    `X-API-Key: ${harness.key}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...more,
  ];
  return [...lines, "", text].join("\r\n");
}

/** Connects, writes, waits for the first bytes, goes without a word. */
function leaveAfterFirst(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write(text));
    socket.on("error", () => {}).on("close", () => resolve());
    socket.once("data", () => socket.resetAndDestroy());
  });
}

async function round(harness: Harness): Promise<void> {
  const { port } = harness.gateway;
  const close = ["Connection: close"];
  const long = { stream: true, max_tokens: 1_000, simulate: { tokens: 1_000 } };
  const kinds: (() => Promise<unknown>)[] = [
    () => speak(port, [callOf(harness, { max_tokens: 2 }, close)]),
    () => speak(port, [callOf(harness, { max_tokens: 2, stream: true }, close)]),
    () => leaveAfterFirst(port, callOf(harness, long)),
    () => speak(port, [callOf(harness, { simulate: { ttftMs: 60_000 } })], { leave: true }),
    () => speak(port, [callOf(harness, { messages: 7 }, close)]),
    () => speak(port, [callOf(harness, { simulate: { error: 500 } }, close)]),
    () => speak(port, [callOf(harness, { ...long, simulate: { disconnectAfter: 3 } }, close)]),
    () => speak(port, [callOf(harness, {}).slice(0, -1)], { end: true }),
  ];
  for (const kind of kinds) await Promise.all(Array.from({ length: CALLS_OF_EACH_KIND }, kind));
}

const sockets = () =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

test("whatever callers do, nothing of them stays", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  onEnd(() => process.off("warning", onWarning));
  // Several targets, for those of a server that fails are left alone for a while.
  const servers = await Promise.all(
    Array.from({ length: 3 }, () => simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 })),
  );
  const harness = await boot({
    targets: servers.map(({ url }) => ({ url })),
    tiers: { service: { concurrency: 5_000 } },
    // What is kept in memory by its purpose, the log of the test and the ledger, is kept elsewhere.
    env: {
      GW_LOG_LEVEL: "silent",
      GW_PROBES: "on",
      GW_DATABASE: "sqlite",
      GW_DATABASE_FILE: path.join(temporaryFolder(), "gateway.db"),
    },
  });
  const heap: number[] = [];
  let socketsBefore = 0;
  for (let index = 0; index < WARM_UP_ROUNDS + ROUNDS; index += 1) {
    await round(harness);
    await expectIdle(harness);
    if (index < WARM_UP_ROUNDS) socketsBefore = sockets();
    collect();
    heap.push(process.memoryUsage().heapUsed);
  }
  const grown = Math.min(...heap.slice(-2)) - Math.min(...heap.slice(0, WARM_UP_ROUNDS));
  expect(grown, heap.map((bytes) => (bytes / 1024 / 1024).toFixed(1)).join(" ")).toBeLessThan(
    HEAP_BYTES_MAX,
  );
  await eventually(sockets).toBeLessThanOrEqual(socketsBefore + 8);
  expect(warnings.map(({ name }) => name)).not.toContain("MaxListenersExceededWarning");
}, 120_000);
