import { mkdir, mkdtemp, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { withPartialFolder } from "./partial-folder.ts";

describe("a folder that is being filled", () => {
  test("outlives another process's clean-up, whatever times an archive gave it", async () => {
    const parent = await mkdtemp(path.join(tmpdir(), "partial-"));
    try {
      await withPartialFolder(parent, async (folder) => {
        // Every Debian archive sets the times of `./` to the day it was built.
        await utimes(folder, new Date("2023-01-01"), new Date("2023-01-01"));
        await withPartialFolder(parent, async () => undefined);
        expect((await stat(folder)).isDirectory()).toBe(true);
      });
    } finally {
      await rm(parent, { recursive: true });
    }
  });

  test("is removed by a later process once it is too old to belong to anybody", async () => {
    const parent = await mkdtemp(path.join(tmpdir(), "partial-"));
    try {
      await mkdir(path.join(parent, ".partial-killed"));
      // No program can set an entry's change time, so the clock moves instead.
      const hoursFromNow = (hours: number) => Date.now() + hours * 3_600_000;
      await withPartialFolder(parent, async () => undefined, hoursFromNow(23));
      expect(await readdir(parent)).toEqual([".partial-killed"]);
      await withPartialFolder(parent, async () => undefined, hoursFromNow(25));
      expect(await readdir(parent)).toEqual([]);
    } finally {
      await rm(parent, { recursive: true });
    }
  });
});
