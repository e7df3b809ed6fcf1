/** `npm run gateway` as a person uses it: start, call, stop, start again; scan and verify. */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createApiKey } from "../../gateway-image/src/base/api-key.ts";
import { SealedBox } from "../../gateway-image/src/base/sealed-box.ts";
import { sealPrompt } from "../../gateway-image/src/base/sealed-prompt.ts";
import { freePort } from "../servers/supervised.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "standalone-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const main = path.join(import.meta.dirname, "main.ts");
const words = ["--disable-warning=ExperimentalWarning", main, "gateway"];
const env = () => ({ PATH: process.env["PATH"] ?? "", DEEPSEEK_STATE_DIR: folder, NO_COLOR: "1" });
const run = (...args: string[]) =>
  spawnSync(process.execPath, [...words, ...args], { env: env(), encoding: "utf8" });

function envFile(keys: Readonly<Record<string, string>>): string {
  const file = path.join(folder, "keys.env");
  const lines = Object.entries(keys).map(([name, key]) => `${name}=${key}\n`);
  writeFileSync(file, lines.join(""), { mode: 0o600 });
  return file;
}

async function start(keys: Readonly<Record<string, string>> = {}) {
  const port = await freePort();
  const args = [...words, "--port", String(port), "--env-file", envFile(keys)];
  const child = spawn(process.execPath, args, {
    env: env(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  await expect.poll(() => output, { timeout: 30_000 }).toContain("Ctrl-C stops it.");
  const [key = ""] = /sk-ds-\w{38}/.exec(output) ?? [];
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    return (await ended)[0] as number | null;
  };
  const chat = () =>
    fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: "deepseek-llm-7b-chat",
        messages: [{ role: "user", content: "Hello" }],
        max_tokens: 3,
      }),
    });
  const usage = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/usage`, {
      headers: { "x-api-key": key },
    });
    return ((await answer.json()) as { data: { requests: number }[] }).data[0]?.requests;
  };
  return { key, stop, chat, usage, output: () => output };
}

test("starts, answers, stops in order, and knows all of it at the next start", async () => {
  const first = await start();
  expect((await first.chat()).status).toBe(200);
  expect(await first.stop()).toBe(130);
  const second = await start();
  expect(second.key).toBe(first.key);
  expect((await second.chat()).status).toBe(200);
  await expect.poll(second.usage, { timeout: 10_000 }).toBe(2);
  await second.stop();
  const trail = path.join(folder, "gateway/data/audit/primary");
  const verified = run("verify-audit", trail, "--key", path.join(folder, "gateway/audit-seal.pub"));
  expect(verified.stdout).toMatch(/^\d+ events in 2 segments of 1 writers, 0 faults$/m);
  expect(verified.status).toBe(0);
});

test("keys of a .env file switch providers on, and stand in no process list", async () => {
  const names = ["CEREBRAS", "DEEPSEEK", "OPENAI", "DASHSCOPE", "KIMI"];
  const all = Object.fromEntries(names.map((name) => [`${name}_API_KEY`, `sk-of-${name}-7d1f`]));
  const gateway = await start(all);
  // 35 of the providers, and the simulated one.
  expect(gateway.output()).toMatch(/providers +on cerebras, deepseek, openai, dashscope, kimi\n/);
  expect(gateway.output()).toMatch(/models +36\n/);
  expect(gateway.output()).not.toContain("7d1f");
  expect(processList()).not.toContain("7d1f");
  await gateway.stop();
  const none = await start();
  expect(none.output()).toMatch(/providers +off cerebras, deepseek, openai, dashscope, kimi\n/);
  expect(none.output()).toMatch(/models +1\n/);
  await none.stop();
  const refused = run("--env-file", envFile({ KIMI_API_KEY: "your_key" }));
  expect([refused.status, refused.stderr]).toMatchObject([
    2,
    expect.stringContaining("KIMI_API_KEY"),
  ]);
});

/** Command lines and environments of everything that we may look at. */
function processList(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => ["cmdline", "environ"].map((file) => `/proc/${pid}/${file}`))
    .map((file) => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return "";
      }
    })
    .join("\n");
}

test("scan ends with 1 where a key is found, and names file and line", () => {
  const key = createApiKey();
  writeFileSync(path.join(folder, "leak.py"), `key = "${key}"\n`);
  const found = run("scan", folder);
  expect(found.stdout).toBe(`${path.join(folder, "leak.py")}:1: API key …${key.slice(-4)}\n`);
  expect(found.status).toBe(1);
  rmSync(path.join(folder, "leak.py"));
  expect(run("scan", folder).status).toBe(0);
});

test("open-prompts reads what a log has sealed, and says what it cannot", () => {
  const keys = path.join(folder, "data-keys");
  writeFileSync(keys, `one:${randomBytes(32).toString("base64")}\n`);
  const box = new SealedBox(readFileSync(keys, "utf8"));
  const line = (callId: string) => ({
    call_id: callId,
    request_id: "r",
    user: "alice",
    prompt_sealed: sealPrompt(box, "a", Buffer.from("what was asked")),
  });
  const log = path.join(folder, "gateway.log");
  const lines = [{ message: "ready" }, line("a"), line("b")];
  writeFileSync(log, lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const opened = run("open-prompts", log, "--key", keys);
  expect(
    opened.stdout
      .trim()
      .split("\n")
      .map((one) => JSON.parse(one).prompt),
  ).toEqual(["what was asked", null]);
  expect([opened.status, opened.stderr]).toEqual([
    1,
    "1 prompts; 1 sealed by another key, or changed\n",
  ]);
  expect(run("open-prompts", log).status).toBe(2);
});

test("wrong words and missing paths are told in one screen, with code 2", () => {
  for (const args of [["dance"], ["scan", "/no/such/place"], ["verify-audit", folder]]) {
    const result = run(...args);
    expect([result.status, result.stderr.split("\n").length < 8]).toEqual([2, true]);
  }
});
