/**
 * One machine holds one cluster. Each cluster writes who it is into its run folder, so that another
 * checkout can name a living one, and clear away a dead one completely.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { BRIDGE, type Layout, RUN_PREFIX, RUN_ROOT, TABLE } from "./layout.ts";

export interface Owner {
  readonly dir: string;
  readonly runDir: string;
  readonly group: string;
  readonly bridge: string;
  readonly table: string;
}

export async function claim(layout: Layout): Promise<void> {
  await writeFileAtomic(
    ownerFile(layout.runDir),
    `${JSON.stringify({ ...ownerOf(layout) }, null, 2)}\n`,
    0o600,
  );
}

export function ownerOf(layout: Layout): Owner {
  const { dir, runDir, group, network } = layout;
  return { dir, runDir, group, bridge: network.bridge, table: network.table };
}

/** Every cluster that has a run folder on this machine, alive or dead. */
export async function listOwners(runRoot = RUN_ROOT): Promise<Owner[]> {
  const names = await readdir(runRoot).catch(() => []);
  const found = names
    .filter((name) => name.startsWith(RUN_PREFIX))
    .sort()
    .map((name) => readOwner(path.join(runRoot, name)));
  return (await Promise.all(found)).filter((owner) => owner !== undefined);
}

/** A folder whose record was never written is a start that died early: its name says the rest. */
async function readOwner(runDir: string): Promise<Owner | undefined> {
  const text = await readFile(ownerFile(runDir), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const read = JSON.parse(text) as Partial<Owner>;
  if (typeof read.dir !== "string") return undefined;
  return {
    dir: read.dir,
    runDir,
    group: path.basename(runDir),
    bridge: read.bridge ?? BRIDGE,
    table: read.table ?? TABLE,
  };
}

function ownerFile(runDir: string): string {
  return path.join(runDir, "owner.json");
}
