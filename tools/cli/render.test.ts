/** What `render` takes and refuses, and the difference of two folders; no program is run. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runVerb } from "./test-stack.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "render-test-"));
  for (const [name, replicas] of Object.entries({ left: 1, right: 3 })) {
    await mkdir(path.join(folder, name, "deepseek"), { recursive: true });
    await writeFile(path.join(folder, name, ".rendered"), "");
    await writeFile(
      path.join(folder, name, "deepseek/deployment-edge.yaml"),
      `kind: Deployment\nspec:\n  replicas: ${replicas}\n`,
    );
  }
  await mkdir(path.join(folder, "foreign"));
  await writeFile(path.join(folder, "foreign", "own.txt"), "");
  await writeFile(path.join(folder, "file"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => path.join(folder, name);

test("two folders that differ end with 1 and one line each, equal ones with 0 and none", async () => {
  const different = await runVerb(["render", "--diff", at("left"), at("right")]);
  expect(different).toMatchObject({
    code: 1,
    stdout: "deepseek/deployment-edge  spec.replicas: 1 → 3\n",
  });
  const same = await runVerb(["render", "--diff", at("left"), at("left")]);
  expect(same).toMatchObject({ code: 0, stdout: "" });
});

test.each([
  [["--diff", "left"], "two folders"],
  [["--diff", "left", "foreign"], "no folder that render wrote"],
  [["local"], "a folder to write to"],
  [["local", "other", "--out", "new"], "one stack"],
  [["local", "--out", "new", "--format", "helm"], "kubernetes, systemd"],
  [["local", "--out", "foreign"], "was not written by render"],
  [["local", "--out", "file"], "there is a file where the folder would be"],
])("%j is refused", async (words, told) => {
  const named = words.map((word) =>
    ["left", "foreign", "file", "new"].includes(word) ? at(word) : word,
  );
  const { code, stderr } = await runVerb(["render", ...named]);
  expect(code).toBe(2);
  expect(stderr).toContain(told);
});
