/** `preview --against`: both revisions of a small program in a repository of its own. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../base/user-error.ts";
import { reportSchema } from "../preview/report.ts";
import { readEnvironment } from "./environment.ts";
import { runVerb } from "./test-stack.ts";
import { parseCall } from "./verb.ts";
import { verb } from "./verbs/preview.ts";

const ours = path.resolve(import.meta.dirname, "../../node_modules");
let folder: string;

const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  }).toString();

const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);

/** A ConfigMap of one line, and a Secret and an unmarked copy of what is in it. */
const program = (line: string, password: string) => `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
const password = pulumi.secret("${password}");
const copy = "${password}";
new k8s.core.v1.Secret("store", { metadata: { name: "store" }, stringData: { password } });
new k8s.core.v1.ConfigMap("app", {
  metadata: { name: "app" },
  data: { "app.conf": "first line\\n${line}\\npassword " + copy + "\\n" },
});
if (process.env.SOME_TOKEN) throw new Error("it sees " + process.env.SOME_TOKEN);
`;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "against-test-"));
  symlinkSync(ours, path.join(folder, "node_modules"));
  write(
    "Pulumi.yaml",
    "name: small\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: index.ts\n",
  );
  write("Pulumi.dev.yaml", "config: {}\n");
  write("package.json", '{ "type": "module", "private": true }\n');
  write(".gitignore", "node_modules\n");
  write("index.ts", program("level info", "planted-base-secret"));
  git("init", "--quiet", "--initial-branch", "main");
  // A hook of the checkout is no part of what is compared.
  mkdirSync(path.join(folder, ".git/hooks"), { recursive: true });
  writeFileSync(path.join(folder, ".git/hooks/post-checkout"), "#!/bin/sh\ntouch ../hook-ran\n", {
    mode: 0o755,
  });
  git("add", ".");
  git("commit", "--quiet", "-m", "base");
  git("branch", "base");
  write("index.ts", program("level debug", "planted-head-secret"));
  write(
    "package.json",
    '{ "type": "module", "private": true, "scripts": { "preinstall": "touch installed" } }\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const against = (...args: string[]) =>
  runVerb(["preview", "dev", "--cwd", folder, ...args], {
    environment: { SOME_TOKEN: "token-of-the-machine" },
  });

describe("a preview against a revision", () => {
  test("tells what the working tree changes, hides secrets of both, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await against("--against", "base", "--format", "json");
    expect(stderr).not.toContain("error");
    expect(code).toBe(0);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.outcome).toBe("planned");
    expect(report.base).toMatchObject({
      name: "base",
      packages: "same",
      commit: git("rev-parse", "base").trim(),
    });
    expect(report.head.dirty).toBe(true);
    expect(report.steps.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "replace app",
      "replace store",
    ]);
    expect(report.files[0]?.lines).toEqual([
      "@@ -1,3 +1,3 @@",
      " first line",
      "-level info",
      "+level debug",
      " password [secret]",
    ]);
    expect(`${stdout}${stderr}`).not.toMatch(/planted|token-of/);
    expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
    expect(readdirSync(folder)).not.toContain("installed");
    expect(readdirSync(folder)).not.toContain("hook-ran");
  }, 120_000);

  test("of a program that fails is a comment that says so, and ends with 2", async () => {
    const before = program("level debug", "planted-head-secret");
    write("index.ts", `${before}\nthrow new Error("out of paper, planted-head-secret");\n`);
    const { code, stdout } = await against("--against", "base", "--expect-no-changes");
    write("index.ts", before);
    expect(code).toBe(2);
    expect(stdout).toContain("this revision is refused");
    expect(stdout).toContain("out of paper");
    expect(stdout).not.toContain("planted-head");
  }, 120_000);
});

describe("a preview against an exported state", () => {
  const urn = (type: string, name: string) => `urn:pulumi:dev::small::${type}::${name}`;
  const provider = urn("pulumi:providers:kubernetes", "default");
  const state = {
    version: 3,
    deployment: {
      manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
      resources: [
        {
          urn: urn("pulumi:pulumi:Stack", "small-dev"),
          custom: false,
          type: "pulumi:pulumi:Stack",
        },
        { urn: provider, custom: true, id: "p", type: "pulumi:providers:kubernetes" },
        {
          urn: urn("kubernetes:core/v1:ConfigMap", "gone"),
          custom: true,
          id: "default/gone",
          type: "kubernetes:core/v1:ConfigMap",
          parent: urn("pulumi:pulumi:Stack", "small-dev"),
          provider: `${provider}::p`,
          inputs: {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "gone" },
            data: { a: "b\n" },
          },
        },
      ],
    },
  };

  test("tells what is missing there and what is too much", async () => {
    const file = path.join(folder, "state.json");
    writeFileSync(file, JSON.stringify(state));
    const { code, stdout, stderr } = await against("--state", file, "--format", "json");
    rmSync(file);
    expect(stderr).not.toContain("✗");
    expect(code).toBe(0);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.base).toMatchObject({ kind: "state", name: "state.json" });
    const told = report.steps.map(({ kind, name }) => `${kind} ${name}`).sort();
    expect(told).toEqual(["create app", "create store", "delete gone"]);
  }, 120_000);
});

describe("what cannot be compared is refused", () => {
  test.each([
    [["--against", "nowhere"], 'git knows no commit "nowhere"'],
    [["--against", "--upload-pack=x"], "--against"],
    [["--against", "base", "--state", "x.json"], "a comparison is with one thing"],
    [["--format", "html"], "a comparison is with one thing"],
    [["--against", "base", "--format", "pdf"], "markdown, html, json"],
    [["--against", "base", "--refresh"], "--refresh has no meaning"],
    [["--against", "base", "--target", "urn:x"], "--target has no meaning"],
    [["--state", "absent.json"], "cannot be read"],
    [["--state", path.join(ours, "zod/package.json")], "dev"],
    [["--report", path.join(ours, "zod/package.json")], "none that this program makes"],
  ])("%j", async (args, told) => {
    const { signal } = new AbortController();
    const refused = async () => {
      const call = parseCall(verb, ["dev", "--cwd", folder, ...args], readEnvironment(), signal);
      if (call !== "help") await verb.run(call);
    };
    const error = await refused().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    const { message, where, fix } = error as UserError;
    expect(`${message} ${where} ${fix}`).toContain(told);
  });
});
