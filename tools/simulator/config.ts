/**
 * Settings of the simulated model server: SIM_* variables, or the same names as members of the
 * JSON file that SIM_CONFIG_FILE names (a variable wins). Strict: an unknown SIM_ name or a
 * malformed value stops the start, and all faults are listed at once.
 */
import { readFileSync } from "node:fs";

export interface SimulatorConfig {
  readonly host: string;
  readonly port: number;
  /** null: plain HTTP, on a loopback address only. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly models: readonly string[];
  /** vLLM's --max-model-len: prompt and answer together. */
  readonly maxModelLen: number;
  /** vLLM's --max-num-seqs: more requests than these wait in a queue. */
  readonly maxNumSeqs: number;
  readonly ttftMs: number;
  readonly prefillTokensPerSecond: number;
  readonly tokensPerSecond: number;
  /** Each waiting time is multiplied by a factor from 1-jitter to 1+jitter, drawn from the seed. */
  readonly jitter: number;
  readonly seed: number;
  readonly readyDelayMs: number;
  /** After SIGTERM: still accepting this long while /health already fails. */
  readonly drainGraceMs: number;
  /** How long a connection may be idle. */
  readonly keepAliveMs: number;
  /** Then running requests may take this long (vLLM's --shutdown-timeout). */
  readonly shutdownTimeoutMs: number;
  readonly embeddingDimensions: number;
  /** Simulated GPUs that it tells of; 0: none. */
  readonly gpus: number;
  readonly errorRate: number;
  readonly stallRate: number;
  readonly stallMs: number;
  readonly disconnectRate: number;
  /** Obey x-sim-* request headers and the body member `simulate`. Never on by default. */
  readonly testControls: boolean;
}

type Read<T> = (text: string) => T | string;

const integer =
  (min: number, max: number): Read<number> =>
  (text) =>
    /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max
      ? Number(text)
      : `must be a whole number from ${min} to ${max}`;

const decimal =
  (min: number, max: number): Read<number> =>
  (text) =>
    /^\d{1,10}(\.\d{1,6})?$/.test(text) && Number(text) >= min && Number(text) <= max
      ? Number(text)
      : `must be a number from ${min} to ${max}`;

/** Setting → [fallback as text, reader]. */
const SETTINGS = {
  SIM_PORT: ["8000", integer(0, 65_535)],
  // vLLM's default of 256 sequences; the context of deepseek-llm-7b-chat.
  SIM_MAX_NUM_SEQS: ["256", integer(1, 100_000)],
  SIM_MAX_MODEL_LEN: ["4096", integer(16, 10_000_000)],
  SIM_TTFT_MS: ["120", decimal(0, 3_600_000)],
  SIM_PREFILL_TOKENS_PER_SECOND: ["8000", decimal(1, 100_000_000)],
  SIM_TOKENS_PER_SECOND: ["40", decimal(0.01, 1_000_000)],
  SIM_JITTER: ["0.1", decimal(0, 0.9)],
  SIM_SEED: ["1", integer(0, 4_294_967_295)],
  SIM_READY_DELAY_MS: ["0", integer(0, 3_600_000)],
  SIM_DRAIN_GRACE_MS: ["5000", integer(0, 600_000)],
  SIM_SHUTDOWN_TIMEOUT_MS: ["610000", integer(0, 7_300_000)],
  SIM_EMBEDDING_DIMENSIONS: ["1024", integer(1, 65_536)],
  // As many as a node of A100s has at the most.
  SIM_GPUS: ["1", integer(0, 16)],
  SIM_ERROR_RATE: ["0", decimal(0, 1)],
  SIM_STALL_RATE: ["0", decimal(0, 1)],
  SIM_STALL_MS: ["30000", integer(0, 3_600_000)],
  SIM_DISCONNECT_RATE: ["0", decimal(0, 1)],
} as const satisfies Record<string, readonly [string, Read<number>]>;

const TEXTS = {
  SIM_HOST: "0.0.0.0",
  SIM_MODELS: "deepseek-llm-7b-chat",
  SIM_TLS: "on",
  SIM_TLS_CERT_FILE: "",
  SIM_TLS_KEY_FILE: "",
  SIM_TEST_CONTROLS: "off",
} as const;

type Source = Readonly<Record<string, string | undefined>>;
type NumberName = keyof typeof SETTINGS;
type TextName = keyof typeof TEXTS;

/** Pure: all faults, or the settings. */
export function parseConfig(source: Source): { config: SimulatorConfig } | { faults: string[] } {
  const faults: string[] = [];
  for (const name of Object.keys(source)) {
    if (!name.startsWith("SIM_") || name === "SIM_CONFIG_FILE") continue;
    if (!(name in SETTINGS) && !(name in TEXTS)) faults.push(`${name}: no such setting`);
  }
  const number = (name: NumberName): number => {
    const [fallback, read] = SETTINGS[name];
    const value = read(source[name] || fallback);
    if (typeof value === "number") return value;
    faults.push(`${name}: ${value}`);
    return 0;
  };
  const text = (name: TextName): string => source[name] || TEXTS[name];
  const config = assemble(number, text, faults);
  return faults.length > 0 ? { faults } : { config: Object.freeze(config) };
}

function assemble(
  number: (name: NumberName) => number,
  text: (name: TextName) => string,
  faults: string[],
): SimulatorConfig {
  return {
    host: text("SIM_HOST"),
    port: number("SIM_PORT"),
    tls: readTls(text, faults),
    models: readModels(text("SIM_MODELS"), faults),
    maxModelLen: number("SIM_MAX_MODEL_LEN"),
    maxNumSeqs: number("SIM_MAX_NUM_SEQS"),
    ttftMs: number("SIM_TTFT_MS"),
    prefillTokensPerSecond: number("SIM_PREFILL_TOKENS_PER_SECOND"),
    tokensPerSecond: number("SIM_TOKENS_PER_SECOND"),
    jitter: number("SIM_JITTER"),
    seed: number("SIM_SEED"),
    readyDelayMs: number("SIM_READY_DELAY_MS"),
    drainGraceMs: number("SIM_DRAIN_GRACE_MS"),
    // As vLLM (uvicorn).
    keepAliveMs: 5_000,
    shutdownTimeoutMs: number("SIM_SHUTDOWN_TIMEOUT_MS"),
    embeddingDimensions: number("SIM_EMBEDDING_DIMENSIONS"),
    gpus: number("SIM_GPUS"),
    errorRate: number("SIM_ERROR_RATE"),
    stallRate: number("SIM_STALL_RATE"),
    stallMs: number("SIM_STALL_MS"),
    disconnectRate: number("SIM_DISCONNECT_RATE"),
    testControls: readSwitch("SIM_TEST_CONTROLS", text, faults),
  };
}

function readSwitch(name: TextName, text: (name: TextName) => string, faults: string[]): boolean {
  const value = text(name);
  if (value !== "on" && value !== "off") faults.push(`${name}: must be on or off`);
  return value === "on";
}

function readTls(text: (name: TextName) => string, faults: string[]): SimulatorConfig["tls"] {
  if (!readSwitch("SIM_TLS", text, faults)) {
    if (!["127.0.0.1", "::1", "localhost"].includes(text("SIM_HOST"))) {
      faults.push("SIM_TLS: off needs SIM_HOST to be a loopback address");
    }
    return null;
  }
  const certFile = text("SIM_TLS_CERT_FILE");
  const keyFile = text("SIM_TLS_KEY_FILE");
  if (certFile === "" || keyFile === "") {
    faults.push("SIM_TLS_CERT_FILE, SIM_TLS_KEY_FILE: are required");
  }
  return { certFile, keyFile };
}

function readModels(list: string, faults: string[]): string[] {
  const models = list.split(",").map((name) => name.trim());
  if (models.some((name) => !/^[A-Za-z0-9][A-Za-z0-9._:/-]*$/.test(name))) {
    faults.push("SIM_MODELS: must be names joined by commas");
  }
  return models;
}

/** Reads the environment and the file it names; throws one Error that lists every fault. */
export function readConfig(): SimulatorConfig {
  const file = process.env.SIM_CONFIG_FILE;
  const base = file === undefined || file === "" ? {} : readFileValues(file);
  const own = Object.entries(process.env).filter(([name]) => name.startsWith("SIM_"));
  const result = parseConfig({ ...base, ...Object.fromEntries(own) });
  if ("config" in result) return result.config;
  throw new Error(`the settings have faults:\n  ${result.faults.join("\n  ")}`);
}

function readFileValues(file: string): Record<string, string> {
  const json: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error(`${file}: must be a JSON object of SIM_ settings`);
  }
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    // A name without the prefix would be dropped silently, so it is kept and then refused.
    values[name.startsWith("SIM_") ? name : `SIM_ (in the file: ${name})`] = String(value);
  }
  return values;
}
