/**
 * A folder to fill before its content gets its final name. What a killed process left is removed
 * by a later one, once it is too old to belong to anybody.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";

const PREFIX = ".partial-";
/** No download or unpacking lasts a day. */
const AGE_MS_MAX = 24 * 3_600_000;

/** Runs `work` with a fresh folder below `parent`; nothing of it stays behind. */
export async function withPartialFolder<T>(
  parent: string,
  work: (folder: string) => Promise<T>,
  nowMs: number = Date.now(),
): Promise<T> {
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent, nowMs);
  const folder = await mkdtemp(path.join(parent, PREFIX));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeAbandoned(parent: string, nowMs: number): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const folder = path.join(parent, name);
    const age = await stat(folder).then(
      // The time of the last change of the entry itself: unpacking an archive sets mtime to its past.
      (found) => nowMs - found.ctimeMs,
      () => 0,
    );
    if (age > AGE_MS_MAX) await rm(folder, { recursive: true, force: true });
  }
}
