/**
 * Bad input, as a person meets it: each is refused with one screen that names what, where and how
 * to mend it, exit code 2, and nothing is changed.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runVerb, runVerbOrFail, type VerbResult } from "./test-stack.ts";

const fixture = path.join(import.meta.dirname, "fixtures/small");
const program = ["--engine", "embedded", "--cwd", fixture];
const SCREEN_LINES = 24;

let folder: string;
let deployed: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "bad-input-"));
  deployed = path.join(folder, "deployed");
  await runVerbOrFail(["up", "test", "--yes", ...program], {
    environment: { DEEPSEEK_STATE_DIR: deployed },
  });
}, 120_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("settings", () => {
  test("an unknown key names its path and the nearest known one", async () => {
    const result = await preview(["--config", "deepseek:gateway.replica=3"]);
    expectScreen(result, /deepseek:gateway\.replica\b/, /replicas/);
  });

  test("a wrong type says what would be right", async () => {
    const result = await preview(["--config", "deepseek:gateway.replicas=many"]);
    expectScreen(result, /deepseek:gateway\.replicas/, /number/);
  });

  test("two faults are told together", async () => {
    const result = await preview([
      ...["--config", "deepseek:gateway.replicas=many"],
      ...["--config", "deepseek:edge.nonsense=1"],
    ]);
    expectScreen(result, /2 faults/, /deepseek:gateway\.replicas/, /deepseek:edge\.nonsense/);
  });
});

describe("the command line", () => {
  test("an unknown verb, option, engine or number is refused", async () => {
    expectScreen(await runVerb(["upp"]), /upp/, /preview/);
    expectScreen(await runVerb(["up", "local", "--yess"]), /--yess/, /--yes/);
    expectScreen(await runVerb(["preview", "local", "--engine", "other"]), /other/, /embedded/);
    expectScreen(await runVerb(["preview", "local", "--parallel", "0"]), /parallel/, /1 to 64/);
  });

  test("a stack that does not exist is told with those that do", async () => {
    expectScreen(await runVerb(["preview", "nope"]), /Pulumi\.nope\.yaml/, /local/);
  });

  test("up without a terminal and without --yes starts nothing", async () => {
    expectScreen(await runVerb(["up", "local"]), /terminal/, /--yes/);
  });
});

describe("the cluster", () => {
  test("that cannot be reached is named", async () => {
    const kubeconfig = path.join(folder, "kubeconfig");
    await writeFile(kubeconfig, unreachable());
    const result = await up("unreachable", ["--config", "small:kind=cluster"], {
      KUBECONFIG: kubeconfig,
    });
    expectScreen(result, /127\.0\.0\.1:1\b/);
  });

  test("a resource type that is not supported is refused by name", async () => {
    const result = await up("unsupported", ["--config", "small:kind=helm"]);
    expectScreen(result, /kubernetes:helm\.sh\/v3:Release/);
  });
});

describe("the state", () => {
  test("is not opened by a wrong passphrase", async () => {
    await untouched(async (state) => {
      const environment = { DEEPSEEK_STATE_DIR: state, PULUMI_CONFIG_PASSPHRASE: "wrong" };
      const result = await runVerb(["up", "test", "--yes", ...program], { environment });
      expectScreen(result, /passphrase/i);
    });
  });

  test("that is cut short is named, with the copy to restore", async () => {
    await untouched(async (state) => {
      const file = path.join(state, "pulumi/.pulumi/stacks/small/test.json");
      await truncate(file, 200);
      const result = await upIn(state);
      expectScreen(result, /test\.json/, /\.bak|history/);
      await rm(file);
    }, false);
  });

  test("that is locked names the holder and the way out", async () => {
    await untouched(async (state) => {
      const holder = spawn("sleep", ["60"]);
      try {
        const locks = path.join(state, "pulumi/.pulumi/locks/organization/small/test");
        await cp(path.join(fixture, "package.json"), path.join(locks, "x.json"));
        await writeFile(
          path.join(locks, "x.json"),
          JSON.stringify({
            pid: holder.pid,
            username: "somebody",
            hostname: os.hostname(),
            timestamp: new Date().toISOString(),
          }),
        );
        expectScreen(await upIn(state), /somebody/, /unlock/);
      } finally {
        holder.kill("SIGKILL");
      }
    });
  });
});

function preview(args: readonly string[]): Promise<VerbResult> {
  const environment = { DEEPSEEK_STATE_DIR: path.join(folder, "settings") };
  return runVerb(["preview", "local", ...args], { environment });
}

function upIn(state: string): Promise<VerbResult> {
  return runVerb(["up", "test", "--yes", ...program], {
    environment: { DEEPSEEK_STATE_DIR: state },
  });
}

function up(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<VerbResult> {
  return runVerb(["up", "test", "--yes", ...program, ...args], {
    environment: { DEEPSEEK_STATE_DIR: path.join(folder, name), ...environment },
  });
}

/** Works on a copy of the deployed state and proves that its checkpoint stays as it was. */
async function untouched(work: (state: string) => Promise<void>, compare = true): Promise<void> {
  const state = await mkdtemp(path.join(folder, "copy-"));
  await cp(deployed, state, { recursive: true });
  const file = "pulumi/.pulumi/stacks/small/test.json";
  const before = await readFile(path.join(state, file), "utf8");
  await work(state);
  if (compare) expect(await readFile(path.join(state, file), "utf8")).toBe(before);
  const stacks = await readdir(path.join(state, "pulumi/.pulumi/stacks/small"));
  expect(stacks.filter((name) => name.endsWith(".tmp"))).toEqual([]);
}

function unreachable(): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

function expectScreen(result: VerbResult, ...patterns: readonly RegExp[]): void {
  const output = result.stdout + result.stderr;
  for (const pattern of patterns) expect(output).toMatch(pattern);
  expect(output).not.toMatch(/^\s+at .*\.(ts|js):\d+/m);
  expect(output.trimEnd().split("\n").length).toBeLessThanOrEqual(SCREEN_LINES);
  expect({ code: result.code, output }).toMatchObject({ code: 2 });
}
