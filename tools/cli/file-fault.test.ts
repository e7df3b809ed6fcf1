import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ofFiles } from "./file-fault.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "file-fault-"));
  await writeFile(path.join(folder, "file"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a file where a folder would be is told with its place", async () => {
  for (const place of ["file", "file/below"]) {
    const where = path.join(folder, place);
    const error = await mkdir(where, { recursive: true }).catch(ofFiles);
    expect(error).toMatchObject({ name: "UserError", where, fix: "name another place" });
    expect(error).toMatchObject({ message: expect.stringContaining("a file where a folder") });
  }
});

// The device that is always full.
test("a full disk is told, although a write names no file", async () => {
  const full = await open("/dev/full", "w");
  const error = await full.writeFile("x").catch(ofFiles);
  await full.close();
  expect(error).toMatchObject({ name: "UserError", exitCode: 1 });
  expect(error).toMatchObject({ message: expect.stringContaining("the disk is full") });
});

test("what is no refusal of a file system stays what it is", async () => {
  const missing = await open(path.join(folder, "missing")).catch((error: unknown) => error);
  const refused = Object.assign(new Error("connect EACCES"), {
    code: "EACCES",
    syscall: "connect",
  });
  for (const error of [missing, refused, new Error("ours"), "text"])
    expect(ofFiles(error)).toBe(error);
});
