/**
 * A gateway that is killed under load, again and again: every call whose answer was told to be
 * whole is in the ledger and in the audit trail afterwards, and the trail is one unbroken chain.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../tools/servers/supervised.ts";
import { verifyTrail } from "../src/audit/verify-trail.ts";
import { createApiKey } from "../src/base/api-key.ts";
import { SqliteAuditAnchorStore } from "../src/stores/sqlite-audit-anchor-store.ts";
import { SqliteDatabase } from "../src/stores/sqlite-database.ts";
import {
  CHAT,
  endAll,
  eventually,
  onEnd,
  simulate,
  temporaryFolder,
  testKey,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

const KILLS = 5;
const CALLERS = 8;

interface Running {
  readonly base: string;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

test("kill -9 under load loses no row and no event of an acknowledged call", async () => {
  const { url } = await simulate({ tokensPerSecond: 400, ttftMs: 5, jitter: 0 });
  const folder = temporaryFolder();
  const key = createApiKey();
  const seal = generateKeyPairSync("ed25519");
  const environment = writeFiles(folder, key, url, seal.privateKey);
  const acknowledged = new Set<string>();
  const broken = { calls: 0 };
  for (let kill = 0; kill < KILLS; kill += 1) {
    const gateway = await start(folder, environment);
    const load = callers(gateway.base, key, acknowledged, broken);
    // Not before something was answered, however slow the machine; then uneven, so that the kill
    // meets different moments.
    const before = acknowledged.size;
    await eventually(() => acknowledged.size).toBeGreaterThan(before + CALLERS);
    await sleep(50 + kill * 37);
    await gateway.kill();
    await load;
  }
  const last = await start(folder, environment);
  await last.stop();

  const database = new SqliteDatabase(path.join(folder, "gateway.db"));
  const rows = database.all("SELECT request_id, state, error FROM gateway_ledger");
  const anchors = await new SqliteAuditAnchorStore(database).latest("primary");
  const settled = new Set(
    rows
      .filter((row) => row.state === "settled" && row.error === null)
      .map((row) => row.request_id),
  );
  const events = new Set(eventIds(path.join(folder, "data/audit/primary")));
  const died = rows.filter((row) => row.error === "gateway_died").length;
  const lost = {
    rows: [...acknowledged].filter((id) => !settled.has(id)).length,
    events: [...acknowledged].filter((id) => !events.has(id)).length,
  };
  process.stdout.write(
    `kill -9 × ${KILLS}: ${acknowledged.size} answers acknowledged, ${broken.calls} broken; ` +
      `lost: ${lost.rows} ledger rows, ${lost.events} audit events; ${died} calls settled as gateway_died\n`,
  );
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  expect(lost).toEqual({ rows: 0, events: 0 });
  expect(rows.filter((row) => row.state === "open")).toEqual([]);
  const report = verifyTrail(path.join(folder, "data/audit/primary"), seal.publicKey, anchors);
  expect(report.faults).toEqual([]);
  expect(report.segments).toBeGreaterThanOrEqual(KILLS);
  database.close();
}, 120_000);

function writeFiles(
  folder: string,
  key: string,
  url: string,
  sealKey: KeyObject,
): Record<string, string> {
  const write = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  return {
    GW_HOST: "127.0.0.1",
    GW_METRICS_PORT: "0",
    GW_TLS: "off",
    GW_LOG_LEVEL: "error",
    GW_SHARED_STORE: "memory",
    GW_DATABASE: "sqlite",
    GW_DATABASE_FILE: path.join(folder, "gateway.db"),
    GW_DATA_FOLDER: path.join(folder, "data"),
    GW_DRAIN_GRACE_MS: "0",
    GW_AUDIT_SEAL_KEY_FILE: write(
      "seal.pem",
      String(sealKey.export({ type: "pkcs8", format: "pem" })),
    ),
    GW_KEYS_FILE: write("keys.json", JSON.stringify({ keys: [testKey(key)] })),
    GW_ROUTES_FILE: write("routes.json", JSON.stringify({ models: [testModel([{ url }])] })),
    GW_TIERS_FILE: write(
      "tiers.json",
      JSON.stringify({ tiers: { service: { concurrency: 100 } } }),
    ),
  };
}

async function start(folder: string, environment: Record<string, string>): Promise<Running> {
  const port = await freePort();
  const main = path.join(import.meta.dirname, "../src/main.ts");
  const child: ChildProcess = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main],
    {
      cwd: folder,
      env: { ...environment, GW_PORT: String(port) },
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  onEnd(() => end("SIGKILL"));
  const base = `http://127.0.0.1:${port}`;
  const ready = () =>
    fetch(`${base}/readyz`).then(
      (answer) => answer.status === 200,
      () => false,
    );
  for (let tries = 0; !(await ready()); tries += 1) {
    if (tries > 400 || child.exitCode !== null) throw new Error("the gateway does not start");
    await sleep(25);
  }
  return { base, kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
}

/** Whole and streamed calls until the gateway is gone. */
async function callers(
  base: string,
  key: string,
  acknowledged: Set<string>,
  broken: { calls: number },
): Promise<void> {
  const one = async (streamed: boolean) => {
    for (;;) {
      const id = randomUUID();
      const headers = { "content-type": "application/json", "x-api-key": key, "x-request-id": id };
      const body = JSON.stringify({ ...CHAT, stream: streamed, max_tokens: 20 });
      try {
        const url = `${base}/v1/chat/completions`;
        const answer = await fetch(url, { method: "POST", headers, body });
        const text = await answer.text();
        const whole = streamed ? text.endsWith("data: [DONE]\n\n") : text.endsWith("}");
        if (answer.status === 200 && whole) acknowledged.add(id);
      } catch {
        broken.calls += 1;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, index) => one(index % 2 === 0)));
}

function eventIds(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(path.join(folder, name), "utf8").trim().split("\n"))
    .map((line) => JSON.parse(line) as { kind: string; requestId: string; outcome: string })
    .filter((line) => line.kind === "event" && line.outcome === "allowed")
    .map((line) => line.requestId);
}
