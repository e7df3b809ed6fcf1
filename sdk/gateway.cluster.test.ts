/**
 * Every client that runs here, and the shell's example, signs calls for a real gateway: it takes
 * them, and refuses the same call under another secret. C# has no runtime here. Needs Debian's curl.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SealedBox } from "../gateway-image/src/base/sealed-box.ts";
import { ERRORS } from "../gateway-image/src/error-table.ts";
import { createAccessKey, sealSecret } from "../gateway-image/src/identity/access-key.ts";
import {
  boot,
  endAll,
  type Harness,
  simulate,
  testModel,
} from "../gateway-image/test/test-harness.ts";
import { runOrThrow } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";

const here = import.meta.dirname;
const folder = mkdtempSync(path.join(tmpdir(), "sdk-gateway-test-"));
const pair = createAccessKey();
/** The native code of a signature that is wrong. */
const WRONG = ERRORS.invalid_signature.native;
/** The one that the conformance programs ask for. */
const ID = "deepseek-chat-7b";
let harness: Harness;

beforeAll(async () => {
  const keys = `test:${randomBytes(32).toString("base64")}\n`;
  const keyFile = path.join(folder, "data-keys");
  writeFileSync(keyFile, keys);
  const { url } = await simulate({ models: [ID] });
  const sealedSecret = sealSecret(new SealedBox(keys), pair);
  harness = await boot({
    targets: [],
    models: [testModel([{ url }], { id: ID })],
    env: { GW_DATA_KEY_FILE: keyFile },
    directory: {
      tenants: [{ id: "bank", name: "A bank" }],
      principals: [{ id: "core", kind: "service", tenant: "bank", tier: "service" }],
      accessKeys: [{ id: "core-key", principal: "core", accessKey: pair.accessKey, sealedSecret }],
    },
  });
});
afterAll(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

/** In CI every language must be there; elsewhere one that is missing is named as skipped. */
function isMissing(...command: string[]): boolean {
  const [program = "", ...args] = command;
  return process.env.CI === undefined && spawnSync(program, args).error !== undefined;
}

async function play(command: string, args: readonly string[], cwd = here): Promise<unknown[]> {
  const words = [...args, pair.accessKey, pair.secret, `${harness.base}/v1`];
  const { stdout } = await runOrThrow(command, words, { cwd });
  const lines = stdout.trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** The conformance script, where nothing is busy and nothing breaks. */
function expectServed(lines: readonly unknown[]): void {
  const [first, second, stream, again, wrong, ...rest] = lines as unknown[][];
  expect(first?.slice(0, 2)).toEqual([expect.stringMatching(/\w/), expect.any(String)]);
  // The second call goes on with the first one's conversation.
  expect(second).toEqual([expect.stringMatching(/\w/), first?.[1]]);
  expect(stream?.join("")).toMatch(/\w/);
  expect(again).toEqual([expect.stringMatching(/\w/)]);
  expect(wrong).toEqual([WRONG]);
  expect(rest).toEqual([[0], [0], [0]]);
}

describe("a gateway takes the signatures of", () => {
  test("TypeScript", async () => {
    const node = ["--disable-warning=ExperimentalWarning", "conformance/typescript.ts"];
    expectServed(await play(process.execPath, node));
  });

  test.skipIf(isMissing("python3", "--version"))("Python", async () => {
    expectServed(await play("python3", ["conformance/python.py"]));
  });

  test.skipIf(isMissing("go", "version"))(
    "Go",
    async () => {
      expectServed(await play("go", ["run", "./conformance"], path.join(here, "go")));
    },
    300_000,
  );

  test.skipIf(isMissing("javac", "-version"))(
    "Java",
    async () => {
      const sources = ["Json", "ApiException", "Client"].map(
        (name) => `java/src/com/deepseekprivate/${name}.java`,
      );
      const compile = ["-encoding", "UTF-8", "-d", folder, ...sources];
      await runOrThrow("javac", [...compile, "java/conformance/Conformance.java"], { cwd: here });
      expectServed(await play("java", ["-Dfile.encoding=UTF-8", "-cp", folder, "Conformance"]));
    },
    300_000,
  );
});

describe("curl and openssl", () => {
  const script = path.join(here, "shell/signed-call.sh");
  const call = async (args: readonly string[], input = "", secret = pair.secret) => {
    const { root } = await ensurePackages(["curl", "openssl"]);
    const keys = { DS_ACCESS_KEY: pair.accessKey, DS_SECRET_KEY: secret };
    return runOrThrow("bash", [script, ...args], {
      input,
      env: { ...environmentFor(root), ...keys },
    });
  };
  const prompt = { model: ID, prompt: "量子 'and' $quotes", max_tokens: 4 };

  test("sign a body, from a file or standard input, and a call without one", async () => {
    const file = path.join(folder, "body.json");
    writeFileSync(file, JSON.stringify(prompt));
    const url = `${harness.base}/v1/chat/complete`;
    for (const args of [
      ["POST", `${url}?trace=a%20b&c=d`, file],
      ["POST", url, "-"],
    ]) {
      const { stdout } = await call(args, JSON.stringify(prompt));
      expect(JSON.parse(stdout)).toMatchObject({ code: 0, data: { text: expect.any(String) } });
    }
    const { stdout } = await call(["GET", `${harness.base}/v1/models`]);
    expect(JSON.parse(stdout)).toMatchObject({ data: [{ id: ID }] });
  });

  test("stream, and are refused under another secret", async () => {
    const url = `${harness.base}/v1/chat/complete`;
    const body = JSON.stringify({ ...prompt, stream: true });
    const streamed = await call(["POST", url, "-"], body);
    expect(streamed.stdout).toMatch(/data: \[DONE\]\n\n$/);
    const other = await call(["POST", url, "-"], body, `${pair.secret}x`);
    expect(JSON.parse(other.stdout)).toMatchObject({ code: WRONG });
  });
});
