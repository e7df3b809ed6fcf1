/** A model's folder sealed, opened, verified, and its data key wrapped anew. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fault } from "./fault.ts";
import type { KeyWrapping } from "./key-wrapping.ts";
import {
  authenticated,
  isAuthentic,
  MANIFEST,
  type Manifest,
  type ManifestFile,
  parseManifest,
} from "./manifest.ts";
import { Digest, filesOf, PART, textOf, written } from "./model-files.ts";
import { opened, SealFault, sealed } from "./sealed-file.ts";
import { folderSource, NotThere, type WeightsSource } from "./weights-source.ts";

const DATA_KEY_BYTES = 32;
/** A file that is sealed has the name of what is in it, and this. */
export const SEALED_SUFFIX = ".sealed";

/** Called with what is worked at and the bytes that are done. */
export type Told = (file: string, bytes: number) => void;

/** Refuses a folder that holds anything already. */
export async function sealModel(
  from: string,
  to: string,
  model: string,
  wrapping: KeyWrapping,
  told: Told,
): Promise<Manifest> {
  const paths = await filesOf(from);
  if (paths.length === 0) throw fault("it holds no file", from, "name the folder of the weights");
  await mkdir(to, { recursive: true });
  if ((await readdir(to)).length > 0) throw fault("it is not empty", to, "name an empty folder");
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const source = folderSource(from);
  const files: ManifestFile[] = [];
  for (const name of paths) {
    const digest = new Digest(source.read(name), (bytes) => told(name, bytes));
    await written(path.join(to, name + SEALED_SUFFIX), sealed(digest, dataKey, name));
    files.push({ path: name, bytes: digest.bytes, sha256: digest.hex });
  }
  const manifest = authenticated(
    {
      format: "deepseek-weights/1",
      model,
      created: new Date().toISOString(),
      files,
      dataKey: { by: wrapping.by, wrapped: await wrapping.wrap(dataKey) },
    },
    dataKey,
  );
  await writeManifest(to, manifest);
  return manifest;
}

/** Every byte is opened and compared; `to` is where it goes, null: nowhere. */
export async function openModel(
  from: string,
  to: string | null,
  wrapping: KeyWrapping,
  told: Told,
): Promise<Manifest> {
  const source = folderSource(from);
  const { manifest, dataKey } = await unlocked(source, wrapping);
  for (const file of manifest.files) {
    await openFile(source, file, dataKey, to, (bytes) => told(file.path, bytes));
  }
  return manifest;
}

/** One file, whole and as the manifest names it, or none. */
export async function openFile(
  source: WeightsSource,
  file: ManifestFile,
  dataKey: Buffer,
  to: string | null,
  told: (bytes: number) => void,
): Promise<void> {
  const name = file.path + SEALED_SUFFIX;
  const content = new Digest(opened(source.read(name), dataKey, file.path), told);
  const compare = () => {
    if (content.hex === file.sha256 && content.bytes === file.bytes) return;
    throw new SealFault("it is not the file that the manifest names");
  };
  try {
    if (to !== null) await written(path.join(to, file.path), content, compare);
    else {
      for await (const _ of content);
      compare();
    }
  } catch (error) {
    if (error instanceof SealFault) throw fault(error.message, source.where(name), DAMAGED);
    if (error instanceof NotThere) throw fault("it is not there", error.message, DAMAGED);
    throw error;
  }
}

/** No weight is read or written. */
export async function rewrapModel(
  folder: string,
  former: KeyWrapping,
  next: KeyWrapping,
): Promise<Manifest> {
  const { manifest, dataKey } = await unlocked(folderSource(folder), former);
  const wrapped = await next.wrap(dataKey);
  const rewrapped = { ...manifest, dataKey: { by: next.by, wrapped } };
  await writeManifest(folder, rewrapped);
  return rewrapped;
}

const DAMAGED = "fetch the sealed model again from where it is kept";

/** The manifest, once its data key has proved that it is as it was written. */
export async function unlocked(
  source: WeightsSource,
  wrapping: KeyWrapping,
): Promise<{ readonly manifest: Manifest; readonly dataKey: Buffer }> {
  const where = source.where(MANIFEST);
  const text = await textOf(source.read(MANIFEST)).catch((error: unknown) => {
    if (!(error instanceof NotThere)) throw error;
    throw fault("it is not there", where, "name the folder of a sealed model");
  });
  const manifest = parsed(text, where);
  const dataKey = await wrapping.unwrap(manifest.dataKey.wrapped);
  if (isAuthentic(manifest, dataKey)) return { manifest, dataKey };
  throw fault("it was changed, or its data key is another one", where, DAMAGED);
}

function parsed(text: string, where: string): Manifest {
  try {
    return parseManifest(text);
  } catch (error) {
    if (error instanceof SealFault) throw fault(error.message, where, DAMAGED);
    throw error;
  }
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = path.join(folder, MANIFEST);
  await writeFile(file + PART, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  await rename(file + PART, file);
}
