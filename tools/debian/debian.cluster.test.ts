import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../base/user-error.ts";
import { openApt } from "./apt.ts";
import { downloadPackages } from "./download.ts";
import { ensurePackages } from "./packages.ts";
import { resolvePackages } from "./resolve.ts";
import { environmentFor } from "./root-folder.ts";

// Goal: real packages from the host's sources, without leaving a trace on the host.
let cacheDir = "";
beforeAll(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), "debian-cache-"));
});
afterAll(() => rm(cacheDir, { recursive: true, force: true }));

describe("packages of Debian's archive", () => {
  test("run from the unpacked root, and the host's lists and status are untouched", async () => {
    const before = await hostState();
    const { packages, root } = await ensurePackages(["socat"], { cacheDir });
    expect(packages.map((one) => one.name)).toEqual(
      expect.arrayContaining(["socat", "libc6", "libssl3", "libwrap0"]),
    );
    const said = execFileSync(path.join(root, "usr/bin/socat"), ["-V"], {
      env: { ...environmentFor(root) },
      encoding: "utf8",
    });
    expect(said).toMatch(/socat version 1\.7/);
    expect(await hostState()).toEqual(before);
    const socat = packages.find((one) => one.name === "socat");
    const content = await readFile(socat?.file ?? "");
    expect(createHash("sha256").update(content).digest("hex")).toBe(socat?.sha256);
  });

  test("cost no network the second time", async () => {
    // With the lists gone, any question to apt would fail.
    await rm(path.join(cacheDir, "apt"), { recursive: true });
    const started = performance.now();
    const { root } = await ensurePackages(["socat"], { cacheDir });
    expect(performance.now() - started).toBeLessThan(2_000);
    expect((await stat(root)).isDirectory()).toBe(true);
  });

  test("arrive whole when two processes want them at once", async () => {
    const both = await Promise.all(
      [1, 2].map(() => ensurePackages(["busybox-static"], { cacheDir })),
    );
    expect(both[0]?.root).toBe(both[1]?.root);
    const leftovers = [
      ...(await readdir(path.join(cacheDir, "roots"))),
      ...(await readdir(path.join(cacheDir, "archives"))),
    ].filter((name) => name.startsWith(".partial"));
    expect(leftovers).toEqual([]);
  });

  test("that do not exist are named, with a fix", async () => {
    const wrong = ensurePackages(["no-such-package-at-all"], { cacheDir });
    await expect(wrong).rejects.toThrow(UserError);
    await expect(wrong).rejects.toThrow(/no-such-package-at-all/);
  });

  test("with another content than the index says never reach the cache", async () => {
    const apt = await openApt(cacheDir);
    const [first] = await resolvePackages(apt, ["netbase"], { cacheFolder: cacheDir });
    if (first === undefined) throw new Error("netbase has no package");
    const forged = { ...first, sha256: "0".repeat(64) };
    await expect(downloadPackages(apt, [forged], { cacheFolder: cacheDir })).rejects.toThrow();
    expect(await readdir(path.join(cacheDir, "archives"))).not.toContain(`${forged.sha256}.deb`);
  });

  test("that left the mirror are resolved anew", async () => {
    const { packages } = await ensurePackages(["netbase"], { cacheDir });
    const resolved = path.join(cacheDir, "resolved");
    for (const name of await readdir(resolved)) {
      const file = path.join(resolved, name);
      const text = await readFile(file, "utf8");
      if (!text.includes('"netbase"')) continue;
      await writeFile(file, text.replaceAll(/netbase_[^"]*\.deb/g, "netbase_0.0_all.deb"));
    }
    await Promise.all(packages.map((one) => rm(one.file)));
    const again = await ensurePackages(["netbase"], { cacheDir });
    expect(again.packages.map((one) => one.version)).toEqual(packages.map((one) => one.version));
  });
});

async function hostState(): Promise<unknown> {
  const lists = await stat("/var/lib/apt/lists").catch(() => undefined);
  const status = await readFile("/var/lib/dpkg/status");
  return [
    lists?.mtimeMs,
    await readdir("/var/lib/apt/lists").catch(() => []),
    createHash("sha256").update(status).digest("hex"),
  ];
}
