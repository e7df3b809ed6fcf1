/** The lock between processes, and kills in the middle of a save. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { createKeyring } from "./crypto.ts";
import { createFileBackend } from "./file-backend.ts";
import { StateLockedError } from "./state-error.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "lock-test-"));
afterAll(() => rm(scratch, { recursive: true }));
const fixture = (name: string) => path.join(import.meta.dirname, "fixtures", name);

function backendIn(dir: string, notices: string[] = []) {
  return createFileBackend({
    backendUrl: `file://${dir}`,
    project: "demo",
    simulated: false,
    keyring: createKeyring(async () => "unused"),
    onNotice: (text) => notices.push(text),
  });
}

function start(script: string, args: readonly string[]) {
  const child = spawn(process.execPath, [fixture(script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  return { child, output: () => output };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
}

/** The one lock file of the stack, or whoever's content is given, as another program writes it. */
function writeLock(dir: string, content: string): string {
  const folder = path.join(dir, ".pulumi/locks/organization/demo/dev");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "6f1c6a55-0000-4000-8000-000000000000.json");
  writeFileSync(file, content);
  return file;
}

function pulumiLock(more: Record<string, unknown>): string {
  const timestamp = "2026-11-21T11:00:00.123456789+01:00";
  return JSON.stringify({
    pid: process.pid,
    username: "ann",
    hostname: os.hostname(),
    timestamp,
    ...more,
  });
}

describe("the lock", () => {
  test("of several processes that start at once, one gets it, and never two together", async () => {
    for (let round = 0; round < 2; round += 1) {
      const dir = path.join(scratch, `race-${round}`);
      mkdirSync(dir);
      const moment = `${Date.now() + 900}`;
      const racers = Array.from({ length: 4 }, () => start("lock-race.ts", [dir, moment]));
      await Promise.all(racers.map(({ child }) => ended(child)));
      const words = racers.map(({ output }) => output().trim());
      // A process that looks only after the first has let go may have its turn as well; two that
      // hold at once would collide on the proof file and print "failed".
      expect(words).toContain("held");
      expect(words.filter((word) => word !== "held" && word !== "refused")).toEqual([]);
    }
  });

  test("names the holder, since when, and the command that removes it", async () => {
    const dir = path.join(scratch, "named");
    const started = new Date(Date.now() - 1000).toISOString();
    const file = writeLock(dir, pulumiLock({ timestamp: started }));
    const error: unknown = await backendIn(dir)
      .open("dev")
      .lock("up")
      .catch((e: unknown) => e);
    if (!(error instanceof StateLockedError)) throw error;
    expect(error.message).toBe(
      `Stack dev is locked by ann@${os.hostname()}, process ${process.pid}, since ${started}.`,
    );
    expect(error.fix).toContain("npm run state -- unlock dev");
    expect(error).toMatchObject({ where: file, exitCode: 2 });
    // Having been refused leaves nothing behind.
    expect(readdirSync(path.dirname(file))).toHaveLength(1);
  });

  test("of the real CLI on another host holds, and unlock removes it", async () => {
    const dir = path.join(scratch, "elsewhere");
    writeLock(dir, pulumiLock({ hostname: "elsewhere", pid: 1 }));
    const backend = backendIn(dir);
    await expect(backend.open("dev").lock("up")).rejects.toThrow(/ann@elsewhere/);
    expect(await backend.locks("dev")).toMatchObject([
      { username: "ann", timestamp: "2026-11-21T10:00:00.123Z", operation: undefined },
    ]);
    expect(await backend.unlock("dev")).toHaveLength(1);
    await (await backend.open("dev").lock("up")).release();
  });

  test("that cannot be read holds all the same", async () => {
    const dir = path.join(scratch, "unreadable");
    writeLock(dir, "{");
    await expect(backendIn(dir).open("dev").lock("up")).rejects.toThrow(/unknown@unknown/);
  });

  test("of a process id that was given to a newcomer is taken over", async () => {
    const dir = path.join(scratch, "newcomer");
    // This very process started long after the lock's time.
    writeLock(dir, pulumiLock({ timestamp: "2020-01-01T00:00:00Z" }));
    const notices: string[] = [];
    await (await backendIn(dir, notices).open("dev").lock("up")).release();
    expect(notices).toHaveLength(1);
  });
});

describe("kill -9 while saving", () => {
  test("never leaves a damaged file, and the next lock takes over and cleans up", async () => {
    const dir = path.join(scratch, "killed");
    const kills = 8;
    for (let round = 0; round < kills; round += 1) {
      const { child, output } = start("save-loop.ts", [dir]);
      while (!output().includes("saved") && child.exitCode === null) await sleep(5);
      // Spread over the milliseconds that one save takes.
      await sleep(round * 11);
      child.kill("SIGKILL");
      await ended(child);
      const acknowledged = [...output().matchAll(/saved (\d+)/g)].length - 1;
      const snapshot = await backendIn(dir).open("dev").load();
      const rounds = new Set(snapshot?.resources.map((resource) => resource.id));
      expect(rounds.size).toBe(1);
      const [saved = ""] = rounds;
      expect(Number(saved.replace("round-", ""))).toBeGreaterThanOrEqual(acknowledged);
      if (round > 0) expect(output()).toMatch(/^notice The lock of process \d+ \(up\)/);
    }
    const notices: string[] = [];
    const lock = await backendIn(dir, notices).open("dev").lock("up");
    expect(notices[0]).toMatch(/which ended without releasing it, is taken over/);
    const files = readdirSync(path.join(dir, ".pulumi/stacks/demo"));
    expect(files.sort()).toEqual(["dev.json", "dev.json.bak"]);
    await lock.release();
  });
});
