/** Files of a model in a folder: found, read with their digest, and written whole or not at all. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../base/user-error.ts";
import type { ManifestFile } from "./manifest.ts";
import { CHUNK_BYTES } from "./sealed-file.ts";
import { folderSource } from "./weights-source.ts";

const WRITTEN = { mode: 0o600, flush: true, highWaterMark: 4 * CHUNK_BYTES } as const;
/** Not there until all of it is: a reader never meets half a file. */
export const PART = ".part";

/** `compare` throws where what came is not what was meant; the file then never appears. */
export async function written(
  file: string,
  content: AsyncIterable<Buffer>,
  compare?: () => void,
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await pipeline(content, createWriteStream(file + PART, WRITTEN));
    compare?.();
    await rename(file + PART, file);
  } catch (error) {
    await rm(file + PART, { force: true });
    throw error;
  }
}

/** A manifest of a model of a thousand files has some 200 KiB. */
const TEXT_BYTES_MAX = 16 * 2 ** 20;

export async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (bytes > TEXT_BYTES_MAX) throw new Error(`more than ${TEXT_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Relative paths in their order; links are refused, for what they lead to may change. */
export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new UserError("it is no folder that can be read", {
      where: folder,
      fix: "check the path",
    });
  });
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (odd !== undefined) {
    throw new UserError("it is neither file nor folder", {
      where: path.join(odd.parentPath, odd.name),
      fix: "copy what it leads to",
    });
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .map((name) => name.split(path.sep).join("/"))
    .sort();
}

/** Passes bytes on and knows their sum and their SHA-256 in the end. */
export class Digest implements AsyncIterable<Buffer> {
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

/** Every file but those left out, with its size and SHA-256. */
export async function describedFiles(
  folder: string,
  without: readonly string[],
  told: (file: string, bytes: number) => void,
): Promise<ManifestFile[]> {
  const source = folderSource(folder);
  const files: ManifestFile[] = [];
  for (const name of (await filesOf(folder)).filter((one) => !without.includes(one))) {
    const content = new Digest(source.read(name), (bytes) => told(name, bytes));
    for await (const _ of content);
    files.push({ path: name, bytes: content.bytes, sha256: content.hex });
  }
  if (files.length > 0) return files;
  throw new UserError("it holds no file", { where: folder, fix: "name the folder of the weights" });
}

export async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await filesOf(folder)).map(async (name) => (await stat(path.join(folder, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
