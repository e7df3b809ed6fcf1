/**
 * What package-lock.json pins for a program: every production dependency it can reach, with
 * version and integrity. The input hash needs exactly these, so that a change of any other
 * dependency rebuilds no image.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

export type PackageLock = z.output<typeof lockSchema>;

export async function readPackageLock(root: string): Promise<PackageLock> {
  const text = await readFile(path.join(root, "package-lock.json"), "utf8");
  return lockSchema.parse(JSON.parse(text));
}

/** "location version integrity", sorted; `starts` are names as `workspace` would import them. */
export function lockedClosure(
  lock: PackageLock,
  workspace: string,
  starts: readonly string[],
): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string) => {
    const location = locate(lock, from, name);
    if (location === undefined) throw new Error(`package-lock.json has no ${name} for ${from}`);
    if (found.has(location)) return;
    found.add(location);
    for (const next of Object.keys(lock.packages[location]?.dependencies ?? {})) {
      visit(location, next);
    }
  };
  for (const name of starts) visit(workspace, name);
  return [...found].sort().map((location) => {
    const entry = lock.packages[location];
    return `${location} ${entry?.version ?? ""} ${entry?.integrity ?? ""}`;
  });
}

/** One package alone, where files of it are taken and nothing of it runs. */
export function lockedPackage(lock: PackageLock, name: string): string {
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}`);
  return `${name} ${entry.version ?? ""} ${entry.integrity ?? ""}`;
}

/** The names a workspace depends on in production. */
export function dependenciesOf(lock: PackageLock, workspace: string): string[] {
  return Object.keys(lock.packages[workspace]?.dependencies ?? {});
}

/** Node's own rule: the nearest node_modules upwards. */
function locate(lock: PackageLock, from: string, name: string): string | undefined {
  const steps = from.split("/");
  for (let count = steps.length; count >= 0; count--) {
    const folder = steps.slice(0, count).join("/");
    if (folder.endsWith("node_modules")) continue;
    const location = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock.packages[location] !== undefined) return location;
  }
  return undefined;
}
