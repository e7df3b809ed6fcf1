/**
 * Debian packages without installing them: resolved, downloaded and unpacked into a cache folder
 * that programs run from. The host's own packages stay as they are. A second call for the same
 * names takes milliseconds and no network.
 */
import { createHash } from "node:crypto";
import { access, rename } from "node:fs/promises";
import path from "node:path";
import { type Progress, type Step, silentProgress } from "../base/progress.ts";
import { type Apt, openApt } from "./apt.ts";
import { defaultCacheFolder } from "./config.ts";
import { archiveFile, downloadPackages, GoneFromMirror } from "./download.ts";
import { unpackPackage } from "./package-archive.ts";
import { withPartialFolder } from "./partial-folder.ts";
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

/** One question: the closure of `names`, less `without`. */
export interface PackageSet {
  readonly names: readonly string[];
  readonly without?: readonly string[];
}

/** Downloads several closures at once; nothing is unpacked. The answers keep the questions' order. */
export async function fetchPackageSets(
  sets: readonly PackageSet[],
  options: Omit<EnsureOptions, "without"> = {},
): Promise<readonly (readonly DebianPackage[])[]> {
  const cacheFolder = options.cacheDir ?? defaultCacheFolder();
  const apt = await openApt(cacheFolder);
  const progress = options.progress ?? silentProgress;
  const names = [...new Set(sets.flatMap((set) => set.names))];
  return progress.step(`Debian packages for ${listed(names)}`, async (step) => {
    const closures = await fetchClosures(apt, sets, options.refresh === true, cacheFolder, step);
    return closures.map((closure) => describe(closure, cacheFolder));
  });
}

/** Downloads and unpacks the closure of `names` into one root folder. */
export async function ensurePackages(
  names: readonly string[],
  options: EnsureOptions = {},
): Promise<{ packages: readonly DebianPackage[]; root: string }> {
  const [packages = []] = await fetchPackageSets(
    [{ names, ...(options.without === undefined ? {} : { without: options.without }) }],
    options,
  );
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

async function fetchClosures(
  apt: Apt,
  sets: readonly PackageSet[],
  refresh: boolean,
  cacheFolder: string,
  step: Step,
): Promise<ResolvedPackage[][]> {
  const closures: ResolvedPackage[][] = [];
  for (const [index, { names, without = [] }] of sets.entries()) {
    // The index is fetched once, also where several questions are asked anew.
    const fetchIndex = refresh && index === 0;
    const options = { cacheFolder, step, refresh, fetchIndex, without };
    closures.push([...(await resolvePackages(apt, names, options))]);
  }
  const all = new Map(closures.flat().map((one) => [one.sha256, one]));
  try {
    await downloadPackages(apt, [...all.values()], { cacheFolder, step });
    return closures;
  } catch (error) {
    if (!(error instanceof GoneFromMirror) || refresh) throw error;
    step.status("the mirror has newer versions");
    return fetchClosures(apt, sets, true, cacheFolder, step);
  }
}

/** The root appears whole under its name or not at all, also when two processes unpack it. */
async function unpackAll(
  packages: readonly DebianPackage[],
  root: string,
  step: Step,
): Promise<void> {
  await withPartialFolder(path.dirname(root), async (partial) => {
    await prepareRoot(partial);
    for (const [index, one] of packages.entries()) {
      step.status(`${one.name} (${index + 1} of ${packages.length})`);
      await unpackPackage(one.file, partial);
    }
    await finishRoot(partial);
    await rename(partial, root).catch(async (error: Error) => {
      if (!(await exists(root))) throw error;
    });
  });
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
