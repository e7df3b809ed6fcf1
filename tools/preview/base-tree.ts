/**
 * Folders for the trees of base revisions. They stay, and the next comparison gets one back: git then
 * writes only what differs, and what Node compiled of the same files is found again, since it is kept by
 * path. Each has an index of its own, so that the repository knows nothing of it.
 */
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { run } from "../base/process.ts";
import { UserError } from "../base/user-error.ts";
import { acquireLock } from "../engine/state/file-lock.ts";
import { StateLockedError } from "../engine/state/state-error.ts";

export interface BaseTree {
  /** Where the files are. */
  readonly folder: string;
  readonly index: string;
  release(): Promise<void>;
}

export interface Filling {
  /** The repository's folder. */
  readonly root: string;
  readonly commit: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The first that nobody uses; one whose user was killed is nobody's. */
export async function takeTree(parent: string): Promise<BaseTree> {
  for (let number = 0; ; number += 1) {
    const own = path.join(parent, String(number));
    const folder = path.join(own, "tree");
    await mkdir(folder, { recursive: true });
    const release = await lock(own);
    if (release !== undefined) return { folder, index: path.join(own, "index"), release };
  }
}

async function lock(own: string): Promise<(() => Promise<void>) | undefined> {
  const options = { folder: path.join(own, "locks"), stagingFolder: own, stack: "preview" };
  try {
    const { release } = await acquireLock({ ...options, onNotice: () => {} }, "preview");
    return release;
  } catch (error) {
    if (error instanceof StateLockedError) return undefined;
    throw error;
  }
}

/** Neither hooks of the checkout nor a watcher that it names are anybody's business here. */
const UNTOUCHED = [
  ...["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"],
  ...["-c", "core.sparseCheckout=false"],
];

/** Makes the folder what the commit is: what an earlier run left there, changed or made, is gone. */
export async function fillTree(tree: BaseTree, filling: Filling): Promise<void> {
  // Of a run that was killed here; nobody else is in this folder now.
  await rm(`${tree.index}.lock`, { force: true });
  if ((await fill(tree, filling)) === undefined) return;
  // An index that is broken as well: everything anew.
  await rm(tree.index, { force: true });
  await rm(tree.folder, { recursive: true, force: true });
  await mkdir(tree.folder);
  const failure = await fill(tree, filling);
  if (failure === undefined) return;
  throw new UserError(`the base cannot be checked out: ${failure}`, {
    where: tree.folder,
    fix: "see that git can read the commit (git show) and that the disk has room, then run it once more",
  });
}

/** What git said, where it failed. */
async function fill(
  { folder, index }: BaseTree,
  { root, commit, environment }: Filling,
): Promise<string | undefined> {
  const found = await run("git", ["-C", root, "rev-parse", "--absolute-git-dir"]);
  const here = [...UNTOUCHED, `--git-dir=${found.stdout.trim()}`, `--work-tree=${folder}`];
  const env = { ...environment, GIT_INDEX_FILE: index };
  for (const words of [
    ["read-tree", "--reset", "-u", commit],
    ["clean", "-ffdxq"],
  ]) {
    const { code, stderr } = await run("git", [...here, ...words], { cwd: folder, env });
    if (code !== 0) return stderr.trim();
  }
  return undefined;
}
