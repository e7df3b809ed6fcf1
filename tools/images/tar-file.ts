/** Writes one tar file: the same entries give the same bytes, on every machine. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Header, type Pack, pack } from "tar-stream";
import type { TreeEntry } from "./image-tree.ts";

export interface Blob {
  readonly file: string;
  /** "sha256:" and 64 digits. */
  readonly digest: string;
  readonly bytes: number;
}

/** 1970: no entry tells when or where it was written. */
const WRITE_TIME = new Date(0);

/** Entries are written in the order given. A full disk rejects with the file system's own error. */
export async function writeTar(entries: Iterable<TreeEntry>, file: string): Promise<Blob> {
  const packer = pack();
  const hash = createHash("sha256");
  let bytes = 0;
  const hashed = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  // streamx streams can be iterated; their type declarations do not say so.
  const source = Readable.from(packer as unknown as AsyncIterable<Uint8Array>);
  const written = pipeline(source, hashed, createWriteStream(file));
  await Promise.all([written, fill(packer, entries)]);
  return { file, digest: `sha256:${hash.digest("hex")}`, bytes };
}

async function fill(packer: Pack, entries: Iterable<TreeEntry>): Promise<void> {
  try {
    for (const entry of entries) await writeEntry(packer, entry);
    packer.finalize();
  } catch (error) {
    packer.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

function writeEntry(packer: Pack, entry: TreeEntry): Promise<void> {
  const header: Partial<Header> & Pick<Header, "name"> = {
    name: entry.kind === "directory" ? `${entry.path}/` : entry.path,
    type: entry.kind,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: WRITE_TIME,
  };
  const { content } = entry;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null) => (error ? reject(error) : resolve());
    if (entry.kind === "symlink") packer.entry({ ...header, linkname: entry.target }, settle);
    else if (entry.kind === "directory") packer.entry(header, settle);
    else if (content instanceof Uint8Array) packer.entry(header, Buffer.from(content), settle);
    else {
      const sink = packer.entry({ ...header, size: content.bytes }, settle);
      const body = createReadStream(content.file);
      pipeline(body, sink as unknown as NodeJS.WritableStream).catch(reject);
    }
  });
}
