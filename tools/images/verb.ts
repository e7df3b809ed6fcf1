/** `npm run images -- build|save|push|lock`: what each does, and what it prints. */
import { copyFile, mkdir, rename } from "node:fs/promises";
import path from "node:path";
import type { Progress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { buildImages, describe } from "./build.ts";
import { ALL_RECIPES, recipeNamed, USUAL_RECIPES } from "./catalogue.ts";
import { type LockedImage, lockFile, readImagesLock } from "./lock.ts";
import { lockOutsideImages } from "./outside-images.ts";
import { pushImage } from "./push.ts";
import { openRepository, parseRepository } from "./registry.ts";
import { readCredentials } from "./registry-credentials.ts";

export interface ImagesCall {
  readonly action: string;
  /** Empty: all of them. */
  readonly names: readonly string[];
  readonly stateDir: string;
  /** The folder with config/versions.json; default: this checkout. */
  readonly root?: string;
  readonly out?: string | undefined;
  readonly registry?: string | undefined;
  readonly refresh?: boolean;
  readonly json?: boolean;
  /** For the registry's credentials: HOME, DOCKER_CONFIG. */
  readonly variables: Readonly<Record<string, string>>;
  readonly progress: Progress;
  /** Default: standard output. */
  readonly print?: (text: string) => void;
}

const ACTIONS: Readonly<Record<string, (call: ImagesCall) => Promise<number>>> = {
  build,
  save,
  push,
  lock,
};

export async function runImagesVerb(call: ImagesCall): Promise<number> {
  const action = Object.hasOwn(ACTIONS, call.action) ? ACTIONS[call.action] : undefined;
  if (action === undefined) {
    throw new UserError(`images does not know "${call.action}"`, {
      where: "command line",
      fix: `one of ${Object.keys(ACTIONS).join(", ")}`,
    });
  }
  call.names.forEach(recipeNamed);
  return action(call);
}

async function build(call: ImagesCall): Promise<number> {
  const images = await wanted(call);
  printImages(call, images);
  return 0;
}

async function save(call: ImagesCall): Promise<number> {
  const out = required(call.out, "save", "--out DIR");
  const images = await wanted(call);
  const folder = path.resolve(out);
  await mkdir(folder, { recursive: true });
  const saved: LockedImage[] = [];
  for (const image of images) {
    const archive = path.join(folder, path.basename(image.archive));
    await copyFile(image.archive, `${archive}.partial`);
    await rename(`${archive}.partial`, archive);
    saved.push({ ...image, archive });
  }
  printImages(call, saved);
  if (call.json !== true) print(call, `saved to ${folder}\n`);
  return 0;
}

/** Prints the configuration that makes a stack use the pushed images. */
async function push(call: ImagesCall): Promise<number> {
  const base = parseRepository(required(call.registry, "push", "--registry HOST/PATH"));
  const images = await wanted(call);
  const pushed: Record<string, { tag: string; digest: string; inputHash: string }> = {};
  for (const image of images) {
    const name = base.path === "" ? image.name : `${base.path}/${image.name}`;
    const credentials = await readCredentials(call.variables, base.host);
    const tag = image.tag.slice(image.tag.lastIndexOf(":") + 1);
    await call.progress.step(`Pushing ${image.name} to ${base.host}/${name}`, async (step) => {
      const repository = await openRepository(base.host, name, "pull,push", credentials);
      await pushImage(repository, image, tag, step);
    });
    const { digest, inputHash } = image;
    pushed[image.name] = { tag: `${base.host}/${name}:${tag}`, digest, inputHash };
  }
  print(call, `${JSON.stringify({ "deepseek:images": pushed }, null, 2)}\n`);
  return 0;
}

/** Prints the lock; with a registry, the digests of outside images enter config/versions.json. */
async function lock(call: ImagesCall): Promise<number> {
  const images = await wanted(call);
  const answers =
    call.registry === undefined
      ? []
      : await lockOutsideImages({
          root: call.root ?? path.resolve(import.meta.dirname, "../.."),
          registry: call.registry,
          variables: call.variables,
          progress: call.progress,
        });
  const named = { images: images.map(({ archive: _archive, ...image }) => image) };
  if (call.json === true || answers.length === 0) {
    const outside = answers.length === 0 ? {} : { outside: answers };
    print(call, `${JSON.stringify({ ...named, ...outside }, null, 2)}\n`);
  } else {
    printImages(call, images);
    for (const { name, digest, fault } of answers) {
      print(call, `${name.padEnd(13)} ${digest ?? `not locked: ${fault ?? "no answer"}`}\n`);
    }
  }
  return answers.some((answer) => answer.digest === null) ? 1 : 0;
}

async function wanted(call: ImagesCall): Promise<readonly LockedImage[]> {
  const names = call.names.length > 0 ? call.names : await usualImages(call.stateDir);
  const { images } = await buildImages({
    stateDir: call.stateDir,
    progress: call.progress,
    ...(call.root === undefined ? {} : { root: call.root }),
    ...(call.refresh === undefined ? {} : { refresh: call.refresh }),
    names,
  });
  return images.filter(({ name }) => names.includes(name));
}

/** What needs Go is one of them once it was built, by its name or for the local stack. */
async function usualImages(stateDir: string): Promise<string[]> {
  const kept = (await readImagesLock(stateDir))?.images.map(({ name }) => name) ?? [];
  const usual = new Set(USUAL_RECIPES);
  return ALL_RECIPES.filter((one) => usual.has(one) || kept.includes(one.name)).map(
    ({ name }) => name,
  );
}

function printImages(call: ImagesCall, images: readonly LockedImage[]): void {
  if (call.json === true) {
    const value = { lock: lockFile(call.stateDir), images };
    print(call, `${JSON.stringify(value, null, 2)}\n`);
    return;
  }
  for (const image of images) print(call, `${describe(image)}\n  ${image.digest}\n`);
}

function required(value: string | undefined, action: string, option: string): string {
  if (value !== undefined && value !== "") return value;
  throw new UserError(`images ${action} needs ${option}`, {
    where: "command line",
    fix: `npm run images -- ${action} ${option}`,
  });
}

function print(call: ImagesCall, text: string): void {
  if (call.print === undefined) process.stdout.write(text);
  else call.print(text);
}
