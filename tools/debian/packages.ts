/**
 * Debian packages without installing them: resolved, downloaded and unpacked into a cache folder
 * that programs run from. The host's own packages stay as they are. A second call for the same
 * names takes milliseconds and no network.
 */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import path from "node:path";
import { type Progress, type Step, silentProgress } from "../base/progress.ts";
import { type Apt, openApt } from "./apt.ts";
import { defaultCacheFolder } from "./config.ts";
import { archiveFile, downloadPackages, GoneFromMirror } from "./download.ts";
import { unpackPackage } from "./package-archive.ts";
import { type ResolvedPackage, resolvePackages } from "./resolve.ts";
import { finishRoot, prepareRoot } from "./root-folder.ts";

export interface EnsureOptions {
  readonly progress?: Progress;
  /** Default: `$XDG_CACHE_HOME` or `~/.cache`, then deepseek-private-service/debian. */
  readonly cacheDir?: string;
  /** Left out of the closure. */
  readonly without?: readonly string[];
  /** Looks for newer versions. */
  readonly refresh?: boolean;
}

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
  /** The .deb in the cache. */
  readonly file: string;
}

/** Version of the unpacking: a change of root-folder.ts must not meet older roots. */
const ROOT_FORMAT = 1;

/** Downloads the closure of `names`; nothing is unpacked. */
export async function fetchPackages(
  names: readonly string[],
  options: EnsureOptions = {},
): Promise<readonly DebianPackage[]> {
  const cacheFolder = options.cacheDir ?? defaultCacheFolder();
  const apt = await openApt(cacheFolder);
  const progress = options.progress ?? silentProgress;
  return progress.step(`Debian packages for ${listed(names)}`, async (step) =>
    describe(await fetchClosure(apt, names, options, cacheFolder, step), cacheFolder),
  );
}

/** Downloads and unpacks the closure of `names` into one root folder. */
export async function ensurePackages(
  names: readonly string[],
  options: EnsureOptions = {},
): Promise<{ packages: readonly DebianPackage[]; root: string }> {
  const packages = await fetchPackages(names, options);
  const cacheFolder = options.cacheDir ?? defaultCacheFolder();
  const root = path.join(cacheFolder, "roots", rootKey(packages));
  if (!(await exists(root))) {
    const progress = options.progress ?? silentProgress;
    await progress.step(`Unpacking ${packages.length} Debian packages`, (step) =>
      unpackAll(packages, root, step),
    );
  }
  return { packages, root };
}

async function fetchClosure(
  apt: Apt,
  names: readonly string[],
  options: EnsureOptions,
  cacheFolder: string,
  step: Step,
): Promise<readonly ResolvedPackage[]> {
  const resolve = (refresh: boolean) =>
    resolvePackages(apt, names, { cacheFolder, step, refresh, without: options.without ?? [] });
  const packages = await resolve(options.refresh === true);
  try {
    await downloadPackages(apt, packages, { cacheFolder, step });
    return packages;
  } catch (error) {
    if (!(error instanceof GoneFromMirror)) throw error;
    step.status("the mirror has newer versions");
    const newer = await resolve(true);
    await downloadPackages(apt, newer, { cacheFolder, step });
    return newer;
  }
}

/** The root appears whole under its name or not at all, also when two processes unpack it. */
async function unpackAll(
  packages: readonly DebianPackage[],
  root: string,
  step: Step,
): Promise<void> {
  await mkdir(path.dirname(root), { recursive: true });
  const partial = await mkdtemp(path.join(path.dirname(root), ".partial-"));
  try {
    await prepareRoot(partial);
    for (const [index, one] of packages.entries()) {
      step.status(`${one.name} (${index + 1} of ${packages.length})`);
      await unpackPackage(one.file, partial);
    }
    await finishRoot(partial);
    await rename(partial, root);
  } catch (error) {
    if (!(await exists(root))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function describe(packages: readonly ResolvedPackage[], cacheFolder: string): DebianPackage[] {
  return packages.map(({ name, version, architecture, sha256 }) => ({
    name,
    version,
    architecture,
    sha256,
    file: archiveFile(cacheFolder, sha256),
  }));
}

function rootKey(packages: readonly DebianPackage[]): string {
  const sums = packages.map((one) => one.sha256).sort();
  return createHash("sha256")
    .update(JSON.stringify([ROOT_FORMAT, sums]))
    .digest("hex")
    .slice(0, 24);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
