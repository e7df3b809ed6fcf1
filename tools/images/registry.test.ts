import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Step, silentProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { writeArchive } from "./archive.ts";
import { recipeNamed } from "./catalogue.ts";
import { addFile, type ImageTree } from "./image-tree.ts";
import type { LockedImage } from "./lock.ts";
import { lockOutsideImages, placeOf } from "./outside-images.ts";
import { pushImage } from "./push.ts";
import { openRepository, parseRepository } from "./registry.ts";
import { readCredentials } from "./registry-credentials.ts";
import { startRegistry, type TestRegistry } from "./test-registry.ts";
import { runImagesVerb } from "./verb.ts";

const silentStep: Step = { status: () => {} };
let folder = "";
let registry: TestRegistry;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "registry-test-"));
  registry = await startRegistry();
});
afterEach(async () => {
  await registry.close();
  await rm(folder, { recursive: true, force: true });
});

async function sampleImage(): Promise<LockedImage> {
  const tree: ImageTree = new Map();
  addFile(tree, "data", Buffer.alloc(300_000, 7));
  const file = path.join(folder, "tester.tar");
  const tag = "deepseek.local/tester:0123";
  const { digest, bytes } = await writeArchive(recipeNamed("tester"), [tree], tag, file);
  return { name: "tester", tag, digest, inputHash: "0".repeat(64), archive: file, bytes };
}

async function logIn(host: string, user: string): Promise<Record<string, string>> {
  const auth = Buffer.from(`${user}:password`).toString("base64");
  await writeFile(
    path.join(folder, "config.json"),
    JSON.stringify({ auths: { [host]: { auth } } }),
  );
  return { DOCKER_CONFIG: folder };
}

describe("pushing", () => {
  test("sends every blob once, and the registry's digest is the lock's", async () => {
    const image = await sampleImage();
    for (const tag of ["first", "second"]) {
      const repository = await openRepository(registry.host, "a/tester", "pull,push", undefined);
      await pushImage(repository, image, tag, silentStep);
    }
    const uploads = registry.requests.filter((one) => /^PUT .*uploads/.test(one));
    expect(uploads).toHaveLength(2);
    const asked = await openRepository(registry.host, "a/tester", "pull", undefined);
    expect(await asked.digestOf("second")).toBe(image.digest);
    expect(await asked.digestOf("third")).toBeUndefined();
    await asked.close();
  });

  test("logs in with what docker login left, and says so where that is missing", async () => {
    const closed = await startRegistry("deployer");
    try {
      const variables = await logIn(closed.host, "deployer");
      const credentials = await readCredentials(variables, closed.host);
      const repository = await openRepository(closed.host, "tester", "pull,push", credentials);
      await pushImage(repository, await sampleImage(), "tag", silentStep);
      expect([...closed.manifests.keys()]).toEqual(["tester:tag"]);

      const wrong = await readCredentials(await logIn(closed.host, "stranger"), closed.host);
      for (const one of [undefined, wrong]) {
        const refused = openRepository(closed.host, "tester", "pull,push", one);
        const error = await refused.catch((fault: unknown) => fault);
        expect(error).toBeInstanceOf(UserError);
        expect((error as UserError).fix).toMatch(/docker login/);
        expect(JSON.stringify([error, (error as Error).message])).not.toMatch(/password|c3RyYW5/);
      }
    } finally {
      await closed.close();
    }
  });

  test("of a damaged archive is refused by the registry and leaves no tag", async () => {
    const image = await sampleImage();
    const content = await readFile(image.archive);
    content.writeUInt8(8, content.indexOf(Buffer.alloc(1000, 7)));
    await writeFile(image.archive, content);
    const repository = await openRepository(registry.host, "tester", "pull,push", undefined);
    await expect(pushImage(repository, image, "tag", silentStep)).rejects.toThrow(/status 400/);
    expect(registry.manifests.size).toBe(0);
  });

  test("to nobody tells who was called", async () => {
    const { host } = registry;
    await registry.close();
    await expect(openRepository(host, "tester", "pull", undefined)).rejects.toThrow(
      new RegExp(`${host} cannot be reached`),
    );
    registry = await startRegistry();
  });
});

describe("outside images", () => {
  test("get the digests a mirror tells; what it lacks stays null, with the reason", async () => {
    await mkdir(path.join(folder, "config"));
    const file = path.join(folder, "config/versions.json");
    const images = {
      redis: { reference: "docker.io/library/redis:7", digest: null },
      node: { reference: "docker.io/library/node:24", digest: null },
    };
    await writeFile(file, JSON.stringify({ images }));
    registry.manifests.set("mirror/library/redis:7", Buffer.from("{}"));
    const answers = await lockOutsideImages({
      root: folder,
      registry: `${registry.host}/mirror`,
      variables: { DOCKER_CONFIG: folder },
      progress: silentProgress,
    });
    const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    const written = JSON.parse(await readFile(file, "utf8")).images;
    expect(written.redis).toEqual({ ...images.redis, digest });
    expect(written.node.digest).toBeNull();
    expect(answers.find((one) => one.name === "node")?.fault).toMatch(/node:24 is not there/);
  });

  test("are asked at their own registry, or below a mirror's path", () => {
    const reference = "quay.io/prometheus/prometheus:v2";
    const name = "prometheus/prometheus";
    expect(placeOf("origin", reference)).toEqual({ host: "quay.io", name, tag: "v2" });
    expect(placeOf("mirror.example:5000/all", reference)).toEqual({
      host: "mirror.example:5000",
      name: `all/${name}`,
      tag: "v2",
    });
  });
});

describe("the command line", () => {
  const call = { names: [], variables: {}, progress: silentProgress };

  test.each(["", "built", "toString"])("refuses the action %j", async (action) => {
    await expect(runImagesVerb({ ...call, action, stateDir: folder })).rejects.toThrow(UserError);
  });

  test.each(["save", "push"])("%s says which option it lacks", async (action) => {
    const wrong = runImagesVerb({ ...call, action, stateDir: folder });
    await expect(wrong).rejects.toThrow(/needs --/);
  });

  test.each(["https://x", "x/y:tag", "x/Y", ""])("refuses the registry %j", (text) => {
    expect(() => parseRepository(text)).toThrow(/no registry/);
  });
});
