/** `images.lock.json`: which images were built, from what, and where their archives lie. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomic-file.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const imageSchema = z.strictObject({
  name: z.string(),
  /** The whole reference: repository and tag. */
  tag: z.string(),
  digest,
  inputHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** In the file relative to it, in memory absolute. */
  archive: z.string(),
  bytes: z.int().nonnegative(),
});

const lockSchema = z.strictObject({
  images: z.array(imageSchema),
});

export type LockedImage = z.output<typeof imageSchema>;
export type ImagesLock = z.output<typeof lockSchema>;

export function lockFile(stateDir: string): string {
  return path.join(stateDir, "images.lock.json");
}

/** Undefined where there is none, or one that another version of this program wrote. */
export async function readImagesLock(stateDir: string): Promise<ImagesLock | undefined> {
  const text = await readFile(lockFile(stateDir), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = lockSchema.safeParse(value);
  if (!parsed.success) return undefined;
  return mapArchives(parsed.data, (archive) => path.resolve(stateDir, archive));
}

export async function writeImagesLock(stateDir: string, lock: ImagesLock): Promise<void> {
  const relative = mapArchives(lock, (archive) => path.relative(stateDir, archive));
  await writeFileAtomic(lockFile(stateDir), `${JSON.stringify(relative, null, 2)}\n`);
}

function mapArchives(lock: ImagesLock, change: (archive: string) => string): ImagesLock {
  return { images: lock.images.map((image) => ({ ...image, archive: change(image.archive) })) };
}
