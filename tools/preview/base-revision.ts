/**
 * The base revision as a folder with the packages that its own package-lock.json names. Nothing of the
 * revision under review is run here.
 */
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { type RunResult, run } from "../base/process.ts";
import { UserError } from "../base/user-error.ts";
import { fillTree, takeTree } from "./base-tree.ts";

export interface BaseRequest {
  /** The folder of Pulumi.yaml in the revision under review. */
  readonly projectDir: string;
  /** What a person wrote: a branch, a tag, a commit. */
  readonly ref: string;
  /** Where trees of bases and the packages of other lock files are kept. */
  readonly cacheDir: string;
  /** For git. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
}

export interface BaseRevision {
  /** The folder of Pulumi.yaml in the base. */
  readonly projectDir: string;
  readonly commit: string;
  readonly packages: "same" | "cached";
  /** Lets another comparison have the folder. */
  release(): Promise<void>;
}

export interface Head {
  readonly commit: string;
  readonly dirty: boolean;
}

const LOCK = "package-lock.json";

export async function checkOutBase(request: BaseRequest): Promise<BaseRevision> {
  const root = await repositoryRoot(request.projectDir);
  const commit = await baseCommit(root, request.ref);
  const tree = await takeTree(path.join(request.cacheDir, "base-trees"));
  try {
    await fillTree(tree, { root, commit, environment: request.environment });
    const projectDir = path.join(tree.folder, path.relative(root, request.projectDir));
    const packages = await givePackages(projectDir, request);
    return { projectDir, commit, packages, release: tree.release };
  } catch (error) {
    await tree.release();
    throw error;
  }
}

export async function headOf(projectDir: string): Promise<Head> {
  const root = await repositoryRoot(projectDir);
  const commit = (await git(root, ["rev-parse", "HEAD"])).stdout.trim();
  // Without a lock nothing of the checkout is written, and no hook of it runs.
  const looking = ["--no-optional-locks", "status", "--porcelain", "--untracked-files=normal"];
  const status = await git(root, looking);
  return { commit, dirty: status.stdout.trim() !== "" };
}

async function repositoryRoot(projectDir: string): Promise<string> {
  const result = await run("git", ["-C", projectDir, "rev-parse", "--show-toplevel"]);
  if (result.code === 0) return result.stdout.trim();
  throw new UserError("this folder is in no git repository", {
    where: projectDir,
    fix: "run it in a checkout, or compare with an exported state: --state FILE",
  });
}

/**
 * Where the branch under review left the other one, as `git diff ref...HEAD`: what has landed there since
 * then is no change of this branch's.
 */
async function baseCommit(root: string, ref: string): Promise<string> {
  const named = await run("git", [
    ...["-C", root, "rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`],
  ]);
  if (named.code !== 0 || ref.startsWith("-")) {
    throw new UserError(`git knows no commit "${ref}" here`, {
      where: "--against",
      fix: "fetch it first: git fetch origin main, then --against origin/main",
    });
  }
  const merged = await run("git", ["-C", root, "merge-base", named.stdout.trim(), "HEAD"]);
  if (merged.code === 0) return merged.stdout.trim();
  throw new UserError(`${ref} and this checkout have no common commit`, {
    where: root,
    fix: "fetch the whole history (git fetch --unshallow; in a workflow fetch-depth: 0)",
  });
}

async function givePackages(base: string, request: BaseRequest): Promise<BaseRevision["packages"]> {
  const [old, now] = await Promise.all(
    [base, request.projectDir].map((folder) => readLock(path.join(folder, LOCK))),
  );
  const modules = path.join(base, "node_modules");
  if (old === now) {
    await symlink(path.join(request.projectDir, "node_modules"), modules);
    return "same";
  }
  request.onNotice(`${LOCK} differs from the base's: the base runs with packages of its own`);
  await symlink(await ownPackages(base, old ?? "", request), modules);
  return "cached";
}

async function readLock(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

/** What the base's lock file names, installed without any script of a package, once for each lock file. */
async function ownPackages(base: string, lock: string, request: BaseRequest): Promise<string> {
  const key = createHash("sha256").update(lock).digest("hex").slice(0, 32);
  const all = path.join(request.cacheDir, "base-packages");
  const kept = path.join(all, key);
  const modules = path.join(kept, "node_modules");
  if ((await readLock(path.join(kept, LOCK))) !== undefined) return modules;
  await mkdir(all, { recursive: true });
  const folder = await mkdtemp(path.join(all, `.${key}-`));
  try {
    await copyManifests(base, folder);
    request.onNotice("installing the base's packages without scripts …");
    const install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { signal } = request;
    const result = await run("npm", install, { cwd: folder, signal });
    if (result.code !== 0) throw installFailure(base, result);
    // Only a whole installation gets the name that is looked for.
    await rename(folder, kept).catch(() => {});
    return modules;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** npm reads the manifests of workspaces too; it makes links to them, which no program of a stack follows. */
async function copyManifests(base: string, folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(path.join(base, "package.json"), "utf8")) as {
    workspaces?: readonly string[];
  };
  const files = [
    ...["package.json", LOCK, ".npmrc"],
    ...(manifest.workspaces ?? []).map((name) => path.join(name, "package.json")),
  ];
  for (const file of files) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await copyFile(path.join(base, file), path.join(folder, file)).catch(() => {});
  }
}

function installFailure(base: string, { stdout, stderr }: RunResult): UserError {
  const tail = `${stdout}\n${stderr}`.trim().split("\n").slice(-6).join("\n");
  return new UserError(`the base's packages cannot be installed:\n${tail}`, {
    where: path.join(base, LOCK),
    fix: "run it once where the registry answers, or compare with a revision of the same package-lock.json",
  });
}

async function git(root: string, args: readonly string[]): Promise<RunResult> {
  const result = await run("git", ["-C", root, ...args]);
  if (result.code === 0) return result;
  throw new UserError(`git ${args.join(" ")} failed: ${result.stderr.trim()}`, {
    where: root,
    fix: "make the checkout whole again, then run it once more",
  });
}
