/** Files that are replaced whole or not at all, and survive a kill -9 or a power cut. */
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";

let written = 0;

/**
 * Writes `content` beside `file`, flushes it, renames it over `file` and flushes the folder.
 * Errors are the file system's own (ENOSPC, EACCES ...); `file` is then untouched.
 */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  // The counter keeps two writes of one millisecond in one process apart.
  const temporary = `${file}.${process.pid}.${Date.now()}.${written++}.tmp`;
  try {
    const handle = await open(temporary, "w", mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** What was renamed or removed in it is on the disk from then on. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
