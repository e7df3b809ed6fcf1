/** Trees of bases: kept from run to run, and each time exactly what the commit is. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fillTree, takeTree } from "./base-tree.ts";

let root: string;
let parent: string;
const commits: string[] = [];

const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    cwd: root,
  })
    .toString()
    .trim();

function commit(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  git("add", "--all");
  git("commit", "--quiet", "-m", "x");
  commits.push(git("rev-parse", "HEAD"));
}

beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), "tree-test-"));
  git("init", "--quiet");
  commit({ "a.txt": "first", "b/c.txt": "second", ".gitignore": "made\nnode_modules\n" });
  git("rm", "--quiet", "-r", "b");
  commit({ "a.txt": "changed" });
  for (const name of ["post-checkout", "post-index-change"]) {
    const hook = path.join(root, ".git/hooks", name);
    writeFileSync(hook, `#!/bin/sh\ntouch ${root}/hook-ran\n`, { mode: 0o755 });
  }
});
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), "tree-test-"));
  return () => rmSync(parent, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

const filling = (number: number) => ({
  root,
  commit: commits[number] ?? "",
  environment: { PATH: process.env["PATH"] ?? "" },
});
const files = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

test("a tree is what its commit is, whatever the last run left there", async () => {
  const tree = await takeTree(parent);
  await fillTree(tree, filling(0));
  expect(files(tree.folder)).toEqual([".gitignore", "a.txt", "b", "b/c.txt"]);
  // What a program of the base may do to it; what it is linked with stays as it is.
  writeFileSync(path.join(tree.folder, "a.txt"), "other");
  writeFileSync(path.join(tree.folder, "made"), "ignored");
  mkdirSync(path.join(tree.folder, "new/.git"), { recursive: true });
  const linked = path.join(parent, "linked");
  mkdirSync(linked);
  writeFileSync(path.join(linked, "kept"), "kept");
  symlinkSync(linked, path.join(tree.folder, "node_modules"));
  await fillTree(tree, filling(0));
  expect(files(tree.folder)).toEqual([".gitignore", "a.txt", "b", "b/c.txt"]);
  expect(readFileSync(path.join(tree.folder, "a.txt"), "utf8")).toBe("first");
  expect(readdirSync(linked)).toEqual(["kept"]);
  await fillTree(tree, filling(1));
  expect(files(tree.folder)).toEqual([".gitignore", "a.txt"]);
  expect(readFileSync(path.join(tree.folder, "a.txt"), "utf8")).toBe("changed");
});

test("the repository's own index and hooks have no part in it", async () => {
  const before = git("--no-optional-locks", "status", "--porcelain");
  const tree = await takeTree(parent);
  await fillTree(tree, filling(0));
  expect(git("--no-optional-locks", "status", "--porcelain")).toBe(before);
  expect(git("worktree", "list").split("\n")).toHaveLength(1);
  expect(existsSync(path.join(root, "hook-ran"))).toBe(false);
});

test("two at once get two folders, and the first that is free is given again", async () => {
  const first = await takeTree(parent);
  const second = await takeTree(parent);
  expect(second.folder).not.toBe(first.folder);
  await first.release();
  expect((await takeTree(parent)).folder).toBe(first.folder);
});

test("what a killed run has left broken is made anew", async () => {
  const tree = await takeTree(parent);
  await fillTree(tree, filling(0));
  writeFileSync(`${tree.index}.lock`, "");
  await fillTree(tree, filling(1));
  writeFileSync(tree.index, "no index");
  await fillTree(tree, filling(0));
  expect(files(tree.folder)).toEqual([".gitignore", "a.txt", "b", "b/c.txt"]);
});

test("a commit that git does not have is told", async () => {
  const tree = await takeTree(parent);
  const absent = { ...filling(0), commit: "0".repeat(40) };
  await expect(fillTree(tree, absent)).rejects.toThrow(/cannot be checked out/);
});
