/** Licence texts of what a Go program is made of, from folders as the module cache has them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { moduleLicences } from "./module-licences.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "module-licences-"));
  await put("go/LICENSE", "of Go");
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), `${text}\n`);
}

const go = () => path.join(root, "go");
const from = (folder: string, module: string) =>
  `${path.join(root, module, folder)}\t${module}\tv1.0.0\t${path.join(root, module)}`;

test("each module has its texts once, with those beside packages that are used, and Go has its own", async () => {
  await put("b.org/two/LICENSE", "of two");
  await put("b.org/two/NOTICE.txt", "noted");
  await put("b.org/two/taken/LICENSE", "of what two took");
  await put("b.org/two/taken/deep/x.go", "");
  await put("b.org/two/unused/LICENSE", "of what nobody uses");
  await put("a.org/one/COPYING", "of one");
  const listed = [
    `${go()}/src/fmt\tgo`,
    `${go()}/src/os\tgo`,
    from("", "b.org/two"),
    from("taken/deep", "b.org/two"),
    from("", "a.org/one"),
    path.join(root, "ours"),
  ].join("\n");
  const texts = (await moduleLicences(listed, go())).split(/\n-{72}\n\n/);
  expect(texts).toEqual([
    "The Go standard library\n\nLICENSE:\n\nof Go\n",
    "a.org/one v1.0.0\n\nCOPYING:\n\nof one\n",
    "b.org/two v1.0.0\n\nLICENSE:\n\nof two\n\nNOTICE.txt:\n\nnoted\n\ntaken/LICENSE:\n\nof what two took\n",
  ]);
});

test("a module without a text is named", async () => {
  await put("c.org/three/x.go", "");
  await expect(moduleLicences(from("", "c.org/three"), go())).rejects.toThrow(
    /^c\.org\/three v1\.0\.0 has no licence text/,
  );
});
