/**
 * The licence texts of everything that a Go program is made of: of each module that gave a package, those
 * at its root and beside its packages, where it carries code of others; and Go's own.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { LICENCE_FILE, LICENCE_RULE } from "../base/licences.ts";

/** For `go list -deps -f`: a package's folder, then its module's; a package of Go itself has no module. */
export const LISTED_PACKAGE =
  "{{.Dir}}{{with .Module}}{{if not .Main}}\t{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{else}}\tgo{{end}}";

interface Module {
  readonly title: string;
  readonly root: string;
  readonly folders: Set<string>;
}

/** `listed`: a line for each package, as LISTED_PACKAGE prints it. `goRoot` is where Go's licence lies. */
export async function moduleLicences(listed: string, goRoot: string): Promise<string> {
  const modules = new Map<string, Module>();
  for (const line of listed.split("\n")) {
    const [folder = "", name, version, root = goRoot] = line.split("\t");
    // Packages of the program's own module are ours.
    if (name === undefined) continue;
    const title = version === undefined ? "The Go standard library" : `${name} ${version}`;
    const module = modules.get(title) ?? { title, root, folders: new Set([root]) };
    modules.set(title, module);
    if (version !== undefined) for (const one of between(folder, root)) module.folders.add(one);
  }
  const sorted = [...modules.values()].sort((a, b) => (a.title < b.title ? -1 : 1));
  return (await Promise.all(sorted.map(licencesOf))).join(LICENCE_RULE);
}

/** From a package's folder up to its module's. */
function between(folder: string, root: string): string[] {
  const steps = path.relative(root, folder).split(path.sep);
  return steps.map((_, index) => path.join(root, ...steps.slice(0, index + 1)));
}

async function licencesOf({ title, root, folders }: Module): Promise<string> {
  const texts: string[] = [];
  for (const folder of [...folders].sort()) {
    const files = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).sort();
    for (const file of files) {
      const place = path.relative(root, path.join(folder, file));
      texts.push(`${place}:\n\n${(await readFile(path.join(folder, file), "utf8")).trim()}\n`);
    }
  }
  if (texts.length === 0) throw new Error(`${title} has no licence text in ${root}`);
  return `${title}\n\n${texts.join("\n")}`;
}
