/** `npm run smoke` as a person uses it: against a service that is well, one that is not, and none. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../servers/supervised.ts";
import { type Standalone, startStandalone } from "./standalone-gateway.ts";

const main = path.join(import.meta.dirname, "main.ts");
const folder = mkdtempSync(path.join(tmpdir(), "smoke-test-"));
let gateway: Standalone;

beforeAll(async () => {
  gateway = await startStandalone({
    projectDir: path.join(import.meta.dirname, "../.."),
    folder,
    port: await freePort(),
    providerKeys: new Map(),
    variables: { PATH: process.env["PATH"] ?? "" },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

async function smoke(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const words = ["--disable-warning=ExperimentalWarning", main, "smoke", ...args];
  const child = spawn(process.execPath, words, {
    env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...env },
  });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      texts[name] += chunk.toString("utf8");
    });
  }
  const [code] = await once(child, "close");
  return { code, ...texts };
}

interface Report {
  readonly ok: number;
  readonly fault: number;
  readonly results: readonly { name: string; note: string; verdict: string; wholeMs: number }[];
}

describe("a service that is well", () => {
  test("has no fault; what the key may not do is said and is none", async () => {
    const { code, stdout } = await smoke([gateway.url, "--json", "--key", gateway.key]);
    const report = JSON.parse(stdout) as Report;
    const of = (verdict: string) => report.results.filter((one) => one.verdict === verdict);
    expect([code, of("fault")]).toEqual([0, []]);
    expect(report.ok).toBeGreaterThan(28);
    // A new endpoint needs a check of its own where a plain GET cannot try it.
    const untried = report.results.filter(({ note }) => note === "not tried");
    expect(untried.map(({ name }) => name).filter((name) => !/ \/admin\//.test(name))).toEqual([
      "POST /v1/quota/requests",
      "POST /users/me/password",
      "POST /users/me/keys",
      "POST /users/me/keys/rotate",
      "POST /users/me/totp",
      "POST /users/me/totp/confirm",
    ]);
    expect(of("ok").every(({ name, wholeMs }) => wholeMs > 0 || name.includes("/ws"))).toBe(true);
    const roles = report.results.find(({ name }) => name === "GET /admin/v1/roles");
    expect(roles).toMatchObject({ verdict: "skipped", note: "not allowed to this key" });
  });

  test("is shown as a table, with the key from the environment", async () => {
    const { code, stdout } = await smoke([gateway.url], { DEEPSEEK_API_KEY: gateway.key });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ POST \/v1\/chat\/completions +200 +[\d.]+ +[\d.]+ {2}streamed$/m);
    expect(stdout).toMatch(/^\d+ well, 0 at fault, \d+ not for this caller or not there$/m);
    expect(stdout).not.toContain(gateway.key);
  });

  test("asks for a key where none is given, and that is no fault", async () => {
    const { code, stdout } = await smoke([gateway.url]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^– GET \/v1\/models +401 .*needs a key$/m);
    expect(stdout).toMatch(/^✓ GET \/health +200/m);
  });

  test("a key that it does not know is a fault", async () => {
    const { code, stdout } = await smoke([gateway.url, "--key", "sk-unknown"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ GET \/v1\/models +401 .*invalid_api_key$/m);
  });
});

test("a service that answers nonsense, and lets anybody in, fails each check", async () => {
  const server = http.createServer((_request, response) => response.end("<html>welcome</html>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stdout } = await smoke([url, "--json", "--key", "any"]);
  server.close();
  const { ok, fault } = JSON.parse(stdout) as Report;
  expect([code, ok, fault > 10]).toEqual([1, 0, true]);
});

test("a service that is away fails, and a wrong address or file is told in one screen", async () => {
  const away = await smoke([`http://127.0.0.1:${await freePort()}`]);
  expect([away.code, away.stdout]).toEqual([1, expect.stringContaining("ECONNREFUSED")]);
  for (const args of [["127.0.0.1"], ["http://host/v1"], ["http://host", "--ca", "/none"], []]) {
    const { code, stderr } = await smoke(args);
    expect([code, stderr.split("\n").length < 8]).toEqual([2, true]);
  }
});
