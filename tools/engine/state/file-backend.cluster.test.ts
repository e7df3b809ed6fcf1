/** A really full disk: a small file system of its own, which needs root to mount. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyring } from "./crypto.ts";
import { createFileBackend } from "./file-backend.ts";
import { StateError } from "./state-error.ts";
import { resourceNamed, snapshotOf } from "./store.contract.ts";

const disk = mkdtempSync(path.join(os.tmpdir(), "state-full-"));
const file = path.join(disk, ".pulumi/stacks/demo/dev.json");

beforeAll(() => {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
});
afterAll(() => {
  execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true });
});

function store() {
  return createFileBackend({
    backendUrl: `file://${disk}`,
    project: "demo",
    simulated: false,
    keyring: createKeyring(async () => "unused"),
    onNotice: () => {},
  }).open("dev");
}

function fillUpTo(freeBytes: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(path.join(disk, "ballast"), Buffer.alloc(bavail * bsize - freeBytes));
}

async function failure(work: Promise<unknown>): Promise<StateError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof StateError)) throw new Error(`expected a StateError, got ${error}`);
  return error;
}

describe("a full disk", () => {
  test("during an update is told with the path, and the old state is whole", async () => {
    await store().save(snapshotOf([resourceNamed("a")]));
    const before = readFileSync(file, "utf8");
    const running = store();
    const lock = await running.lock("up");
    fillUpTo(64 * 1024);
    const large = resourceNamed("b", { inputs: { text: "x".repeat(1024 * 1024) } });
    const error = await failure(running.save(snapshotOf([resourceNamed("a"), large])));
    expect(error.message).toBe("The disk is full: the state could not be written.");
    expect(error).toMatchObject({ where: file, exitCode: 1 });
    expect(readFileSync(file, "utf8")).toBe(before);
    await lock.release();
  });

  test("before an update is refused with exit code 2, and nothing is left behind", async () => {
    const error = await failure(store().lock("up"));
    expect(error.message).toMatch(/The disk is full/);
    expect(error.exitCode).toBe(2);
    rmSync(path.join(disk, "ballast"));
    await (await store().lock("up")).release();
    expect((await store().load())?.resources).toHaveLength(1);
  });
});
