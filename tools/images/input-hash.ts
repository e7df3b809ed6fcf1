/**
 * The hash of everything an image is made of. Equal hashes mean equal images, so it names the tag
 * and decides whether anything is built.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { DebianPackage } from "../debian/packages.ts";
import {
  dependenciesOf,
  lockedClosure,
  lockedPackage,
  type PackageLock,
} from "./locked-dependencies.ts";
import type { Program, Recipe } from "./recipe.ts";

/** Raised whenever the builder would make other bytes of the same inputs. */
const BUILD_FORMAT = 1;

export async function hashInputs(
  root: string,
  recipe: Recipe,
  packages: readonly DebianPackage[],
  lock: PackageLock,
): Promise<string> {
  const { program, built } = recipe;
  const inputs = {
    format: BUILD_FORMAT,
    architecture: process.arch,
    recipe,
    packages: packages.map((one) => `${one.name} ${one.version} ${one.sha256}`).sort(),
    program: program === undefined ? null : await programInputs(root, program, lock),
    ...(built === undefined ? {} : { built: await hashSources(root, built.sources) }),
  };
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
}

async function programInputs(root: string, program: Program, lock: PackageLock): Promise<object> {
  return {
    sources: await hashSources(root, program.sources),
    dependencies: lockedClosure(lock, program.workspace, programDependencies(program, lock)),
    files: (program.packageFiles ?? []).map(({ package: name }) => lockedPackage(lock, name)),
    tools: lockedClosure(lock, "", ["rolldown", nodePackage()]),
  };
}

/** The program in tools/simulator uses Node.js alone; a workspace brings its own dependencies. */
function programDependencies(program: Program, lock: PackageLock): string[] {
  return program.workspace === "" ? [] : dependenciesOf(lock, program.workspace);
}

/** As the tidy test tells tests from programs. */
const TEST_FILE =
  /\.test\.ts$|\.contract\.ts$|(^|\/)test-[a-z-]+\.ts$|(^|\/)(fixtures|node_modules)\//;

/** The npm package whose `bin/node` runs the programs. */
export function nodePackage(): string {
  return `node-linux-${process.arch === "arm64" ? "arm64" : "x64"}`;
}

/** "path sha256" of every source file; tests are no part of a program. */
async function hashSources(root: string, sources: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    sources.map((source) => (source.endsWith("/") ? listSources(root, source) : [source])),
  );
  const hashes = found
    .flat()
    .sort()
    .map(async (file) => {
      const content = await readFile(path.join(root, file));
      return `${file} ${createHash("sha256").update(content).digest("hex")}`;
    });
  return Promise.all(hashes);
}

async function listSources(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|js|mjs|json|sql|lua|html|css)$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !TEST_FILE.test(file));
}
