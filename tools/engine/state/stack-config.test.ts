import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../../base/user-error.ts";
import { createKeyring, type Keyring } from "./crypto.ts";
import { openStackConfig, readProject } from "./stack-config.ts";

const vector = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "fixtures/passphrase-vector.json"), "utf8"),
) as {
  passphrase: string;
  salt: string;
  config: { yaml: string; values: Record<string, { value: string; secret: boolean }> };
};

const scratch = mkdtempSync(path.join(os.tmpdir(), "stack-config-test-"));
afterAll(() => rm(scratch, { recursive: true }));
const vectorKeyring = createKeyring(async () => vector.passphrase);
let folders = 0;

function projectIn(files: Record<string, string>, keyring: Keyring = vectorKeyring) {
  folders += 1;
  const projectDir = path.join(scratch, `project-${folders}`);
  mkdirSync(projectDir);
  for (const [name, text] of Object.entries({ "Pulumi.yaml": "name: demo\n", ...files })) {
    mkdirSync(path.dirname(path.join(projectDir, name)), { recursive: true });
    writeFileSync(path.join(projectDir, name), text);
  }
  const project = { name: "demo", description: "", main: "." };
  const overlayDir = path.join(projectDir, ".state/config");
  const config = openStackConfig({ project, projectDir, stack: "dev", overlayDir, keyring });
  return { config, projectDir };
}

async function fault(work: Promise<unknown>): Promise<UserError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${error}`);
  return error;
}

const indent = (yaml: string) => yaml.replaceAll(/^/gm, "  ").trimEnd();

describe("reading", () => {
  test("gives every value as Pulumi gives it to a program", async () => {
    const yaml = `encryptionsalt: ${vector.salt}\nconfig:\n${indent(vector.config.yaml)}\n`;
    const { config } = projectIn({ "Pulumi.dev.yaml": yaml });
    expect(await config.values()).toEqual(vector.config.values);
  });

  test("puts the overlay over the stack's file, and that over the project's", async () => {
    const { config } = projectIn({
      "Pulumi.yaml":
        "name: demo\nconfig:\n  a: {default: 1}\n  aws:region: {value: eu-1}\n  b: 1\n",
      "Pulumi.dev.yaml": "config:\n  demo:b: 2\n  c: 2\n  demo:config:d: 2\n",
      ".state/config/Pulumi.dev.yaml": "config:\n  demo:c: {x: 3}\n",
    });
    const values = await config.values();
    expect(Object.fromEntries(Object.entries(values).map(([k, v]) => [k, v.value]))).toEqual({
      "demo:a": "1",
      "aws:region": "eu-1",
      "demo:b": "2",
      "demo:c": '{"x":3}',
      "demo:d": "2",
    });
  });

  test("needs neither files nor a passphrase where there is nothing to read", async () => {
    const asked = createKeyring(() => Promise.reject(new Error("asked for a passphrase")));
    const { config } = projectIn({ "Pulumi.dev.yaml": `encryptionsalt: ${vector.salt}\n` }, asked);
    expect(await config.values()).toEqual({});
  });

  test.each<[string, string, RegExp]>([
    ["broken YAML", "config:\n  a: [1\n", /not valid YAML: .*line 3/],
    ["no map", "- a\n", /it is not a map/],
    ["config without keys", "config: text\n", /config is not a map/],
    ["a key of four parts", "config:\n  a:b:c:d: 1\n", /a:b:c:d is not a configuration key/],
    ["secrets without salt", "config:\n  a: {secure: v1:x:y}\n", /no encryptionsalt/],
    ["another secrets provider", "secretsprovider: awskms://k\n", /awskms:\/\/k is not built in/],
    ["environments of Pulumi Cloud", "environment: [prod]\n", /Pulumi Cloud/],
    [
      "a changed secret",
      `encryptionsalt: ${vector.salt}\nconfig:\n  a: {secure: "v1:AAAAAAAAAAAAAAAA:AAAA"}\n`,
      /The secret a does not open/,
    ],
  ])("names %s", async (_name, yaml, message) => {
    const { config } = projectIn({ "Pulumi.dev.yaml": yaml });
    const error = await fault(config.values());
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ where: config.files.stack, exitCode: 2 });
  });

  test("reads the project, and says where it looked", async () => {
    const { projectDir } = projectIn({ "Pulumi.yaml": "name: x\nmain: stacks/index.ts\n" });
    const main = "stacks/index.ts";
    expect(await readProject(projectDir)).toEqual({ name: "x", description: "", main });
    expect((await fault(readProject(scratch))).where).toBe(path.join(scratch, "Pulumi.yaml"));
  });
});

describe("writing", () => {
  test("keeps comments and order, and replaces a value under whatever key it stands", async () => {
    const { config } = projectIn({
      "Pulumi.dev.yaml": "# sizes\nconfig:\n  size: 1 # small\n  demo:other: x\n",
    });
    await config.set("demo:size", 2, { layer: "stack", secret: false });
    await config.set("demo:models", [{ name: "chat" }], { layer: "stack", secret: false });
    expect(readFileSync(config.files.stack, "utf8")).toBe(
      "# sizes\nconfig:\n  size: 2 # small\n  demo:other: x\n  demo:models:\n    - name: chat\n",
    );
    expect(await config.remove("demo:size", "stack")).toBe(true);
    expect(await config.remove("demo:size", "stack")).toBe(false);
    expect(Object.keys(await config.values())).toEqual(["demo:other", "demo:models"]);
  });

  test("seals secrets, in a file for this user only, which opens again", async () => {
    const { config, projectDir } = projectIn(
      {},
      createKeyring(async () => "p"),
    );
    const key = "-----BEGIN KEY-----\nabc\n";
    await config.set("demo:key", key, { layer: "overlay", secret: true });
    await config.set("demo:tls", { ca: key }, { layer: "overlay", secret: true });
    const text = readFileSync(config.files.overlay, "utf8");
    expect(text).not.toContain("abc");
    expect(text).toMatch(/^encryptionsalt: v1:\S+\nconfig:\n {2}demo:key:\n {4}secure: v1:\S+\n/);
    expect(statSync(config.files.overlay).mode & 0o777).toBe(0o600);
    const again = openStackConfig({
      project: { name: "demo", description: "", main: "." },
      projectDir,
      stack: "dev",
      overlayDir: path.dirname(config.files.overlay),
      keyring: createKeyring(async () => "p"),
    });
    expect(await again.values()).toEqual({
      "demo:key": { value: key, secret: true },
      "demo:tls": { value: JSON.stringify({ ca: key }), secret: true },
    });
  });

  test("uses the salt of the committed file for the overlay too", async () => {
    const { config } = projectIn({ "Pulumi.dev.yaml": `encryptionsalt: ${vector.salt}\n` });
    await config.set("demo:key", "k", { layer: "overlay", secret: true });
    expect(readFileSync(config.files.overlay, "utf8")).toContain(`encryptionsalt: ${vector.salt}`);
    expect(await config.values()).toEqual({ "demo:key": { value: "k", secret: true } });
  });
});
