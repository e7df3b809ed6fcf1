/**
 * What is measured: the gateway as it runs in production (its bundle, Redis, PostgreSQL, quotas,
 * audit, records, all on), a bare Node proxy and nginx with one worker, before the same models.
 * Each is alone on the first core; models, stores and load share the others.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { environmentFor } from "../../debian/root-folder.ts";
import { bundleProgram } from "../../images/bundle.ts";
import { gateway } from "../../images/recipes/gateway.ts";
import type { StoreServer } from "../../servers/stores.ts";
import { freePort, type SupervisedServer, supervise } from "../../servers/supervised.ts";
import { modelConfiguration, proxyConfiguration } from "./nginx-files.ts";

export interface Subject {
  readonly name: string;
  readonly wholeUrl: string;
  readonly streamUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly server: SupervisedServer;
}

export interface Models {
  readonly whole: SupervisedServer;
  readonly streamed: SupervisedServer;
}

/** Where two processes must not disturb each other; with one core they have to. */
const pinned = os.cpus().length > 1;
const SUBJECT_CORE = pinned ? ["taskset", "-c", "0"] : [];
export const OTHER_CORES = pinned ? ["taskset", "-c", `1-${os.cpus().length - 1}`] : [];

const HERE = path.dirname(fileURLToPath(import.meta.url));
/** Those of the image, between Node.js and the program. */
const NODE_FLAGS = gateway.entrypoint.slice(1, -1);
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];
const CHAT = "/v1/chat/completions";

function launch(
  prefix: readonly string[],
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  const [command = "", ...args] = [...prefix, ...words];
  return spawn(command, args, { env, stdio: ["ignore", "ignore", "inherit"] });
}

export async function startModels(folder: string, nginxRoot: string): Promise<Models> {
  const wholePort = await freePort();
  const streamPort = await freePort();
  const configuration = modelConfiguration(folder, wholePort);
  return {
    whole: await startNginx(folder, nginxRoot, wholePort, configuration, OTHER_CORES),
    streamed: await supervise(streamPort, () =>
      launch(OTHER_CORES, [...NODE, path.join(HERE, "mock-model.ts"), String(streamPort)], {}),
    ),
  };
}

export async function startBareProxy(models: Models): Promise<Subject> {
  const port = await freePort();
  const origins = [models.whole, models.streamed].map((one) => `http://127.0.0.1:${one.port}`);
  const words = [...NODE, path.join(HERE, "bare-proxy.ts"), String(port), ...origins];
  const server = await supervise(port, () => launch(SUBJECT_CORE, words, {}));
  const url = `http://127.0.0.1:${port}${CHAT}`;
  return { name: "bare Node proxy", wholeUrl: url, streamUrl: url, headers: {}, server };
}

export async function startNginxProxy(
  folder: string,
  root: string,
  models: Models,
): Promise<Subject> {
  const listen = await freePort();
  const ports = { listen, whole: models.whole.port, streamed: models.streamed.port };
  const configuration = proxyConfiguration(folder, ports);
  const server = await startNginx(folder, root, listen, configuration, SUBJECT_CORE);
  const base = `http://127.0.0.1:${listen}`;
  const urls = { wholeUrl: base + CHAT, streamUrl: `${base}/streamed${CHAT}` };
  return { name: "nginx, 1 worker", ...urls, headers: {}, server };
}

async function startNginx(
  folder: string,
  root: string,
  port: number,
  configuration: string,
  prefix: readonly string[],
): Promise<SupervisedServer> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `nginx-${port}.conf`);
  writeFileSync(file, configuration);
  const words = [path.join(root, "usr/sbin/nginx"), "-p", folder, "-c", file, "-e", "stderr"];
  return supervise(port, () => launch(prefix, words, { ...environmentFor(root) }));
}

export interface GatewayStores {
  readonly redis: StoreServer;
  readonly postgres: StoreServer;
}

/** Starts the bundle, as the image does; resolves when it is ready. */
export async function startGatewayProcess(
  projectDir: string,
  folder: string,
  models: Models,
  stores: GatewayStores,
  nodeWords: readonly string[] = [],
): Promise<Subject & { readonly startMs: number }> {
  mkdirSync(folder, { recursive: true });
  const bundle = path.join(folder, "main.mjs");
  const { code, map } = await bundleProgram(projectDir, program());
  writeFileSync(bundle, code);
  writeFileSync(`${bundle}.map`, map);
  const port = await freePort();
  const { key, env } = writeFiles(folder, port, models, stores);
  const started = performance.now();
  const server = await supervise(port, () =>
    launch(SUBJECT_CORE, [process.execPath, ...nodeWords, ...NODE_FLAGS, bundle], {
      ...env,
      ...gateway.environment,
    }),
  );
  const base = `http://127.0.0.1:${port}`;
  await ready(base);
  const startMs = performance.now() - started;
  const url = base + CHAT;
  const headers = { authorization: `Bearer ${key}` };
  return { name: "gateway", wholeUrl: url, streamUrl: url, headers, server, startMs };
}

function program() {
  if (gateway.program === undefined) throw new Error("the gateway's recipe has no program");
  return gateway.program;
}

function writeFiles(folder: string, port: number, models: Models, stores: GatewayStores) {
  const write = (name: string, content: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  const key = benchKey();
  const sha256 = createHash("sha256").update(key).digest("hex");
  // Limits are checked at every call; they are set so that they never refuse.
  const tier = {
    requestsPerMinute: 10_000_000,
    concurrency: 100_000,
    // The one that refuses, for those who want to be refused.
    models: { "bench-narrow": { requestsPerMinute: 60 } },
  };
  const model = (id: string, server: SupervisedServer) => ({
    id,
    contextLength: 8192,
    capabilities: ["chat"],
    targets: [{ url: `http://127.0.0.1:${server.port}` }],
  });
  const keys = [
    { id: "bench", sha256, name: "bench", tenant: "bench", tier: "bench", models: "*" },
  ];
  const routes = [
    model("bench", models.whole),
    model("bench-stream", models.streamed),
    model("bench-narrow", models.whole),
  ];
  const ca = stores.redis.ca + stores.postgres.ca;
  const seal = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const env = {
    GW_HOST: "127.0.0.1",
    GW_PORT: String(port),
    GW_METRICS_PORT: "0",
    GW_TLS: "off",
    GW_KEYS_FILE: write("keys.json", JSON.stringify({ keys })),
    GW_ROUTES_FILE: write("routes.json", JSON.stringify({ models: routes })),
    GW_TIERS_FILE: write("tiers.json", JSON.stringify({ tiers: { bench: tier } })),
    GW_CA_FILE: write("ca.pem", ca),
    GW_REDIS_HOST: "127.0.0.1",
    GW_REDIS_PORT: String(stores.redis.port),
    GW_REDIS_USERNAME: stores.redis.username,
    GW_REDIS_PASSWORD_FILE: write("redis-password", stores.redis.password),
    GW_POSTGRES_HOST: "127.0.0.1",
    GW_POSTGRES_PORT: String(stores.postgres.port),
    GW_POSTGRES_PASSWORD_FILE: write("postgres-password", stores.postgres.password),
    GW_DATA_FOLDER: path.join(folder, "data"),
    GW_DATA_KEY_FILE: write("data-key", `bench:${randomBytes(32).toString("base64")}\n`),
    GW_AUDIT_SEAL_KEY_FILE: write("seal.pem", seal.toString()),
    GW_DRAIN_GRACE_MS: "0",
  };
  mkdirSync(env.GW_DATA_FOLDER, { recursive: true });
  return { key, env };
}

/** The form of the gateway's keys, as its README says; made here because tools know no gateway code. */
function benchKey(): string {
  return readKeyExample(path.join(HERE, "../../../gateway-image/README.md"));
}

/** The README's own example is a well-formed key that opens nothing but this measurement. */
function readKeyExample(file: string): string {
  const [key] = /sk-ds-[0-9A-Za-z]{38}/.exec(readFileSync(file, "utf8")) ?? [];
  if (key === undefined) throw new Error(`${file} shows no example of a key`);
  return key;
}

async function ready(base: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const status = await fetch(`${base}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the gateway does not become ready");
}
