import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { ResourceState } from "../resource.ts";
import { secret } from "../values.ts";
import { describeStackStore, resourceNamed, snapshotOf } from "./store.contract.ts";
import { backendIn, historyEntry, rejection, scratchFolders, withSecrets } from "./test-backend.ts";

const folders = scratchFolders();
const freshDir = () => folders.next();

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
      startTime: 1795262400,
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
    await copyFile(realFile, path.join(folders.root, "kept.json"));
    await copyFile(simulatedFile, realFile);
    expect((await rejection(real.open("dev").load())).message).toMatch(/of the simulated cloud/);
    await copyFile(path.join(folders.root, "kept.json"), simulatedFile);
    expect((await rejection(simulated.open("dev").load())).message).toMatch(/of a real cloud/);
    const inside = backendIn(path.join(dir, "simulated"));
    expect((await rejection(inside.open("dev").load())).message).toMatch(/simulated cloud/);
    expect(existsSync(path.join(dir, "simulated/simulated"))).toBe(false);
  });
});
