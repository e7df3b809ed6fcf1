import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImages } from "./build.ts";
import { recipeNamed, USUAL_RECIPES } from "./catalogue.ts";
import { type ImagesLock, readImagesLock } from "./lock.ts";
import { PROGRAM_UID } from "./recipes/program-user.ts";
import {
  type ContainerOptions,
  killContainer,
  runContainer,
  startContainer,
  unpackImage,
} from "./test-container.ts";

// Goal: every image is built twice to the same digest, and every program runs as it will in a pod:
// read-only root, its own user, no capability, only the declared folders writable. Needs root.
const run = promisify(execFile);
let folder = "";
let lock: ImagesLock;
const roots = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "images-cluster-"));
  await chmod(folder, 0o755);
  lock = await buildImages({ stateDir: path.join(folder, "first") });
  for (const image of lock.images) {
    const target = path.join(folder, "unpacked", image.name);
    await mkdir(target, { recursive: true });
    roots.set(image.name, await unpackImage(image.archive, target));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function rootOf(name: string): string {
  const root = roots.get(name);
  if (root === undefined) throw new Error(`${name} was not built`);
  return root;
}

async function runs(name: string, command: readonly string[], options: ContainerOptions = {}) {
  return runContainer(rootOf(name), recipeNamed(name), { ...options, command });
}

/** A folder on this machine that the image's user may write. */
async function writableFolder(name: string): Promise<string> {
  const made = path.join(folder, name);
  await mkdir(made, { recursive: true });
  await chown(made, PROGRAM_UID, PROGRAM_UID);
  return made;
}

async function until(what: string, question: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await question()) return;
    await sleep(100);
  }
  throw new Error(`waited 30 s in vain: ${what}`);
}

describe("building", () => {
  test("again, elsewhere and under another umask gives the same digests", async () => {
    const stateDir = path.join(folder, "second");
    const program = path.join(import.meta.dirname, "build.ts");
    const code = `const { buildImages } = await import(${JSON.stringify(program)});
      await buildImages({ stateDir: ${JSON.stringify(stateDir)} });`;
    await run(
      "sh",
      ["-c", 'umask 077 && exec "$0" --input-type=module --eval "$1"', process.execPath, code],
      {
        cwd: "/",
      },
    );
    const second = await readImagesLock(stateDir);
    const digests = (one: ImagesLock | undefined) => one?.images.map((image) => image.digest);
    expect(digests(second)).toEqual(digests(lock));
    for (const image of second?.images ?? []) {
      const first = lock.images.find((one) => one.name === image.name);
      const [a, b] = await Promise.all(
        [image.archive, first?.archive ?? ""].map((f) => readFile(f)),
      );
      expect(a?.equals(b ?? Buffer.alloc(0)), image.name).toBe(true);
    }
    await rm(stateDir, { recursive: true });
  });

  test("with nothing changed takes less than a second and no network", async () => {
    const started = performance.now();
    expect(await buildImages({ stateDir: path.join(folder, "first") })).toEqual(lock);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test("rebuilds an archive that was lost, and only that one", async () => {
    const stateDir = path.join(folder, "first");
    const tester = lock.images.find((image) => image.name === "tester");
    const before = await stat(path.join(stateDir, "images", `edge-${hashOf("edge")}.tar`));
    await rm(tester?.archive ?? "");
    await writeFile(
      path.join(stateDir, "images/edge-000000000000.tar.1.partial"),
      "left by a kill",
    );
    expect(await buildImages({ stateDir })).toEqual(lock);
    const after = await stat(path.join(stateDir, "images", `edge-${hashOf("edge")}.tar`));
    expect(after.mtimeMs).toBe(before.mtimeMs);
    expect(await readdir(path.join(stateDir, "images"))).toHaveLength(USUAL_RECIPES.length);
  });

  test("twice at once gives two whole answers", async () => {
    const stateDir = path.join(folder, "both");
    const names = ["tester", "edge"];
    const [one, other] = await Promise.all([
      buildImages({ stateDir, names }),
      buildImages({ stateDir, names: ["tester"] }),
    ]);
    const known = new Map(lock.images.map((image) => [image.name, image.digest]));
    for (const image of [...(one?.images ?? []), ...(other?.images ?? [])]) {
      expect(image.digest).toBe(known.get(image.name));
      expect((await stat(image.archive)).size).toBe(image.bytes);
    }
    expect((await readImagesLock(stateDir))?.images.map((image) => image.name).sort()).toEqual(
      [...names].sort(),
    );
  });

  function hashOf(name: string): string {
    return lock.images.find((image) => image.name === name)?.inputHash.slice(0, 12) ?? "";
  }
});

describe.each(USUAL_RECIPES.map((recipe) => [recipe.name, recipe] as const))(
  "%s",
  (name, recipe) => {
    test("has no shell without a reason, no set-user-id file, and the licences of what it holds", async () => {
      const root = rootOf(name);
      const shells = recipe.shell === undefined ? ["sh", "bash", "dash", "busybox"] : [];
      for (const shell of shells) {
        await expect(stat(path.join(root, "usr/bin", shell))).rejects.toThrow(/ENOENT/);
      }
      const { stdout } = await run("find", [root, "-xdev", "-perm", "/6000"]);
      expect(stdout).toBe("");
      const records = await readdir(path.join(root, "var/lib/dpkg/status.d"));
      expect(records.length).toBeGreaterThan(1);
      for (const record of records) {
        const text = path.join(root, "usr/share/doc", record, "copyright");
        expect((await stat(text)).size, text).toBeGreaterThan(0);
      }
    });
  },
);

describe("programs", () => {
  test.each([
    ["gateway", ["/usr/local/bin/node", "--version"], /^v24\./],
    ["weights", ["/usr/local/bin/node", "--version"], /^v24\./],
    ["audit-archive", ["/usr/local/bin/node", "--version"], /^v24\./],
    ["alert-relay", ["/usr/local/bin/node", "--version"], /^v24\./],
    ["edge", ["nginx", "-v"], /nginx\/1\.22/],
    ["redis", ["redis-server", "--version"], /v=7\./],
    ["redis", ["redis-cli", "--version"], /redis-cli 7\./],
    ["postgres", ["postgres", "--version"], /PostgreSQL\) 15\./],
    ["postgres", ["pg_dump", "--version"], /15\./],
    ["prometheus", ["prometheus", "--version"], /version 2\./],
    ["alertmanager", ["alertmanager", "--version"], /version 0\.2/],
    ["edge-exporter", ["nginx-prometheus-exporter", "-version"], /version=0\.11\./],
    ["redis-exporter", ["redis_exporter", "-version"], /1\.45|Redis Metrics Exporter/],
    ["postgres-exporter", ["postgres_exporter", "--version"], /version 0\.11\./],
    ["tester", ["sh", "-c", "id -u 2>/dev/null || busybox id -u"], /^10001\n$/],
  ])("of %s: %j", async (name, command, expected) => {
    const { code, output } = await runs(name, command);
    expect(output).toMatch(expected);
    expect(code).toBe(0);
  });

  test("cannot write outside their folders", async () => {
    const { output } = await runs("tester", [
      "sh",
      "-c",
      "echo x > /etc/x; echo y > /tmp/y && cat /tmp/y",
    ]);
    expect(output).toMatch(/Read-only file system/);
    expect(output).toMatch(/^y$/m);
  });

  test("that call out know the public authorities", async () => {
    const bundle = await readFile(
      path.join(rootOf("alertmanager"), "etc/ssl/certs/ca-certificates.crt"),
      "latin1",
    );
    expect(bundle.split("-----BEGIN CERTIFICATE-----").length).toBeGreaterThan(100);
  });
});

describe("the edge", () => {
  test("accepts a configuration that keeps to /tmp", async () => {
    const etc = path.join(folder, "nginx.conf");
    await writeFile(
      etc,
      `daemon off; pid /tmp/nginx.pid; events {}
       http { include /etc/nginx/mime.types; access_log off;
         client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
         uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
         server { listen 127.0.0.1:18089; } }`,
    );
    const mounts = { [etc]: "/etc/nginx/nginx.conf" };
    await writeFile(path.join(rootOf("edge"), "etc/nginx/nginx.conf"), "");
    const { code, output } = await runs("edge", ["/usr/sbin/nginx", "-t"], { mounts });
    expect(output).toMatch(/test is successful/);
    expect(code).toBe(0);
  });
});

describe("programs of ours", () => {
  test("the gateway starts from its bundle and lists what its settings lack", async () => {
    const { code, output } = await runContainer(rootOf("gateway"), recipeNamed("gateway"));
    expect(output).toMatch(/GW_KEYS_FILE/);
    expect(output).not.toMatch(/Cannot find|ERR_MODULE/);
    expect(code).toBe(2);
  });

  test("the simulator serves its models", async () => {
    const server = startContainer(rootOf("simulator"), recipeNamed("simulator"), {
      environment: { SIM_TLS: "off", SIM_HOST: "127.0.0.1", SIM_PORT: "18088" },
    });
    try {
      const url = "http://127.0.0.1:18088/v1/models";
      const ask = () => fetch(url, { signal: AbortSignal.timeout(2_000) });
      await until("the simulator answers", () =>
        ask().then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      expect(await (await ask()).text()).toMatch(/simulated/);
    } finally {
      await killContainer(server);
    }
  });

  test("weights are brought and verified, or refused in words", async () => {
    const [from, to] = [await writableFolder("model"), await writableFolder("models")];
    const bytes = Buffer.from("weights of a model");
    await writeFile(path.join(from, "config.json"), bytes);
    const sum = (text: Buffer | string) => createHash("sha256").update(text).digest("hex");
    const files = [{ path: "config.json", bytes: bytes.length, sha256: sum(bytes) }];
    const manifest = JSON.stringify({ format: "deepseek-weights-plain/1", model: "small", files });
    await writeFile(path.join(from, "manifest.json"), manifest);
    for (const name of ["source", "models"]) {
      await mkdir(path.join(rootOf("weights"), name), { recursive: true });
    }
    const prepare = (digest: string) =>
      runContainer(rootOf("weights"), recipeNamed("weights"), {
        mounts: { [from]: "/source", [to]: "/models" },
        environment: {
          WEIGHTS_FROM: "/source",
          WEIGHTS_TO: "/models/small",
          WEIGHTS_MANIFEST_SHA256: digest,
        },
      });
    const refused = await prepare(sum("another"));
    expect([refused.code, refused.output]).toEqual([
      2,
      expect.stringContaining("is not the manifest that was asked for"),
    ]);
    const brought = await prepare(sum(manifest));
    expect([brought.code, brought.output]).toEqual([
      0,
      expect.stringContaining("as their manifest names them"),
    ]);
    expect(await readFile(path.join(to, "small/config.json"))).toEqual(bytes);
  });

  test("errors point at the source, through the map", async () => {
    const map = JSON.parse(
      await readFile(path.join(rootOf("gateway"), "app/main.mjs.map"), "utf8"),
    );
    expect(map.sources.some((source: string) => source.endsWith("gateway-image/src/main.ts"))).toBe(
      true,
    );
    const code = await readFile(path.join(rootOf("gateway"), "app/main.mjs"), "utf8");
    expect(code).toContain("//# sourceMappingURL=main.mjs.map");
    expect(code).not.toContain(path.resolve(import.meta.dirname, "../.."));
    const licences = await readFile(path.join(rootOf("gateway"), "app/LICENSES.txt"), "utf8");
    expect(licences).toMatch(/^fastify 5\./m);
    expect(licences).toMatch(/^pg 8\./m);
  });
});

describe("redis", () => {
  test("serves from its folder", async () => {
    const data = await writableFolder("redis-data");
    const mounts = { [data]: "/data" };
    const server = startContainer(rootOf("redis"), recipeNamed("redis"), {
      mounts,
      command: [
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        "/data/socket",
        "--dir",
        "/data",
        "--appendonly",
        "yes",
      ],
    });
    try {
      const ask = () => runs("redis", ["redis-cli", "-s", "/data/socket", "ping"], { mounts });
      await until("redis answers", async () => (await ask()).output.includes("PONG"));
    } finally {
      await killContainer(server);
    }
  });
});
