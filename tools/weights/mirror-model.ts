/**
 * Copies a model as it lies, sealed or in clear, from an object store into a folder of this site, so that
 * this site's engines load it when the other one is lost. Every file is proved before any appears: a
 * copy that ends in the middle leaves what was there, and the next one goes on where it ended.
 */
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { sha256 } from "../aws/signature.ts";
import { UserError } from "../base/user-error.ts";
import { fault } from "./fault.ts";
import type { KeyWrapping } from "./key-wrapping.ts";
import { MANIFEST, type ManifestFile, sealedDigest } from "./manifest.ts";
import { Digest, filesOf, PART, textOf } from "./model-files.ts";
import { parsePlainManifest } from "./plain-manifest.ts";
import { openFile, SEALED_SUFFIX, unlocked } from "./sealed-model.ts";
import { folderSource, NotThere, type WeightsSource } from "./weights-source.ts";

export interface Mirroring {
  readonly source: WeightsSource;
  readonly to: string;
  /** SHA-256 of the manifest that is meant, as both sites pin it. */
  readonly manifest: string;
  /** Who opens the data key at this site; null: the files lie in clear. */
  readonly wrapping: KeyWrapping | null;
  readonly told: (line: string) => void;
}

export interface Mirrored {
  readonly model: string;
  readonly files: number;
  readonly fetched: number;
}

/** One file as it lies, and what proves it wherever it is. */
interface Copied {
  readonly name: string;
  readonly prove: (at: WeightsSource) => Promise<void>;
}

interface Plan {
  readonly model: string;
  readonly files: readonly Copied[];
  /** Written last; null: it was there first. */
  readonly manifest: string | null;
}

/** Where files wait until all are there. */
const STAGE = ".mirror";
/** Engines read it, each as the user of its image (Ray's is another one); whoever may not, does not mount the volume. */
const COPIED = { flags: "a", mode: 0o644, flush: true } as const;
/** Names the manifest whose files all were proved here: they are not read again for nothing. */
const MARK = ".mirrored";

export async function mirrorModel(order: Mirroring): Promise<Mirrored> {
  const { to, told, manifest } = order;
  await mkdir(to, { recursive: true });
  const { model, files, manifest: text } = await planned(order);
  if ((await textAt(path.join(to, MARK))) === manifest) {
    told(`${model}: ${files.length} files are here and were proved`);
    return { model, files: files.length, fetched: 0 };
  }
  const staged: Copied[] = [];
  for (const [index, file] of files.entries()) {
    const here = await isProved(file, folderSource(to));
    if (!here) {
      await fetched(order, file);
      staged.push(file);
    }
    told(`${file.name}: ${here ? "kept" : "fetched"}, ${index + 1} of ${files.length}`);
  }
  for (const { name } of staged) await moved(path.join(to, STAGE, name), path.join(to, name));
  if (text !== null) await put(path.join(to, MANIFEST), text);
  await put(path.join(to, MARK), manifest);
  await removeOthers(to, files);
  return { model, files: files.length, fetched: staged.length };
}

function planned(order: Mirroring): Promise<Plan> {
  return order.wrapping === null ? plainPlan(order) : sealedPlan(order, order.wrapping);
}

async function plainPlan({ source, manifest }: Mirroring): Promise<Plan> {
  const where = source.where(MANIFEST);
  const text = await textOf(source.read(MANIFEST)).catch((error: unknown) => {
    if (!(error instanceof NotThere)) throw error;
    throw fault("it is not there", where, "npm run weights -- manifest FOLDER writes one");
  });
  refuseOther(sha256(text), manifest, where);
  const { model, files } = parsePlainManifest(text, where);
  const copies = files.map((file) => ({
    name: file.path,
    prove: (at: WeightsSource) => provePlain(at, file),
  }));
  return { model, files: copies, manifest: text };
}

/**
 * The data key is wrapped for each site by its own keeper of keys, so the manifest of this site is here
 * before the files are; the other site's would open nothing here.
 */
async function sealedPlan({ to, manifest }: Mirroring, wrapping: KeyWrapping): Promise<Plan> {
  const here = folderSource(to);
  if ((await textAt(path.join(to, MANIFEST))) === undefined) {
    const fix =
      "put this site's there once: npm run weights -- rotate makes it of a copy of the other site's";
    throw fault("it is not there", here.where(MANIFEST), fix);
  }
  const { manifest: found, dataKey } = await unlocked(here, wrapping);
  refuseOther(sealedDigest(found), manifest, here.where(MANIFEST));
  const files = found.files.map((file) => ({
    name: file.path + SEALED_SUFFIX,
    prove: (at: WeightsSource) => openFile(at, file, dataKey, null, () => {}),
  }));
  return { model: found.model, files, manifest: null };
}

function refuseOther(found: string, meant: string, where: string): void {
  if (found === meant) return;
  const fix = `it has the digest ${found}: if that is the model that is meant, say so in the settings`;
  throw fault("it is not the manifest that was asked for", where, fix);
}

async function provePlain(at: WeightsSource, file: ManifestFile): Promise<void> {
  const content = new Digest(at.read(file.path), () => {});
  for await (const _ of content);
  if (content.hex === file.sha256 && content.bytes === file.bytes) return;
  throw fault("it is not the file that the manifest names", at.where(file.path), AGAIN);
}

const AGAIN = "put the model there again";

async function isProved({ prove }: Copied, at: WeightsSource): Promise<boolean> {
  return prove(at).then(
    () => true,
    (error: unknown) => {
      if (error instanceof UserError || error instanceof NotThere) return false;
      throw error;
    },
  );
}

/** Under its name in the stage once it is proved; what came before the last end is not asked for again. */
async function fetched(
  from: Pick<Mirroring, "source" | "to">,
  { name, prove }: Copied,
): Promise<void> {
  const { source, to } = from;
  const stage = path.join(to, STAGE);
  if (await isProved({ name, prove }, folderSource(stage))) return;
  const file = path.join(stage, name);
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { force: true });
  const part = file + PART;
  const before = await sizeAt(part);
  await appended(source, name, part, before);
  await rename(part, file);
  if (await isProved({ name, prove }, folderSource(stage))) return;
  await rm(file);
  // What was left of another day may belong to another object of this name.
  if (before > 0) return fetched(from, { name, prove });
  throw fault("it is not the file that the manifest names", source.where(name), AGAIN);
}

async function appended(source: WeightsSource, name: string, part: string, first: number) {
  try {
    await pipeline(source.read(name, first), createWriteStream(part, COPIED));
  } catch (error) {
    if (!(error instanceof NotThere)) throw error;
    throw fault("it is not there", error.message, AGAIN);
  }
}

async function moved(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await rename(from, to);
}

async function put(file: string, text: string): Promise<void> {
  await writeFile(file + PART, text, { flush: true });
  await rename(file + PART, file);
}

async function removeOthers(to: string, files: readonly Copied[]): Promise<void> {
  await rm(path.join(to, STAGE), { recursive: true, force: true });
  const own = new Set([MANIFEST, MARK, ...files.map(({ name }) => name)]);
  for (const name of await filesOf(to)) if (!own.has(name)) await rm(path.join(to, name));
}

async function textAt(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function sizeAt(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
