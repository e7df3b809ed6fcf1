/** A program that is started before there is an engine. */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect, test } from "vitest";
import { ProgramHarness } from "../fixtures/test-program.ts";
import { EarlyProgram, Program } from "./program.ts";

const PASSWORD = { value: "hunter2-and-more", secret: true };

const basic = {
  projectDir: path.join(import.meta.dirname, "../fixtures/basic"),
  project: "basic",
  stack: "dev",
  config: { "basic:password": PASSWORD },
  environment: {},
};

test("its calls wait for the engine, and the first preview runs it", async () => {
  const h = new ProgramHarness("basic");
  const early = new EarlyProgram(basic, 8);
  // Time for its first call, which nobody answers yet.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const result = await h.with({ password: PASSWORD }, { early }).preview();
  expect(result.errors).toEqual([]);
  expect(result.counts).toMatchObject({ create: 6 });
  expect(early.take()).toBeUndefined();
});

test("an update runs its own after the plan", async () => {
  const h = new ProgramHarness("basic");
  const early = new EarlyProgram(basic, 8);
  const result = await h.with({ password: PASSWORD }, { early }).up();
  expect(result.errors).toEqual([]);
  expect(h.world.objects.size).toBeGreaterThan(0);
});

test("nobody else can reach its socket, and nothing is left of one that is ended", async () => {
  const program = await Program.start(basic, { preview: true, parallel: 8 });
  const folder = path.dirname(program.socket.address.slice("unix:".length));
  expect(statSync(folder).mode & 0o077).toBe(0);
  await program.end();
  expect(await program.ended).toMatchObject({ ok: false });
  expect(existsSync(folder)).toBe(false);
});

test("one that cannot start is told by whoever takes it", async () => {
  const nowhere = { ...basic, projectDir: path.join(basic.projectDir, "not-there") };
  const early = new EarlyProgram(nowhere, 8);
  await expect(early.take()).rejects.toThrow(/no Pulumi.yaml/);
});

test("what few programs need of the SDK is there for whoever looks into it, and loaded by nobody else", () => {
  const executor = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run/index.js");
  const preload = path.join(import.meta.dirname, "executor-preload.cjs");
  const looks = `
    const { automation, provider } = require("@pulumi/pulumi");
    const tracing = require(${JSON.stringify(executor)}.replace("index.js", "tracing.js"));
    const loaded = (end) => Object.keys(require.cache).some((file) => file.endsWith(end));
    tracing.newSpan("nothing").end();
    const before = loaded("localWorkspace.js") || loaded("sdk-trace-node/build/src/index.js");
    const found = [typeof automation.LocalWorkspace, "Stack" in automation, Object.keys(provider)];
    process.stdout.write(JSON.stringify({ before, found, after: loaded("localWorkspace.js") }));`;
  const told = execFileSync(process.execPath, ["--require", preload, "-e", looks, executor], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  expect(JSON.parse(told)).toEqual({
    before: false,
    found: ["function", true, expect.arrayContaining(["main"])],
    after: true,
  });
});
