import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeProgramImage } from "./image-archive.ts";
import { identify } from "./images.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "deepseek-images-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the same program gives the same archive, another one another config", async () => {
  const program = path.join(folder, "program");
  const image = { tag: "deepseek.local/program:1", program, name: "program", user: 10001 };
  const write = async (content: string, name: string) => {
    await writeFile(program, content);
    await writeProgramImage(image, path.join(folder, name));
    return path.join(folder, name);
  };
  const [one, same, other] = [
    await write("a", "one.tar"),
    await write("a", "same.tar"),
    await write("b", "other.tar"),
  ];
  expect(await readFile(one)).toEqual(await readFile(same));
  const identity = await identify(one);
  expect(identity.tags).toEqual(["deepseek.local/program:1"]);
  expect((await identify(other)).config).not.toBe(identity.config);
});

test("what is no archive is refused by its name", async () => {
  const file = path.join(folder, "not-a.tar");
  await writeFile(file, "x".repeat(2_000));
  await expect(identify(file)).rejects.toThrow(/no image archive/);
  await expect(identify(path.join(folder, "absent.tar"))).rejects.toThrow(/no image archive/);
});
