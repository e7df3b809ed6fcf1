import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { copyFile, mkdir, rm, truncate } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../../base/user-error.ts";
import type { ResourceState } from "../resource.ts";
import { type PropertyValue, SECRET, SIGNATURE, secret } from "../values.ts";
import { createKeyring } from "./crypto.ts";
import { createFileBackend, type FileBackendOptions } from "./file-backend.ts";
import { describeStackStore, resourceNamed, snapshotOf } from "./store.contract.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "state-test-"));
afterAll(() => rm(scratch, { recursive: true }));

// One keyring for all tests that do not test keys: deriving a key takes a third of a second.
const keyring = createKeyring(async () => "correct horse");
let folders = 0;

function backendIn(dir: string, more: Partial<FileBackendOptions> = {}) {
  return createFileBackend({
    backendUrl: `file://${dir}`,
    project: "demo",
    simulated: false,
    keyring,
    onNotice: () => {},
    ...more,
  });
}

function freshDir(): string {
  folders += 1;
  return path.join(scratch, `backend-${folders}`);
}

async function rejection(work: Promise<unknown>): Promise<UserError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${error}`);
  return error;
}

describeStackStore("the file backend", async () => {
  const dir = freshDir();
  return { store: backendIn(dir).open("dev"), reopen: () => backendIn(dir).open("dev") };
});

describe("the layout", () => {
  test("is that of Pulumi's file backend", async () => {
    const dir = freshDir();
    const store = backendIn(dir).open("dev");
    const lock = await store.lock("up");
    const [lockFile] = readdirSync(path.join(dir, ".pulumi/locks/organization/demo/dev"));
    expect(lockFile).toMatch(/^[0-9a-f-]{36}\.json$/);
    await store.save(snapshotOf([resourceNamed("a")]));
    await store.save(snapshotOf([resourceNamed("a"), resourceNamed("b")]));
    await store.appendHistory(historyEntry({ "demo:key": { value: "s3cret", secret: true } }));
    await lock.release();
    expect(readFileSync(path.join(dir, ".pulumi/meta.yaml"), "utf8")).toBe("version: 1\n");
    expect(readdirSync(path.join(dir, ".pulumi/stacks/demo"))).toEqual([
      "dev.json",
      "dev.json.bak",
    ]);
    expect(readdirSync(path.join(dir, ".pulumi/locks/organization/demo/dev"))).toEqual([]);
    const history = readdirSync(path.join(dir, ".pulumi/history/demo/dev"));
    expect(history.map((name) => name.replace(/\d{19}/, "NS"))).toEqual([
      "dev-NS.checkpoint.json",
      "dev-NS.history.json",
    ]);
    const record = readFileSync(path.join(dir, ".pulumi/history/demo/dev", history[1] ?? ""));
    expect(JSON.parse(record.toString())).toMatchObject({
      kind: "update",
      config: { "demo:key": { secure: expect.stringMatching(/^v1:/) } },
    });
    expect(readdirSync(path.join(dir, ".pulumi/backups/demo/dev"))[0]).toMatch(/^dev\.\d+\.json$/);
    expect(statSync(path.join(dir, ".pulumi/stacks/demo/dev.json")).mode & 0o777).toBe(0o600);
  });

  test("a checkpoint is one line with Pulumi's keys in Pulumi's order", async () => {
    const dir = freshDir();
    await backendIn(dir)
      .open("dev")
      .save(snapshotOf([resourceNamed("a", { protect: false, dependencies: [] })]));
    const text = readFileSync(path.join(dir, ".pulumi/stacks/demo/dev.json"), "utf8");
    expect(text).toBe(
      '{"version":3,"checkpoint":{"stack":"organization/demo/dev","latest":{"manifest":' +
        '{"time":"2026-11-21T12:00:00.000Z","magic":"","version":""},"resources":[{"urn":' +
        '"urn:pulumi:dev::demo::random:index/randomId:RandomId::a","custom":true,"id":"id-of-a",' +
        '"type":"random:index/randomId:RandomId","inputs":{"byteLength":4,"keepers":{"area":null,' +
        '"zone":"a"}},"outputs":{"byteLength":4,"hex":"0badcafe","list":[1,"two",{"three":true}]}' +
        '}],"metadata":{}}}}',
    );
  });

  test("the manifest's magic is the hash that the Pulumi CLI checks", async () => {
    const dir = freshDir();
    const manifest = { time: "2026-11-21T12:00:00Z", magic: "", version: "v9" };
    await backendIn(dir).open("dev").save(snapshotOf([], { manifest }));
    const magic = createHash("sha256").update("v9").digest("hex");
    expect((await backendIn(dir).open("dev").load())?.manifest).toEqual({ ...manifest, magic });
  });

  test("lists and removes stacks, and refuses to remove resources", async () => {
    const dir = freshDir();
    const backend = backendIn(dir);
    await backend.open("dev").save(snapshotOf([resourceNamed("a")]));
    await backend.open("prod").save(snapshotOf([]));
    expect(await backend.listStacks()).toEqual(["dev", "prod"]);
    const refused = await rejection(backend.remove("dev", { force: false }));
    expect(refused.message).toBe("Stack dev still has 1 resources.");
    await backend.remove("dev", { force: true });
    await backend.remove("prod", { force: false });
    expect(await backend.listStacks()).toEqual([]);
  });

  test.each(["", "..", "a/b", "a b", "x".repeat(101)])("refuses %j as a name", (name) => {
    expect(() => backendIn(freshDir()).open(name)).toThrow(/is not a name for a stack/);
  });

  test("refuses a backend that is no folder, an unknown version and an old layout", async () => {
    expect(() => backendIn("x", { backendUrl: "s3://bucket" })).toThrow(/in a folder only/);
    const dir = freshDir();
    await mkdir(path.join(dir, ".pulumi/stacks"), { recursive: true });
    writeFileSync(path.join(dir, ".pulumi/stacks/dev.json"), "{}");
    expect((await rejection(backendIn(dir).open("dev").load())).fix).toContain("state upgrade");
    writeFileSync(path.join(dir, ".pulumi/meta.yaml"), "version: 7\n");
    expect((await rejection(backendIn(dir).listStacks())).message).toContain("version is 7");
  });
});

describe("secrets", () => {
  test("never stand in clear anywhere below the folder", async () => {
    const dir = freshDir();
    const store = backendIn(dir).open("dev");
    const marker = "kQ7-never-in-clear";
    const hidden = resourceNamed("a", {
      inputs: { nested: { list: [secret({ deep: [marker, secret(marker)] })] } },
      outputs: { password: secret(marker) },
    });
    await store.save(
      snapshotOf([hidden], { pendingOperations: [{ type: "updating", resource: hidden }] }),
    );
    await store.appendHistory(historyEntry({ "demo:key": { value: marker, secret: true } }));
    for (const file of filesBelow(dir)) expect(readFileSync(file, "utf8")).not.toContain(marker);
    const loaded = await backendIn(dir).open("dev").load();
    expect(loaded?.resources[0]).toEqual(hidden);
  });

  test("an unchanged secret keeps its ciphertext, a changed one gets a new one", async () => {
    const dir = freshDir();
    const first = backendIn(dir).open("dev");
    await first.save(snapshotOf([withSecrets("one", "same")]));
    const before = ciphertexts(dir);
    const second = backendIn(dir).open("dev");
    await second.load();
    // A new object with the same values, as a program that runs again gives it.
    await second.save(snapshotOf([withSecrets("two", "same")]));
    const after = ciphertexts(dir);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });

  test("without a secret nobody asks for a passphrase", async () => {
    const dir = freshDir();
    const asked = createKeyring(() => Promise.reject(new Error("asked for a passphrase")));
    const store = backendIn(dir, { keyring: asked }).open("dev");
    await store.save(snapshotOf([resourceNamed("a")]));
    expect(await store.load()).toBeDefined();
    await expect(store.save(snapshotOf([withSecrets("x", "y")]))).rejects.toThrow("asked for");
  });

  test("a wrong passphrase is told with the file and exit code 2", async () => {
    const dir = freshDir();
    await backendIn(dir)
      .open("dev")
      .save(snapshotOf([withSecrets("a", "b")]));
    const wrong = backendIn(dir, { keyring: createKeyring(async () => "wrong") });
    const error = await rejection(wrong.open("dev").load());
    expect(error.message).toBe("The passphrase is wrong: it does not open the stack's secrets.");
    expect(error.exitCode).toBe(2);
    expect(error.where).toBe(path.join(dir, ".pulumi/stacks/demo/dev.json"));
  });

  test("property: any snapshot comes back as it was", async () => {
    const dir = freshDir();
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryResource, { maxLength: 4 }), async (resources) => {
        const snapshot = snapshotOf(resources.map((make, index) => make(index)));
        await backendIn(dir).open("dev").save(snapshot);
        const loaded = await backendIn(dir).open("dev").load();
        expect(loaded?.resources).toEqual(snapshot.resources);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a damaged state file", () => {
  async function damagedStore() {
    const dir = freshDir();
    const store = backendIn(dir).open("dev");
    await store.save(snapshotOf([resourceNamed("a")]));
    await store.save(snapshotOf([resourceNamed("a"), resourceNamed("b")]));
    await store.appendHistory(historyEntry({}));
    return { dir, store, file: path.join(dir, ".pulumi/stacks/demo/dev.json") };
  }

  test("is told with its path and the newest whole copy, and the copy mends it", async () => {
    const { store, file } = await damagedStore();
    await truncate(file, 200);
    const error = await rejection(store.load());
    expect(error.message).toBe(
      "The state of stack dev cannot be used: it breaks off after 200 bytes.",
    );
    expect(error).toMatchObject({ where: file, exitCode: 2 });
    expect(error.fix).toContain(`cp '${file}.bak' '${file}'`);
    await copyFile(`${file}.bak`, file);
    expect((await store.load())?.resources).toHaveLength(1);
  });

  test("offers the history where .bak is damaged as well", async () => {
    const { store, file } = await damagedStore();
    await truncate(file, 0);
    await truncate(`${file}.bak`, 10);
    const error = await rejection(store.load());
    expect(error.message).toContain("it is empty");
    const [, copy] = /cp '([^']+)'/.exec(error.fix) ?? [];
    expect(copy).toMatch(/\.checkpoint\.json$/);
    await copyFile(copy ?? "", file);
    expect((await store.load())?.resources).toHaveLength(2);
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ["a newer version", (t) => t.replace('"version":3', '"version":9'), /its version is 9/],
    ["a feature", (t) => t.replace('"version":3', '"version":4,"features":["views"]'), /: views/],
    ["no urn", (t) => t.replace('"urn":', '"nru":'), /resources\[0\] has no urn/],
    ["a list in its place", () => "[]", /not a JSON object/],
    ["nonsense", (t) => t.replace('"custom":true', "custom:yes"), /not valid JSON/],
    ["a twin", (t) => t.replaceAll("::b", "::a"), /recorded twice/],
    ["no parent", (t) => t.replace('"custom"', '"parent":"urn:x","custom"'), /parent urn:x is mis/],
    [
      "a secret of no one",
      (t) =>
        t
          .replace("0badcafe", "x")
          .replace('"x"', `{"${SIGNATURE}":"${SECRET}","ciphertext":"v1:a:b"}`),
      /holds secrets but no secrets provider/,
    ],
  ])("%s is named", async (_name, change, message) => {
    const { store, file } = await damagedStore();
    writeFileSync(file, change(readFileSync(file, "utf8")));
    expect((await rejection(store.load())).message).toMatch(message);
  });

  test("a secret whose ciphertext was changed is named by its place", async () => {
    const dir = freshDir();
    const store = backendIn(dir).open("dev");
    await store.save(snapshotOf([withSecrets("a", "b")]));
    const file = path.join(dir, ".pulumi/stacks/demo/dev.json");
    const [ciphertext = ""] = ciphertexts(dir);
    const changed = ciphertext.replace(/.{4}$/, (end) => (end === "AAA=" ? "BBB=" : "AAA="));
    writeFileSync(file, readFileSync(file, "utf8").replace(ciphertext, changed));
    const error = await rejection(backendIn(dir).open("dev").load());
    expect(error.message).toMatch(/secret at urn:.*::s outputs\.changing was damaged/);
  });
});

describe("export and import", () => {
  test("move a stack to another backend, secrets included", async () => {
    const from = backendIn(freshDir());
    const snapshot = snapshotOf([withSecrets("a", "b"), resourceNamed("b")]);
    await from.open("dev").save(snapshot);
    const exported = JSON.parse(JSON.stringify(await from.exportStack("dev"))) as unknown;
    expect(exported).toMatchObject({ version: 3, deployment: { manifest: { version: "" } } });
    const target = freshDir();
    await backendIn(target).importStack("dev", exported);
    expect((await backendIn(target).open("dev").load())?.resources).toEqual(snapshot.resources);
  });

  test("an import that fits nothing is refused and changes nothing", async () => {
    const dir = freshDir();
    const backend = backendIn(dir);
    await backend.open("dev").save(snapshotOf([resourceNamed("a")]));
    const exported = await backend.exportStack("dev");
    const cases: [unknown, RegExp][] = [
      ["text", /not a JSON object/],
      [{ version: 3 }, /it has no deployment/],
      [{ version: 2, deployment: {} }, /its version is 2/],
    ];
    for (const [deployment, message] of cases) {
      expect((await rejection(backend.importStack("dev", deployment))).message).toMatch(message);
    }
    const other = await rejection(backend.importStack("prod", exported));
    expect(other.message).toMatch(/belongs to another stack or project/);
    expect(await backend.listStacks()).toEqual(["dev"]);
  });

  test("secrets shown in clear by an export are encrypted on import", async () => {
    const backend = backendIn(freshDir());
    await backend.open("dev").save(snapshotOf([withSecrets("a", "b")]));
    const text = JSON.stringify(await backend.exportStack("dev"));
    const shown = text.replaceAll(/"ciphertext":"[^"]*"/g, '"plaintext":"\\"shown\\""');
    await backend.importStack("dev", JSON.parse(shown));
    expect((await backend.open("dev").load())?.resources[0]?.outputs).toEqual({
      changing: secret("shown"),
      kept: secret("shown"),
    });
  });
});

describe("another stack's outputs", () => {
  test("are read by any of Pulumi's names, with their secrets marked", async () => {
    const dir = freshDir();
    const stack: ResourceState = {
      urn: "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev",
      custom: false,
      type: "pulumi:pulumi:Stack",
      outputs: { url: "https://localhost", key: secret("k") },
    };
    await backendIn(dir)
      .open("dev")
      .save(snapshotOf([stack]));
    for (const name of ["dev", "organization/dev", "organization/demo/dev"]) {
      expect(await backendIn(dir).readOutputs(name)).toEqual(stack.outputs);
    }
    expect(await backendIn(dir).readOutputs("organization/other/dev")).toBeUndefined();
    await rejection(backendIn(dir).readOutputs("acme/demo/dev"));
    await rejection(backendIn(dir).readOutputs("organization/../dev"));
  });
});

describe("the simulated cloud", () => {
  test("keeps its state apart, marked so that the real CLI refuses it", async () => {
    const dir = freshDir();
    const simulated = backendIn(dir, { simulated: true });
    const snapshot = snapshotOf([resourceNamed("a")], { simulated: true });
    await simulated.open("dev").save(snapshot);
    expect((await simulated.open("dev").load())?.simulated).toBe(true);
    expect(await backendIn(dir).listStacks()).toEqual([]);
    expect(readFileSync(path.join(dir, "simulated/.pulumi/meta.yaml"), "utf8")).toMatch(/1001/);
    const text = readFileSync(path.join(dir, "simulated/.pulumi/stacks/demo/dev.json"), "utf8");
    expect(text).toMatch(/^{"version":4,"features":\["simulatedCloud"],/);
    expect((await rejection(simulated.exportStack("dev"))).message).toMatch(/is not exported/);
    expect((await rejection(simulated.importStack("dev", {}))).message).toMatch(/not imported/);
  });

  test("its files are refused where a real cloud's belong, and the other way round", async () => {
    const dir = freshDir();
    const real = backendIn(dir);
    const simulated = backendIn(dir, { simulated: true });
    await simulated.open("dev").save(snapshotOf([], { simulated: true }));
    await real.open("dev").save(snapshotOf([]));
    const realFile = path.join(dir, ".pulumi/stacks/demo/dev.json");
    const simulatedFile = path.join(dir, "simulated/.pulumi/stacks/demo/dev.json");
    await copyFile(realFile, path.join(scratch, "kept.json"));
    await copyFile(simulatedFile, realFile);
    expect((await rejection(real.open("dev").load())).message).toMatch(/of the simulated cloud/);
    await copyFile(path.join(scratch, "kept.json"), simulatedFile);
    expect((await rejection(simulated.open("dev").load())).message).toMatch(/of a real cloud/);
    const inside = backendIn(path.join(dir, "simulated"));
    expect((await rejection(inside.open("dev").load())).message).toMatch(/simulated cloud/);
    expect(existsSync(path.join(dir, "simulated/simulated"))).toBe(false);
  });
});

describe("speed", () => {
  test("saving after a step costs little, however many resources there are", async () => {
    const dir = freshDir();
    const store = backendIn(dir).open("dev");
    const resources: ResourceState[] = [];
    for (let i = 0; i < 1000; i += 1) {
      resources.push(resourceNamed(`r${i}`, { inputs: { text: "x".repeat(2000), n: i } }));
    }
    await store.save(snapshotOf(resources));
    const started = performance.now();
    const rounds = 10;
    for (let i = 0; i < rounds; i += 1) {
      resources[i] = resourceNamed(`r${i}`, { inputs: { changed: i } });
      await store.save(snapshotOf([...resources]));
    }
    // Some 5 ms on the machine it was written on (2.3 MB flushed to disk); this is a loose bound.
    expect((performance.now() - started) / rounds).toBeLessThan(250);
  });
});

function withSecrets(changing: string, kept: string): ResourceState {
  return resourceNamed("s", { outputs: { changing: secret(changing), kept: secret(kept) } });
}

function ciphertexts(dir: string): string[] {
  const text = readFileSync(path.join(dir, ".pulumi/stacks/demo/dev.json"), "utf8");
  return [...text.matchAll(/"ciphertext":"([^"]*)"/g)].map((match) => match[1] ?? "");
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function historyEntry(config: Record<string, { value: string; secret: boolean }>) {
  return {
    kind: "update" as const,
    startTime: 1,
    endTime: 2,
    message: "",
    result: "succeeded" as const,
    environment: {},
    config,
    resourceChanges: { create: 1, update: 0, replace: 0, delete: 0, same: 0 },
  };
}

const { value: arbitraryValue } = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
    fc.string({ unit: "binary" }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 3, noNullPrototype: true }),
    tie("value").map((value) => secret(value)),
  ),
}));

const arbitraryBag = fc.dictionary(fc.string(), arbitraryValue, {
  minKeys: 1,
  maxKeys: 4,
  noNullPrototype: true,
});

const arbitraryResource = fc
  .record({ inputs: arbitraryBag, outputs: arbitraryBag, protect: fc.boolean() })
  .map(
    ({ inputs, outputs, protect }) =>
      (index: number): ResourceState => ({
        ...resourceNamed(`r${index}`),
        inputs,
        outputs,
        ...(protect ? { protect } : {}),
      }),
  );
