/**
 * Builds the images whose inputs changed, and writes down what was built. Nothing is asked of any
 * network when nothing changed.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { type Progress, type Step, silentProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { withFileLock } from "../debian/file-lock.ts";
import { type DebianPackage, fetchPackageSets } from "../debian/packages.ts";
import { writeArchive } from "./archive.ts";
import { assembleLayers } from "./assemble.ts";
import { ALL_RECIPES, recipeNamed, USUAL_RECIPES } from "./catalogue.ts";
import { hashInputs } from "./input-hash.ts";
import { type ImagesLock, type LockedImage, readImagesLock, writeImagesLock } from "./lock.ts";
import { readPackageLock } from "./locked-dependencies.ts";
import { INSTALL_TIME_PACKAGES, type Recipe } from "./recipe.ts";

export interface BuildOptions {
  /** Default: every image that needs no Go. */
  readonly names?: readonly string[];
  /** Archives and the lock are kept here. */
  readonly stateDir: string;
  /** The folder with package-lock.json; default: this checkout. */
  readonly root?: string;
  readonly progress?: Progress;
  /** Looks for newer Debian packages. */
  readonly refresh?: boolean;
  /** Of Debian packages; default: the user's cache folder. */
  readonly cacheDir?: string;
}

const REPOSITORY = "deepseek.local";

interface Plan {
  readonly recipe: Recipe;
  readonly packages: readonly DebianPackage[];
  readonly inputHash: string;
}

const MEGABYTE = 1_000_000;
/** Reading packages and writing tars take turns with the processor; more only costs memory. */
const PARALLEL = 2;

/** The lock holds all images that are built, also those that were not asked for this time. */
export async function buildImages(options: BuildOptions): Promise<ImagesLock> {
  const root = options.root ?? path.resolve(import.meta.dirname, "../..");
  const progress = options.progress ?? silentProgress;
  const recipes = (options.names ?? USUAL_RECIPES.map((recipe) => recipe.name)).map(recipeNamed);
  const plans = await planBuilds(root, recipes, options);
  // One build at a time: another one would take this one's half-written files for leftovers.
  return withFileLock(
    path.join(options.stateDir, "images.building"),
    () => buildOutdated(root, plans, options.stateDir, progress),
    (holder) => progress.note(`waiting for process ${holder.split(" ")[0]}, which builds images`),
  );
}

async function buildOutdated(
  root: string,
  plans: readonly Plan[],
  stateDir: string,
  progress: Progress,
): Promise<ImagesLock> {
  const before = await readImagesLock(stateDir);
  const folder = path.join(stateDir, "images");
  await mkdir(folder, { recursive: true });
  const outdated: Plan[] = [];
  for (const plan of plans) if (!(await isBuilt(plan, before))) outdated.push(plan);
  if (outdated.length === 0 && before !== undefined) return before;
  const built = await progress.step(`Building ${countOf(outdated)}`, (step) =>
    runParallel(outdated, (plan) => buildOne(root, folder, plan, step, progress)),
  );
  for (const image of built) progress.note(describe(image));
  const lock = mergeLock(before, built);
  await writeImagesLock(stateDir, lock);
  await removeOldArchives(folder, lock);
  return lock;
}

async function planBuilds(
  root: string,
  recipes: readonly Recipe[],
  options: BuildOptions,
): Promise<Plan[]> {
  const { progress, refresh, cacheDir } = options;
  const closures = await fetchPackageSets(
    recipes.map(({ debian }) => ({
      names: [...debian.packages, "base-files"],
      without: [...INSTALL_TIME_PACKAGES, ...(debian.without ?? [])],
    })),
    {
      ...(progress === undefined ? {} : { progress }),
      ...(refresh === undefined ? {} : { refresh }),
      ...(cacheDir === undefined ? {} : { cacheDir }),
    },
  );
  const lock = await readPackageLock(root);
  return Promise.all(
    recipes.map(async (recipe, index) => {
      const packages = closures[index] ?? [];
      return { recipe, packages, inputHash: await hashInputs(root, recipe, packages, lock) };
    }),
  );
}

async function isBuilt(plan: Plan, lock: ImagesLock | undefined): Promise<boolean> {
  const image = lock?.images.find((one) => one.name === plan.recipe.name);
  if (image === undefined || image.inputHash !== plan.inputHash) return false;
  return stat(image.archive).then(
    (found) => found.size === image.bytes,
    () => false,
  );
}

async function buildOne(
  root: string,
  folder: string,
  plan: Plan,
  step: Step,
  progress: Progress,
): Promise<LockedImage> {
  const { recipe, packages, inputHash } = plan;
  const tag = `${REPOSITORY}/${recipe.name}:${inputHash.slice(0, 12)}`;
  step.status(`${recipe.name}: collecting files`);
  const layers = await assembleLayers(root, recipe, packages, progress);
  step.status(`${recipe.name}: writing the archive`);
  const file = path.join(folder, `${recipe.name}-${inputHash.slice(0, 12)}.tar`);
  try {
    const archive = await writeArchive(recipe, layers, tag, file);
    const { digest, bytes } = archive;
    return { name: recipe.name, tag, digest, inputHash, archive: file, bytes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new UserError(`The disk is full: image ${recipe.name} could not be written`, {
      where: folder,
      fix: "Free about 1 GB there, or set DEEPSEEK_STATE_DIR to a folder on another disk.",
      exitCode: 1,
    });
  }
}

async function runParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, item] = next;
      results[index] = await work(item);
    }
  };
  const workers = Array.from({ length: PARALLEL }, worker);
  // A failure waits for the other worker, so that no half-written file outlives the build.
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return results;
}

function mergeLock(before: ImagesLock | undefined, built: readonly LockedImage[]): ImagesLock {
  const names = new Set(built.map((image) => image.name));
  const known = new Set(ALL_RECIPES.map((recipe) => recipe.name));
  const kept = before?.images.filter((one) => !names.has(one.name) && known.has(one.name)) ?? [];
  const images = [...kept, ...built].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { images };
}

/** Whatever the lock no longer names, also what a kill left half written. */
async function removeOldArchives(folder: string, lock: ImagesLock): Promise<void> {
  const named = new Set(lock.images.map((image) => path.basename(image.archive)));
  const old = (await readdir(folder)).filter((file) => !named.has(file));
  await Promise.all(old.map((file) => rm(path.join(folder, file), { force: true })));
}

function countOf(plans: readonly Plan[]): string {
  const names = plans.map((plan) => plan.recipe.name).join(", ");
  return plans.length === 1 ? `the image ${names}` : `${plans.length} images (${names})`;
}

export function describe(image: LockedImage): string {
  const megabytes = (image.bytes / MEGABYTE).toFixed(1).padStart(6);
  return `${image.name.padEnd(13)} ${megabytes} MB  ${image.tag}`;
}
