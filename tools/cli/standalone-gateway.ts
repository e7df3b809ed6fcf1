/**
 * Starts a simulated model and the gateway before it as two child processes, with everything they
 * need in one folder: made at the first start, kept for the next.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createApiKey, hashApiKey } from "../../gateway-image/src/base/api-key.ts";
import { isPortFree, portHolder } from "../base/ports.ts";
import { UserError } from "../base/user-error.ts";
import { freePort } from "../servers/supervised.ts";
import { writeProviderKeys } from "./provider-env.ts";

export interface StandaloneOptions {
  readonly projectDir: string;
  readonly folder: string;
  readonly port: number;
  readonly variables: Readonly<Record<string, string>>;
  /** Provider → its key. */
  readonly providerKeys: ReadonlyMap<string, string>;
}

export interface Standalone {
  readonly url: string;
  readonly folder: string;
  readonly key: string;
  readonly model: string;
  readonly passwordFile: string;
  readonly health: Health;
  /** Orderly; resolves with the exit code. */
  stop(): Promise<number>;
  /** Resolves when either program ends by itself. */
  readonly ended: Promise<number>;
}

/** What /health says of providers and models. */
export interface Health {
  readonly providers: Readonly<Record<string, boolean>>;
  readonly models_count: number;
}

const MODEL = "deepseek-llm-7b-chat";
const START_ATTEMPTS = 200;
const START_PAUSE_MS = 50;

export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { folder, port } = options;
  if (!(await isPortFree(port))) {
    throw new UserError(
      `port ${port} is taken by ${(await portHolder(port)) ?? "another program"}`,
      {
        where: `127.0.0.1:${port}`,
        fix: "stop it, or choose another one: --port N",
      },
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const modelPort = await freePort();
  const { key, environment } = files(folder, port, modelPort);
  writeProviderKeys(environment.GW_PROVIDERS_FOLDER, options.providerKeys);
  const model = launch(options, "tools/simulator/main.ts", {
    SIM_HOST: "127.0.0.1",
    SIM_PORT: String(modelPort),
    SIM_TLS: "off",
    SIM_MODELS: MODEL,
    SIM_DRAIN_GRACE_MS: "0",
  });
  const gateway = launch(options, "gateway-image/src/main.ts", environment);
  const ended = Promise.race(
    [model, gateway].map(async (child) => {
      const [code] = await once(child, "exit");
      return typeof code === "number" ? code : 1;
    }),
  );
  const stop = async () => {
    // The gateway first: it lets running calls end while the model is still there.
    const code = await end(gateway);
    await end(model);
    return code;
  };
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([
    answers(`${url}/readyz`),
    ended.then(() => {
      throw new UserError("a program ended while it was starting", {
        where: folder,
        fix: "read what it wrote above; removing the folder begins anew",
      });
    }),
  ]).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const passwordFile = path.join(folder, "administrator-password");
  const health = (await (await fetch(`${url}/health`)).json()) as Health;
  return { url, folder, key, model: MODEL, passwordFile, health, stop, ended };
}

/** Values are made once; documents are written anew, since the model's port changes. */
function files(folder: string, port: number, modelPort: number) {
  const write = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content, { mode: 0o600 });
    return path.join(folder, name);
  };
  const once = (name: string, make: () => string) => {
    const file = path.join(folder, name);
    if (!existsSync(file)) write(name, make());
    return file;
  };
  const random = () => randomBytes(32).toString("base64");
  const key = readFileSync(once("first-key", createApiKey), "utf8");
  const sealKey = once("audit-seal.pem", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    write("audit-seal.pub", String(publicKey.export({ type: "spki", format: "pem" })));
    return String(privateKey.export({ type: "pkcs8", format: "pem" }));
  });
  const entry = { id: "first", sha256: hashApiKey(key), name: "first key", models: "*" };
  const target = { url: `http://127.0.0.1:${modelPort}` };
  const model = {
    id: MODEL,
    ownedBy: "simulated",
    contextLength: 4096,
    capabilities: ["chat", "completions", "embeddings"],
    fineTuning: true,
    targets: [target],
  };
  // In the directory instead of the keys' file, which knows no roles.
  const place = { tenant: "platform", tier: "service" };
  const principal = { ...place, id: "first", kind: "service", name: "first key" };
  const directory = {
    tenants: [{ id: "platform", name: "platform" }],
    principals: [{ ...principal, roles: ["caller", "fine-tuner"] }],
    apiKeys: [{ ...entry, principal: "first" }],
  };
  const environment = {
    GW_HOST: "127.0.0.1",
    GW_PORT: String(port),
    GW_METRICS_PORT: "0",
    GW_TLS: "off",
    GW_LOG_LEVEL: "warn",
    GW_SHARED_STORE: "memory",
    GW_DATABASE: "sqlite",
    GW_DATABASE_FILE: path.join(folder, "gateway.db"),
    GW_DATA_FOLDER: path.join(folder, "data"),
    GW_DRAIN_GRACE_MS: "0",
    GW_KEYS_FILE: write("keys.json", JSON.stringify({ keys: [] })),
    GW_ROUTES_FILE: write("routes.json", JSON.stringify({ models: [model] })),
    GW_DIRECTORY_FILE: write("directory.json", JSON.stringify(directory)),
    GW_FINE_TUNING: "simulated",
    GW_PROVIDERS_FOLDER: path.join(folder, "providers"),
    GW_PROVIDER_MODELS: "on",
    GW_DATA_KEY_FILE: once("data-keys", () => `first:${random()}\n`),
    GW_JWT_SECRET_FILE: once("token-secrets", () => `${random()}\n`),
    GW_ADMIN_PASSWORD_FILE: once("administrator-password", () =>
      randomBytes(18).toString("base64url"),
    ),
    GW_AUDIT_SEAL_KEY_FILE: sealKey,
  };
  return { key, environment };
}

function launch(
  { projectDir, variables }: StandaloneOptions,
  script: string,
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const words = ["--disable-warning=ExperimentalWarning", path.join(projectDir, script)];
  // Both write their log to standard output; here it belongs to standard error.
  return spawn(process.execPath, words, {
    env: { PATH: variables["PATH"] ?? "", ...environment },
    stdio: ["ignore", 2, 2],
    // Its own group: an interrupt at the terminal is for us, who stop them in order.
    detached: true,
  });
}

async function end(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? 1;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  return child.exitCode ?? 1;
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
  }
  throw new UserError("the gateway does not become ready", {
    where: url,
    fix: "read what it wrote above",
  });
}
