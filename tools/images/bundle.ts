/**
 * A program of this repository as one JavaScript file, a source map of what is ours in it, and the
 * licence texts of everything that went into it. The result does not depend on the folder it is built in.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { type Plugin, rolldown } from "rolldown";
import { LICENCE_FILE, LICENCE_RULE } from "../base/licences.ts";
import { lighten } from "./lighten.ts";
import type { Program } from "./recipe.ts";

export interface Bundle {
  readonly code: string;
  readonly map: string;
  readonly licences: string;
}

const BUNDLE_NAME = "main.mjs";
/** Begins with what no file of a disk begins with, as bundlers agreed. */
const HTTP_MODULE = "\0node:http";

/**
 * Node holds the whole map in memory, all its places spread out: that of a gateway's packages, with
 * everybody's text, takes 50 MiB of each process. A frame within a package keeps its name in the bundle.
 */
const OWN_PLACES_ONLY: Plugin = {
  name: "own-places-only",
  transform: {
    filter: { id: /[\\/]node_modules[\\/]/ },
    handler: (code) => ({ code, map: { mappings: "" } }),
  },
};

/**
 * An `import` of node:http asks it for all of its names, WebSocket among them, and that loads the whole of
 * Node's own fetch: 13 MiB of each process and a tenth of its start. Taken as a require does, it does not.
 */
const HTTP_WITHOUT_FETCH: Plugin = {
  name: "http-without-fetch",
  resolveId: { filter: { id: /^(node:)?http$/ }, handler: () => HTTP_MODULE },
  load: {
    filter: { id: new RegExp(`^${HTTP_MODULE}$`) },
    handler: () => `module.exports = process.getBuiltinModule("node:http");`,
  },
};

export async function bundleProgram(root: string, program: Program): Promise<Bundle> {
  const build = await rolldown({
    cwd: root,
    input: path.join(root, program.entry),
    platform: "node",
    plugins: [OWN_PLACES_ONLY, HTTP_WITHOUT_FETCH],
    // A dependency that is not there must end the build, not the running program.
    onLog(level, log, handler) {
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
      if (level !== "warn") handler(level, log);
    },
  });
  try {
    const { output } = await build.generate({
      format: "esm",
      sourcemap: true,
      sourcemapExcludeSources: true,
      codeSplitting: false,
      entryFileNames: BUNDLE_NAME,
      // Without comments and indentation a program starts a tenth sooner; names stay, for stacks.
      minify: { codegen: true, compress: false, mangle: false },
    });
    const [chunk, ...others] = output;
    const map = others.find((one) => one.type === "asset" && one.fileName === `${BUNDLE_NAME}.map`);
    if (map?.type !== "asset") throw new Error(`${program.entry}: the bundle has no source map`);
    if (others.length > 1) throw new Error(`${program.entry}: the bundle is not one file`);
    const modules = Object.keys(chunk.modules).filter((one) => path.isAbsolute(one));
    refuseStrangers(root, program, modules);
    const licences = await collectLicences(root, modules);
    return { ...lighten({ code: chunk.code, map: map.source.toString() }), licences };
  } finally {
    await build.close();
  }
}

/** A module that the input hash does not cover would change the image without changing its tag. */
function refuseStrangers(root: string, program: Program, modules: readonly string[]): void {
  const strangers = modules
    .filter((one) => !one.includes("/node_modules/"))
    .map((one) => path.relative(root, one))
    .filter((one) => !program.sources.some((source) => isPartOf(one, source)));
  if (strangers.length === 0) return;
  const sources = program.sources.join(", ");
  throw new Error(`${program.entry} imports from outside ${sources}: ${strangers.join(", ")}`);
}

function isPartOf(file: string, source: string): boolean {
  return source.endsWith("/") ? file.startsWith(source) : file === source;
}

async function collectLicences(root: string, modules: readonly string[]): Promise<string> {
  const folders = new Set(modules.map(packageFolder).filter((one) => one !== undefined));
  const texts = await licenceTexts([...folders].sort());
  const own = await readFile(path.join(root, "LICENSE"), "utf8").catch(() => "");
  return [own, ...texts].filter((text) => text !== "").join(LICENCE_RULE);
}

/** Of packages by their names. */
export function packageLicences(root: string, names: readonly string[]): Promise<string[]> {
  return licenceTexts(names.map((name) => path.join(root, "node_modules", name)));
}

async function licenceTexts(folders: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(
      await readFile(path.join(folder, "package.json"), "utf8"),
    ) as { name: string; version: string; license?: string };
    const files = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).sort();
    const contents = await Promise.all(
      files.map((one) => readFile(path.join(folder, one), "utf8")),
    );
    const text = contents.map((one) => one.trim()).join("\n\n");
    texts.push(`${name} ${version} (${license ?? "see below"})\n\n${text}\n`);
  }
  return texts;
}

function packageFolder(file: string): string | undefined {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}
