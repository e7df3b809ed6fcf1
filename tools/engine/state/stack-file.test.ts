/** State files that were damaged in every way we could think of. */
import { readFileSync, writeFileSync } from "node:fs";
import { copyFile, truncate } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECRET, SIGNATURE } from "../values.ts";
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

  test("property: whatever happens to its bytes, the answer is a state or a fault with a path", async () => {
    const dir = freshDir();
    const marker = "kQ7-never-told";
    const store = backendIn(dir).open("dev");
    await store.save(snapshotOf([withSecrets(marker, marker), resourceNamed("b")]));
    const file = path.join(dir, ".pulumi/stacks/demo/dev.json");
    const whole = readFileSync(file);
    const position = fc.integer({ min: 0, max: whole.length - 1 });
    const damage = fc.oneof(
      position.map((at) => whole.subarray(0, at)),
      fc.tuple(position, fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        return bytes;
      }),
      fc
        .tuple(position, position)
        .map(([a, b]) =>
          Buffer.concat([whole.subarray(0, Math.min(a, b)), whole.subarray(Math.max(a, b))]),
        ),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        writeFileSync(file, bytes);
        const error: unknown = await store.load().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) return;
        expect(error).toMatchObject({ where: file, exitCode: 2 });
        expect(`${error}`).not.toContain(marker);
      }),
      { numRuns: 300 },
    );
  });

  test("a secret whose text is no JSON is not quoted", async () => {
    const backend = backendIn(freshDir());
    await backend.open("dev").save(snapshotOf([withSecrets("a", "b")]));
    const text = JSON.stringify(await backend.exportStack("dev"));
    const shown = text.replaceAll(/"ciphertext":"[^"]*"/g, '"plaintext":"hunter2"');
    const error = await rejection(backend.importStack("dev", JSON.parse(shown)));
    expect(error.message).toMatch(/secret at .* was damaged: what it holds is not JSON/);
    expect(error.message).not.toContain("hunter2");
  });
});
