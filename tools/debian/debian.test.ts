import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { renderConfiguration } from "./apt.ts";
import { defaultCacheFolder } from "./config.ts";
import { withFileLock } from "./file-lock.ts";
import { mergedPath, readPackage, unpackPackage } from "./package-archive.ts";
import { parseUris } from "./resolve.ts";
import { environmentFor, finishRoot, prepareRoot } from "./root-folder.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "debian-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("resolving", () => {
  test("reads apt's answer, with epochs and plus signs decoded", () => {
    const sum = "a".repeat(64);
    const text = `'http://mirror.example/pool/r/redis-tools_7%2bx.deb' redis-tools_5%3a7.0.15-1~deb12u10_amd64.deb 991988 SHA256:${sum}\n`;
    expect(parseUris(text)).toEqual([
      {
        name: "redis-tools",
        version: "5:7.0.15-1~deb12u10",
        architecture: "amd64",
        sha256: sum,
        bytes: 991988,
        uri: "http://mirror.example/pool/r/redis-tools_7%2bx.deb",
      },
    ]);
  });

  test("refuses a line without a SHA-256", () => {
    expect(() => parseUris("'http://m/x.deb' x_1_amd64.deb 10 MD5Sum:abc")).toThrow(/unknown form/);
  });

  test("keeps the host's proxy and drops its hooks and index kinds", () => {
    const text = renderConfiguration(
      "/cache/apt",
      [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::IndexTargets::deb::DEP-11::KeepCompressed "true";',
        'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/*.bin";',
        'Acquire::Languages:: "none";',
      ].join("\n"),
    );
    expect(text).toContain('Acquire::http::Proxy "http://proxy.example:3128";');
    expect(text).toContain('Acquire::Check-Valid-Until "false";');
    expect(text).not.toMatch(/Post-Invoke|DEP-11/);
    expect(text).toContain('Dir::State::Status "/cache/apt/state/status";');
  });
});

describe("the cache folder", () => {
  test("follows XDG_CACHE_HOME, and ignores a relative one as its standard says", () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "/x" })).toBe("/x/deepseek-private-service/debian");
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "x" })).not.toMatch(/^x/);
  });
});

/** A real package of our own making, with what real ones hold: folders, links, a hard link. */
async function buildPackage(): Promise<string> {
  const source = path.join(folder, "source");
  await mkdir(path.join(source, "DEBIAN"), { recursive: true });
  await mkdir(path.join(source, "lib"), { recursive: true });
  await mkdir(path.join(source, "usr/sbin"), { recursive: true });
  await writeFile(
    path.join(source, "DEBIAN/control"),
    "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n",
  );
  await writeFile(path.join(source, "lib/libsample.so.1"), "library");
  await writeFile(path.join(source, "usr/sbin/iptables-nft"), "program", { mode: 0o755 });
  await symlink("iptables-nft", path.join(source, "usr/sbin/ip6tables-nft"));
  const file = path.join(folder, "sample.deb");
  execFileSync("dpkg-deb", ["--root-owner-group", "--build", source, file], { stdio: "ignore" });
  return file;
}

describe("a package", () => {
  test("is read entry by entry, old places moved below usr", async () => {
    const entries = await readPackage(await buildPackage(), (p) => !p.endsWith("ip6tables-nft"));
    const files = entries.filter((entry) => entry.kind === "file");
    expect(
      files.map((entry) => [entry.path, entry.content.toString(), entry.mode & 0o777]),
    ).toEqual([
      ["usr/lib/libsample.so.1", "library", 0o644],
      ["usr/sbin/iptables-nft", "program", 0o755],
    ]);
  });

  test("is unpacked into merged folders, with the links that its scripts would make", async () => {
    const root = path.join(folder, "root");
    await mkdir(root);
    await prepareRoot(root);
    await unpackPackage(await buildPackage(), root);
    await finishRoot(root);
    expect(await readFile(path.join(root, "usr/lib/libsample.so.1"), "utf8")).toBe("library");
    expect(await readFile(path.join(root, "sbin/iptables"), "utf8")).toBe("program");
    expect(await readdir(path.join(root, ".libraries"))).toEqual(["libsample.so.1"]);
  });

  test("that is damaged is named in the error", async () => {
    const file = path.join(folder, "damaged.deb");
    await writeFile(file, "not a package");
    await expect(readPackage(file, () => true)).rejects.toThrow(/damaged\.deb/);
    await expect(unpackPackage(file, folder)).rejects.toThrow(/damaged\.deb/);
  });

  test.each([
    ["./bin/sh", "usr/bin/sh"],
    ["./lib64/", "usr/lib64"],
    ["./usr/bin/x", "usr/bin/x"],
    ["./binary", "binary"],
    ["./", ""],
  ])("path %s becomes %s", (given, expected) => {
    expect(mergedPath(given)).toBe(expected);
  });
});

test("a program's environment never offers the root's C library", async () => {
  const root = path.join(folder, "root");
  await mkdir(root);
  await prepareRoot(root);
  for (const name of ["libc.so.6", "libm.so.6", "libnsl.so.1", "libnsl.so.2", "libcap.so.2"]) {
    await writeFile(path.join(root, "usr/lib", name), "");
  }
  await finishRoot(root);
  const libraries = environmentFor(root).LD_LIBRARY_PATH;
  expect((await readdir(libraries)).sort()).toEqual(["libcap.so.2", "libnsl.so.2"]);
});

describe("the lock", () => {
  test("lets one holder work at a time", async () => {
    const lock = path.join(folder, "a.lock");
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withFileLock(lock, work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test("is taken over from a holder that no longer runs", async () => {
    const child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    const lock = path.join(folder, "a.lock");
    const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    await writeFile(lock, `${child.pid} ${start}`);
    let waited = false;
    const held = withFileLock(
      lock,
      async () => "mine",
      () => {
        waited = true;
        child.kill("SIGKILL");
      },
    );
    expect(await held).toBe("mine");
    expect(waited).toBe(true);
  });
});
