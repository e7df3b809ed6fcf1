/** The bootstrap gives the CLI a folder of compiled modules that nobody else can write, or none. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../base/process.ts";
import { readEnvironment } from "./environment.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), "bootstrap-test-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const ours = () => path.join(home, "deepseek-private-service");
const compiled = () => path.join(ours(), "node-compile-cache");

async function help(): Promise<void> {
  const { NODE_COMPILE_CACHE: _, ...variables } = readEnvironment().variables;
  const { code, stderr } = await run(
    process.execPath,
    [path.join(import.meta.dirname, "bootstrap.mjs"), "preview", "--help"],
    { env: { ...variables, XDG_CACHE_HOME: home } },
  );
  expect(stderr).toBe("");
  expect(code).toBe(0);
}

test("keeps compiled modules in a folder that is the user's alone", async () => {
  await help();
  expect(readdirSync(compiled())).not.toEqual([]);
  expect(statSync(compiled()).mode & 0o777).toBe(0o700);
  expect(statSync(ours()).mode & 0o777).toBe(0o700);
});

test.each([
  ["the folder", compiled],
  ["the one above it", ours],
])("runs nothing from it where others may write into %s", async (_, open) => {
  mkdirSync(compiled(), { recursive: true, mode: 0o700 });
  chmodSync(open(), 0o770);
  await help();
  expect(readdirSync(compiled())).toEqual([]);
});

test("does without it where there is no place for it", async () => {
  rmSync(home, { recursive: true });
  writeFileSync(home, "");
  await help();
  expect(existsSync(ours())).toBe(false);
});
