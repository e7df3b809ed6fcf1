/** Snapshots through the disk: secrets, round trips, speed. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ResourceState } from "../resource.ts";
import { type PropertyValue, secret } from "../values.ts";
import { createKeyring } from "./crypto.ts";
import { resourceNamed, snapshotOf } from "./store.contract.ts";
import {
  backendIn,
  ciphertexts,
  historyEntry,
  rejection,
  scratchFolders,
  withSecrets,
} from "./test-backend.ts";

const folders = scratchFolders();
const freshDir = () => folders.next();

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

  test("property: whatever stands inside a secret is nowhere on the disk", async () => {
    const dir = freshDir();
    const store = backendIn(dir).open("dev");
    await fc.assert(
      fc.asyncProperty(fc.uuid(), arbitraryValue, async (marker, noise) => {
        const hidden = secret({ [marker]: [marker, noise, secret(marker)] });
        const resource = resourceNamed("r", { inputs: { hidden }, outputs: { list: [hidden] } });
        await store.save(
          snapshotOf([resource], { pendingOperations: [{ type: "deleting", resource }] }),
        );
        for (const file of filesBelow(dir)) {
          expect(readFileSync(file, "utf8")).not.toContain(marker);
        }
      }),
      { numRuns: 40 },
    );
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

describe("a checkpoint that the Pulumi CLI wrote", () => {
  // The CLI, version 3.250.0, deployed a program of three components with secrets to make it.
  const recorded = readFileSync(path.join(import.meta.dirname, "fixtures/pulumi-checkpoint.json"));

  test("is read, and written again byte for byte", async () => {
    const dir = freshDir();
    const file = path.join(dir, ".pulumi/stacks/comp/dev.json");
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(path.join(dir, ".pulumi/meta.yaml"), "version: 1\n");
    writeFileSync(file, recorded);
    const keyring = createKeyring(async () => "abc");
    const store = backendIn(dir, { project: "comp", keyring }).open("dev");
    const snapshot = await store.load();
    expect(snapshot?.resources[0]?.outputs).toEqual({
      models: [{ gpus: 2, name: "chat", token: "tok-1" }],
      nested: { plain: 1, s: secret("inner") },
      password: secret("hunter2"),
    });
    expect(snapshot?.resources[2]).toMatchObject({
      protect: true,
      inputs: { hidden: secret({ n: [1, 2] }), text: "y" },
    });
    if (snapshot !== undefined) await store.save(snapshot);
    expect(readFileSync(file, "utf8")).toBe(recorded.toString("utf8"));
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

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
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
