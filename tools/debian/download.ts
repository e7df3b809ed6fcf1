/**
 * Brings .deb files into the cache, named by their SHA-256. apt's own downloader checks the sums;
 * a file appears under its final name only when whole and checked, so processes may race.
 */
import { access, readdir, rename, stat } from "node:fs/promises";
import path from "node:path";
import type { Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { type Apt, lastLines } from "./apt.ts";
import { withPartialFolder } from "./partial-folder.ts";
import type { ResolvedPackage } from "./resolve.ts";

const POLL_MS = 200;
const MEGABYTE = 1_000_000;

/** The mirror no longer has a file of the kept answer: a security update has replaced it. */
export class GoneFromMirror extends UserError {
  constructor(reason: string) {
    super("A Debian package has left the mirror", {
      where: reason,
      fix: "Run the command again; if it stays, the mirror's index and files disagree.",
      exitCode: 1,
    });
  }
}

export function archiveFile(cacheFolder: string, sha256: string): string {
  return path.join(cacheFolder, "archives", `${sha256}.deb`);
}

export async function downloadPackages(
  apt: Apt,
  packages: readonly ResolvedPackage[],
  options: { cacheFolder: string; step?: Step },
): Promise<void> {
  const missing = await missingOf(packages, options.cacheFolder);
  if (missing.length === 0) return;
  const archives = path.join(options.cacheFolder, "archives");
  await withPartialFolder(archives, async (partial) => {
    const stopReport = reportBytes(partial, missing, options.step);
    try {
      await fetchInto(apt, missing, partial);
    } finally {
      stopReport();
    }
    for (const one of missing) {
      const name = `${one.sha256}.deb`;
      await rename(path.join(partial, name), path.join(archives, name));
    }
  });
}

async function fetchInto(
  apt: Apt,
  packages: readonly ResolvedPackage[],
  folder: string,
): Promise<void> {
  const triples = packages.flatMap((one) => [
    one.uri,
    path.join(folder, `${one.sha256}.deb`),
    `SHA256:${one.sha256}`,
  ]);
  const result = await apt.fetch(["-q", "download-file", ...triples]);
  if (result.code === 0) return;
  const reason = lastLines(result);
  if (/\b404\b/.test(result.stdout + result.stderr)) throw new GoneFromMirror(reason);
  throw new UserError(`${packages.length} Debian packages could not be downloaded`, {
    where: reason,
    fix: "Check the network, the proxy and the free space of the cache folder, and run the command again.",
    exitCode: 1,
  });
}

async function missingOf(
  packages: readonly ResolvedPackage[],
  cacheFolder: string,
): Promise<ResolvedPackage[]> {
  const present = await Promise.all(
    packages.map((one) =>
      access(archiveFile(cacheFolder, one.sha256)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return packages.filter((_one, index) => present[index] !== true);
}

function reportBytes(
  folder: string,
  packages: readonly ResolvedPackage[],
  step: Step | undefined,
): () => void {
  if (step === undefined) return () => {};
  const total = packages.reduce((sum, one) => sum + one.bytes, 0);
  const show = (bytes: number) =>
    step.status(
      `${packages.length} Debian packages, ${(bytes / MEGABYTE).toFixed(1)} of ${(total / MEGABYTE).toFixed(1)} MB`,
    );
  show(0);
  const timer = setInterval(() => void folderBytes(folder).then(show, () => {}), POLL_MS);
  return () => clearInterval(timer);
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(path.join(folder, name)).then(
        (one) => one.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
