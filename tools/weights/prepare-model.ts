/**
 * Brings a model's files to where an engine loads them: taken from their place, opened if they are
 * sealed, and each compared with the manifest before it appears under its name. What is there
 * already and is as it should be stays; what the manifest does not name goes. Nothing is left half.
 */
import { mkdir, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../aws/signature.ts";
import { fault } from "./fault.ts";
import type { KeyWrapping } from "./key-wrapping.ts";
import type { Brought, FileOrder } from "./lanes.ts";
import { MANIFEST, type ManifestFile, sealedDigest } from "./manifest.ts";
import { Digest, filesOf, textOf, written } from "./model-files.ts";
import { parsePlainManifest } from "./plain-manifest.ts";
import { openFile, unlocked } from "./sealed-model.ts";
import { folderSource, NotThere, type WeightsSource } from "./weights-source.ts";

export interface Preparing {
  readonly source: WeightsSource;
  readonly to: string;
  /** SHA-256 of the manifest that is meant; null only where a data key proves it. */
  readonly manifest: string | null;
  /** null: the files lie there in clear. */
  readonly wrapping: KeyWrapping | null;
  /** Brings them all, in whatever order and by whomever. */
  readonly bring: (
    orders: readonly FileOrder[],
    told: (file: ManifestFile, brought: Brought) => void,
  ) => Promise<void>;
  readonly told: (line: string) => void;
}

export interface Prepared {
  readonly model: string;
  readonly files: number;
  readonly fetchedBytes: number;
  readonly keptBytes: number;
}

export async function prepareModel(order: Preparing): Promise<Prepared> {
  const { to, told } = order;
  await mkdir(to, { recursive: true });
  const { model, files, dataKey } = await planned(order);
  await removeOthers(to, files);
  await refuseFull(to, await missingBytes(to, files));
  told(`${model}: ${files.length} files of ${sum(files)} bytes`);
  const fetched: ManifestFile[] = [];
  const orders = files.map((file) => ({ file, dataKey }));
  await order.bring(orders, (file, brought) => {
    if (brought === "fetched") fetched.push(file);
    told(`${file.path}: ${brought}, ${file.bytes} bytes, as the manifest names it`);
  });
  const fetchedBytes = sum(fetched);
  return { model, files: files.length, fetchedBytes, keptBytes: sum(files) - fetchedBytes };
}

/** What is there and right is kept. Also what a lane does, which knows its place by its settings. */
export async function bringFile(
  { source, to }: Pick<Preparing, "source" | "to">,
  { file, dataKey }: FileOrder,
): Promise<Brought> {
  if (await isThere(to, file)) return "kept";
  if (dataKey === null) await fetchFile(source, file, to);
  else await openFile(source, file, Buffer.from(dataKey), to, () => {});
  return "fetched";
}

async function planned(
  order: Preparing,
): Promise<{ model: string; files: readonly ManifestFile[]; dataKey: Buffer | null }> {
  const { source, wrapping } = order;
  if (wrapping !== null) {
    const { manifest, dataKey } = await unlocked(source, wrapping);
    refuseOther(order, sealedDigest(manifest));
    return { ...manifest, dataKey };
  }
  const where = source.where(MANIFEST);
  const text = await textOf(source.read(MANIFEST)).catch((error: unknown) => {
    if (!(error instanceof NotThere)) throw error;
    throw fault("it is not there", where, "npm run weights -- manifest FOLDER writes one");
  });
  refuseOther(order, sha256(text));
  return { ...parsePlainManifest(text, where), dataKey: null };
}

/** A seal proves who wrote a manifest, not that it is today's; in clear, nothing proves anything. */
function refuseOther({ source, manifest, wrapping }: Preparing, found: string): void {
  if (manifest === null) {
    if (wrapping !== null) return;
    const fix = "name the SHA-256 of its manifest: without a seal nothing else proves the files";
    throw fault("it is in clear", source.where(MANIFEST), fix);
  }
  if (found === manifest) return;
  const fix = `it has the digest ${found}: if that is the model that is meant, say so in the settings`;
  throw fault("it is not the manifest that was asked for", source.where(MANIFEST), fix);
}

async function fetchFile(source: WeightsSource, file: ManifestFile, to: string): Promise<void> {
  const content = new Digest(source.read(file.path), () => {});
  const again = "put the model there again";
  try {
    await written(path.join(to, file.path), content, () => {
      if (content.hex === file.sha256 && content.bytes === file.bytes) return;
      throw fault("it is not the file that the manifest names", source.where(file.path), again);
    });
  } catch (error) {
    if (!(error instanceof NotThere)) throw error;
    throw fault("it is not there", error.message, again);
  }
}

/** Read whole, every time: a disk may lose what it was told to keep. */
async function isThere(folder: string, file: ManifestFile): Promise<boolean> {
  const found = await stat(path.join(folder, file.path)).catch(() => null);
  if (found === null || found.size !== file.bytes) return false;
  const content = new Digest(folderSource(folder).read(file.path), () => {});
  for await (const _ of content);
  return content.hex === file.sha256;
}

/** Also the halves of files that a killed predecessor left. */
async function removeOthers(folder: string, files: readonly ManifestFile[]): Promise<void> {
  const named = new Set(files.map((file) => file.path));
  const others = (await filesOf(folder)).filter((name) => !named.has(name));
  await Promise.all(others.map((name) => rm(path.join(folder, name))));
}

/** By their size alone: what is there but wrong is written anew in the same room. */
async function missingBytes(folder: string, files: readonly ManifestFile[]): Promise<number> {
  const sizes = await Promise.all(
    files.map(async (file) => {
      const found = await stat(path.join(folder, file.path)).catch(() => null);
      return found?.size === file.bytes ? 0 : file.bytes;
    }),
  );
  return sizes.reduce((total, one) => total + one, 0);
}

async function refuseFull(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw fault(`it has room for ${free} bytes, and ${bytes} are to come`, folder, "a larger volume");
}

function sum(files: readonly ManifestFile[]): number {
  return files.reduce((bytes, file) => bytes + file.bytes, 0);
}
