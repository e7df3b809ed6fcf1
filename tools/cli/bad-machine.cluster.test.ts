/** A machine that is not fit: a full disk, a taken port. Refused with one screen, exit code 2. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { runOrThrow } from "../base/process.ts";
import { runVerb } from "./test-stack.ts";

const fixture = path.join(import.meta.dirname, "fixtures/small");
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "bad-machine-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("a machine that is not fit", () => {
  test("a full disk is found before the first change", async () => {
    const folder = await temporaryFolder();
    await runOrThrow("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
    cleanups.push(() => runOrThrow("umount", [folder]));
    // Leaves room for folders and a lock, and none for a state.
    await writeFile(path.join(folder, "filling"), Buffer.alloc(52 * 1024));
    const result = await runVerb(
      ["up", "test", "--yes", "--engine", "embedded", "--cwd", fixture],
      { environment: { DEEPSEEK_STATE_DIR: folder, PULUMI_CONFIG_PASSPHRASE: "x" } },
    );
    const output = result.stdout + result.stderr;
    expect(output).toMatch(/disk|space|ENOSPC/i);
    expect(output).toContain(folder);
    expect({ code: result.code, output }).toMatchObject({ code: 2 });
    expect(output).not.toMatch(/\bcreated password\b/);
  });

  test("a taken port is named, with its setting, before anything is started", async () => {
    const holder = net.createServer();
    await new Promise<void>((resolve) => holder.listen(30_443, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => holder.close(resolve)));
    const folder = await temporaryFolder();
    const result = await runVerb(["up", "local", "--yes"], {
      environment: { DEEPSEEK_STATE_DIR: folder },
    });
    const output = result.stdout + result.stderr;
    expect(output).toMatch(/port 30443/);
    expect(output).toContain("deepseek:edge.ports.https");
    expect({ code: result.code, output }).toMatchObject({ code: 2 });
    expect(await readdir(folder)).toEqual([]);
  });
});
