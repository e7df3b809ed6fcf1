/** Real credentials are found where they leak to, and nothing that only looks like one. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createApiKey } from "../base/api-key.ts";
import { createAccessKey } from "./access-key.ts";
import { scanTree } from "./scan.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "scan-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Buffer) => {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
};

test("keys and secrets are found with file and line, and never shown whole", () => {
  const key = createApiKey();
  const { secret } = createAccessKey();
  const file = write("src/.env", `A=1\nKEY="${key}"\nSECRET=${secret}\n`);
  expect(scanTree(folder)).toEqual({
    leaks: [
      { file, line: 2, kind: "API key", ending: key.slice(-4) },
      { file, line: 3, kind: "access key secret", ending: secret.slice(-4) },
    ],
    filesRead: 1,
    filesSkipped: [],
  });
});

test("what has the form without the checksum is no key", () => {
  const key = createApiKey();
  const last = key.at(-1) === "A" ? "B" : "A";
  write("a.txt", `${key.slice(0, -1)}${last} sk-ds-short ${"SK"}${"a".repeat(60)}`);
  expect(scanTree(folder).leaks).toEqual([]);
});

test("history, installed packages and binaries are not read; links are not followed", () => {
  const key = createApiKey();
  write(".git/config", key);
  write("node_modules/a/index.js", key);
  write("picture.png", Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(key)]));
  symlinkSync(folder, path.join(folder, "loop"));
  expect(scanTree(folder)).toMatchObject({ leaks: [], filesRead: 0 });
});

test("a single file may be named", () => {
  expect(scanTree(write("one", createApiKey())).leaks).toHaveLength(1);
});
