/**
 * A mounted volume that its storage makes write-once. A segment appears under its name whole or not
 * at all. Losing the right to write comes last, since that is when such storage (SnapLock, SmartLock)
 * commits a file, and a committed one can no longer be renamed.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, rename, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { syncFolder } from "../base/atomic-file.ts";
import { ArchiveFault, type ArchiveTarget, type Shipment, type Taken } from "./archive-target.ts";

/** Nobody writes it again, and nobody but its owner reads it: records name people. */
const MODE = 0o400;

export function volumeTarget(folder: string): ArchiveTarget {
  const put = async (shipment: Shipment, signal: AbortSignal): Promise<Taken> => {
    const final = path.join(folder, shipment.name);
    try {
      const there = await isThere(final, shipment);
      if (!there) await copy(folder, shipment, final, signal);
      await chmod(final, MODE);
      return there ? "there" : "taken";
    } catch (error) {
      if (error instanceof ArchiveFault) throw error;
      const fix = "check that the volume is mounted, has room, and is its user's to write";
      const what = `the volume cannot be written: ${String(error)}`;
      throw new ArchiveFault("passing", what, final, fix);
    }
  };
  return { where: `file://${folder}`, put };
}

async function isThere(final: string, { sha256 }: Shipment): Promise<boolean> {
  const found = await stat(final).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (found === null) return false;
  if ((await sha256Of(final)) === sha256) return true;
  const what = "another content is archived under this name, and stays";
  const fix = "compare both with verify-audit: one of them is not what the gateway wrote";
  throw new ArchiveFault("segment", what, final, fix);
}

/** Of one name: what a `kill -9` has left of an earlier copy is written over, never renamed. */
async function copy(
  folder: string,
  shipment: Shipment,
  final: string,
  signal: AbortSignal,
): Promise<void> {
  const day = path.dirname(final);
  // Not made here: without its volume the folder would be on a disk that keeps nothing.
  await stat(folder);
  await mkdir(day, { recursive: true, mode: 0o700 });
  const temporary = path.join(day, `.${path.basename(final)}.part`);
  const output = createWriteStream(temporary, { mode: 0o600, flush: true });
  await pipeline(createReadStream(shipment.file), output, { signal });
  if ((await sha256Of(temporary)) !== shipment.sha256) {
    const fix = "none needed if it passes; else the volume's or the gateway's disk is failing";
    throw new ArchiveFault("passing", "the copy is not what was read before", final, fix);
  }
  await rename(temporary, final);
  for (const one of [day, path.dirname(day)]) await syncFolder(one);
}

export async function sha256Of(file: string): Promise<string> {
  const digest = createHash("sha256");
  await pipeline(createReadStream(file), digest);
  return digest.digest("hex");
}
