/** A model's folder sealed, opened, verified, and its data key wrapped anew. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../base/user-error.ts";
import type { KeyWrapping } from "./key-wrapping.ts";
import {
  authenticated,
  isAuthentic,
  MANIFEST,
  type Manifest,
  type ManifestFile,
  parseManifest,
} from "./manifest.ts";
import { CHUNK_BYTES, opened, SealFault, sealed } from "./sealed-file.ts";

const DATA_KEY_BYTES = 32;
const WRITTEN = { mode: 0o600, flush: true, highWaterMark: 4 * CHUNK_BYTES } as const;
const SUFFIX = ".sealed";
/** Not there until all of it is: a reader never meets half a file. */
const PART = ".part";

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
  if (paths.length === 0) throw fault("holds no file", from, "name the folder of the weights");
  await mkdir(to, { recursive: true });
  if ((await readdir(to)).length > 0) throw fault("is not empty", to, "name an empty folder");
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const files: ManifestFile[] = [];
  for (const name of paths) {
    const digest = new Digest(bytesOf(path.join(from, name)), (bytes) => told(name, bytes));
    await written(path.join(to, name + SUFFIX), sealed(digest, dataKey, name));
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
  const { manifest, dataKey } = await unlocked(from, wrapping);
  for (const file of manifest.files) {
    const source = path.join(from, file.path + SUFFIX);
    try {
      const content = new Digest(opened(bytesOf(source), dataKey, file.path), (bytes) =>
        told(file.path, bytes),
      );
      if (to === null) for await (const _ of content);
      else await written(path.join(to, file.path), content);
      if (content.hex !== file.sha256 || content.bytes !== file.bytes) {
        if (to !== null) await rm(path.join(to, file.path), { force: true });
        throw new SealFault("is not the file that the manifest names");
      }
    } catch (error) {
      if (error instanceof SealFault) throw fault(error.message, source, DAMAGED);
      if (isMissing(error)) throw fault("is not there", source, DAMAGED);
      throw error;
    }
  }
  return manifest;
}

/** No weight is read or written. */
export async function rewrapModel(
  folder: string,
  former: KeyWrapping,
  next: KeyWrapping,
): Promise<void> {
  const { manifest, dataKey } = await unlocked(folder, former);
  const wrapped = await next.wrap(dataKey);
  await writeManifest(folder, { ...manifest, dataKey: { by: next.by, wrapped } });
}

const DAMAGED = "fetch the sealed model again from where it is kept";

/** The manifest, once its data key has proved that it is as it was written. */
async function unlocked(folder: string, wrapping: KeyWrapping) {
  const manifest = await readManifest(folder);
  const dataKey = await wrapping.unwrap(manifest.dataKey.wrapped);
  if (isAuthentic(manifest, dataKey)) return { manifest, dataKey };
  throw fault("was changed, or its data key is another one", path.join(folder, MANIFEST), DAMAGED);
}

async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST);
  const text = await readFile(file, "utf8").catch(() => {
    throw fault("is not there", file, "name the folder of a sealed model");
  });
  try {
    return parseManifest(text);
  } catch (error) {
    if (error instanceof SealFault) throw fault(error.message, file, DAMAGED);
    throw error;
  }
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = path.join(folder, MANIFEST);
  await writeFile(file + PART, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  await rename(file + PART, file);
}

async function written(file: string, content: AsyncIterable<Buffer>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await pipeline(content, createWriteStream(file + PART, WRITTEN));
    await rename(file + PART, file);
  } catch (error) {
    await rm(file + PART, { force: true });
    throw error;
  }
}

/** Not before it is read: a stream that fails while nobody listens ends the process. */
async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  yield* createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
}

/** Relative paths in their order; links are refused, for what they lead to may change. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw fault("is no folder that can be read", folder, "check the path");
  });
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (odd !== undefined) {
    throw fault(
      "is neither file nor folder",
      path.join(odd.parentPath, odd.name),
      "copy what it leads to",
    );
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .map((name) => name.split(path.sep).join("/"))
    .sort();
}

/** Passes bytes on and knows their sum and their SHA-256 in the end. */
class Digest implements AsyncIterable<Buffer> {
  readonly #source: AsyncIterable<Buffer>;
  readonly #hash = createHash("sha256");
  readonly #told: (bytes: number) => void;
  bytes = 0;
  #hex: string | null = null;

  constructor(source: AsyncIterable<Buffer>, told: (bytes: number) => void) {
    this.#source = source;
    this.#told = told;
  }

  get hex(): string {
    this.#hex ??= this.#hash.digest("hex");
    return this.#hex;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const bytes of this.#source) {
      this.#hash.update(bytes);
      this.bytes += bytes.length;
      this.#told(this.bytes);
      yield bytes;
    }
  }
}

export async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await filesOf(folder)).map(async (name) => (await stat(path.join(folder, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function fault(what: string, where: string, fix: string): UserError {
  return new UserError(what, { where, fix });
}
