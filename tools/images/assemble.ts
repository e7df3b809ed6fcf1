/** From a recipe and its packages to the files of each layer. */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { LICENCE_RULE } from "../base/licences.ts";
import type { Progress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { collectorLicences, ensureCollector } from "../collector/program.ts";
import type { DebianPackage } from "../debian/packages.ts";
import { addAuthorities, addBaseFiles } from "./base-files.ts";
import { bundleProgram, packageLicences } from "./bundle.ts";
import { addDebianFiles } from "./debian-files.ts";
import { addFile, type ImageTree } from "./image-tree.ts";
import { nodePackage } from "./input-hash.ts";
import type { BuiltProgram, Program, Recipe } from "./recipe.ts";

/**
 * A program of ours gets a layer of its own: a new version of the gateway then moves megabytes to
 * a registry or a node, and not the Node.js binary with it.
 */
export async function assembleLayers(
  root: string,
  recipe: Recipe,
  packages: readonly DebianPackage[],
  progress: Progress,
): Promise<ImageTree[]> {
  const system: ImageTree = new Map();
  addBaseFiles(system, recipe);
  const node = recipe.program === undefined ? undefined : await addNode(system, root);
  await addDebianFiles(system, packages, recipe.debian, node === undefined ? [] : [node]);
  if (recipe.authorities === true) await addAuthorities(system, packages);
  const { program, built } = recipe;
  return [
    system,
    ...(program === undefined ? [] : [await programLayer(root, program)]),
    ...(built === undefined ? [] : [await builtLayer(built, progress)]),
  ];
}

/** Returns the binary, whose shared libraries come from Debian. */
async function addNode(tree: ImageTree, root: string): Promise<Uint8Array> {
  const folder = path.join(root, "node_modules", nodePackage());
  const binary = path.join(folder, "bin/node");
  const found = await stat(binary).catch(() => undefined);
  if (found === undefined) {
    throw new UserError("The Node.js binary for the images is not installed", {
      where: binary,
      fix: "npm ci --ignore-scripts (with optional dependencies)",
    });
  }
  addFile(tree, "usr/local/bin/node", { file: binary, bytes: found.size }, 0o755);
  const licence = await readFile(path.join(folder, "LICENSE"));
  addFile(tree, "usr/share/doc/node/LICENSE", licence);
  return readFile(binary);
}

async function builtLayer(
  { target, licences }: BuiltProgram,
  progress: Progress,
): Promise<ImageTree> {
  const file = await ensureCollector(progress);
  const { size: bytes } = await stat(file);
  const tree: ImageTree = new Map();
  addFile(tree, target, { file, bytes }, 0o755);
  addFile(tree, licences, await readFile(collectorLicences(file)));
  return tree;
}

async function programLayer(root: string, program: Program): Promise<ImageTree> {
  const bundle = await bundleProgram(root, program);
  const tree: ImageTree = new Map();
  addFile(tree, "app/main.mjs", bundle.code);
  addFile(tree, "app/main.mjs.map", bundle.map);
  const packages = (program.packageFiles ?? []).map(({ package: name }) => name);
  const licences = await packageLicences(root, [...new Set(packages)]);
  addFile(tree, "app/LICENSES.txt", [bundle.licences, ...licences].join(LICENCE_RULE));
  for (const { package: name, path: file, target } of program.packageFiles ?? []) {
    addFile(tree, `app/${target}`, await readFile(path.join(root, "node_modules", name, file)));
  }
  for (const { path: folder, files, target } of program.ownFolders ?? []) {
    for (const file of files) {
      addFile(tree, `app/${target}/${file}`, await readFile(path.join(root, folder, file)));
    }
  }
  return tree;
}
