/** Boots real gateways and simulated model servers on free loopback ports, and ends them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import type { SimulatorConfig } from "../../tools/simulator/config.ts";
import { type Simulator, startSimulator } from "../../tools/simulator/server.ts";
import { testConfig } from "../../tools/simulator/test-config.ts";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { parseConfig } from "../src/config.ts";
import type { KeysFile } from "../src/documents.ts";
import { type Gateway, startGateway } from "../src/gateway.ts";
import type { LedgerRow } from "../src/stores/ledger-store.ts";
import type { MemoryLedgerStore } from "../src/stores/memory-ledger-store.ts";

export const MODEL = "deepseek-llm-7b-chat";

type ApiKey = KeysFile["keys"][number];

export interface Harness {
  readonly folder: string;
  readonly gateway: Gateway;
  readonly base: string;
  /** A key that may do everything. */
  readonly key: string;
  readonly logLines: () => Record<string, unknown>[];
  readonly rows: () => Promise<LedgerRow[]>;
  post(route: string, body: unknown, init?: RequestInit): Promise<Response>;
  chat(change?: object, init?: RequestInit): Promise<Response>;
  chatJob(body: unknown, headers?: Record<string, string>): Promise<Response>;
  metric(line: string): Promise<number | undefined>;
  write(name: string, content: unknown): string;
}

export interface HarnessOptions {
  readonly targets: readonly { url: string; [member: string]: unknown }[];
  readonly env?: Readonly<Record<string, string>>;
  readonly models?: readonly Record<string, unknown>[];
  readonly keys?: readonly Partial<ApiKey>[];
  readonly tiers?: Readonly<Record<string, object>>;
  /** The directory file. */
  readonly directory?: object;
}

const cleanups: (() => Promise<unknown> | unknown)[] = [];

/** Call in afterEach. */
export async function endAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function onEnd(cleanup: () => Promise<unknown> | unknown): void {
  cleanups.push(cleanup);
}

export async function simulate(changes: Partial<SimulatorConfig> = {}) {
  const simulator: Simulator = await startSimulator(testConfig({ models: [MODEL], ...changes }));
  onEnd(() => simulator.kill());
  const url = `http://127.0.0.1:${simulator.port}`;
  const metric = (line: string) => readMetric(`${url}/metrics`, line);
  while ((await fetch(`${url}/health`)).status !== 200) await new Promise((r) => setTimeout(r, 5));
  return { simulator, url, metric };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "gateway-test-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function boot(options: HarnessOptions): Promise<Harness> {
  const folder = temporaryFolder();
  const write = (name: string, content: unknown) => {
    const file = path.join(folder, name);
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };
  const key = createApiKey();
  const env = {
    GW_HOST: "127.0.0.1",
    GW_PORT: "0",
    GW_METRICS_PORT: "0",
    GW_TLS: "off",
    GW_SHARED_STORE: "memory",
    GW_DATABASE: "memory",
    GW_DRAIN_GRACE_MS: "0",
    // Servers that are played by hand count what they are asked.
    GW_PROBES: "off",
    GW_KEYS_FILE: write("keys.json", { keys: [testKey(key), ...(options.keys ?? [])] }),
    GW_ROUTES_FILE: write("routes.json", {
      models: options.models ?? [testModel(options.targets)],
    }),
    ...(options.tiers && { GW_TIERS_FILE: write("tiers.json", { tiers: options.tiers }) }),
    ...(options.directory && {
      GW_DIRECTORY_FILE: write("directory.json", options.directory),
    }),
    ...options.env,
  };
  const result = parseConfig(env);
  if (!("config" in result)) throw new Error(result.faults.join("; "));
  const lines: string[] = [];
  const gateway = await startGateway(result.config, { write: (line) => void lines.push(line) });
  let stopped = false;
  onEnd(() => (stopped ? undefined : gateway.stop()));
  await gateway.ready;
  const scheme = env.GW_TLS === "off" ? "http" : "https";
  const base = `${scheme}://127.0.0.1:${gateway.port}`;
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const post = (route: string, body: unknown, init: RequestInit = {}) =>
    fetch(`${base}${route}`, { method: "POST", headers, body: JSON.stringify(body), ...init });
  const stop = gateway.stop;
  return {
    folder,
    gateway: {
      ...gateway,
      stop: () => {
        stopped = true;
        return stop();
      },
    },
    base,
    key,
    logLines: () => lines.map((line) => JSON.parse(line)),
    rows: async () => {
      await gateway.parts.ledgerQueue.drain(1_000);
      return (gateway.parts.ledger as MemoryLedgerStore).rows();
    },
    post,
    chat: (change = {}, init = {}) => post("/v1/chat/completions", { ...CHAT, ...change }, init),
    chatJob: (body, more = {}) =>
      post("/v1/async/chat/completions", body, { headers: { ...headers, ...more } }),
    metric: (line) => readMetric(`http://127.0.0.1:${gateway.metricsPort}/metrics`, line),
    write,
  };
}

export const CHAT = { model: MODEL, messages: [{ role: "user", content: "What is a ledger?" }] };

export function testKey(key: string, change: Partial<ApiKey> = {}): ApiKey {
  return {
    id: "first",
    sha256: hashApiKey(key),
    name: "a key for tests",
    tenant: "platform",
    tier: "service",
    models: "*",
    ...change,
  };
}

export function testModel(targets: readonly unknown[], change: object = {}) {
  return {
    id: MODEL,
    ownedBy: "simulated",
    contextLength: 4096,
    capabilities: ["chat", "completions", "embeddings"],
    targets,
    ...change,
  };
}

/** Waits for what must come; a busy machine may be slow about it. */
export function eventually<T>(probe: () => T, timeoutMs = 60_000) {
  return expect.poll(probe, { timeout: timeoutMs, interval: 10 });
}

/** The JSON events of a streamed answer. */
export function eventsOf(text: string): Record<string, unknown>[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice(6)));
}

async function readMetric(url: string, line: string): Promise<number | undefined> {
  const page = await (await fetch(url)).text();
  const found = page.split("\n").find((text) => text.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}
