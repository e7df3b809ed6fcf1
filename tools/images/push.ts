/** Sends one archive to a registry: blobs it does not have yet, then the manifest. */
import { createReadStream } from "node:fs";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import type { Step } from "../base/progress.ts";
import type { LockedImage } from "./lock.ts";
import type { Repository } from "./registry.ts";

const MEGABYTE = 1_000_000;

export async function pushImage(
  repository: Repository,
  image: LockedImage,
  tag: string,
  step: Step,
): Promise<void> {
  let manifest: Buffer | undefined;
  const parser = extract();
  const archive = createReadStream(image.archive);
  archive.on("error", (error) => parser.destroy(error));
  archive.pipe(parser as unknown as NodeJS.WritableStream);
  try {
    for await (const entry of parser) {
      // streamx streams can be iterated; the type declarations do not say so.
      const body = entry as unknown as AsyncIterable<Uint8Array>;
      const digest = blobDigest(entry.header.name);
      if (digest === image.digest) manifest = await buffer(body);
      else if (digest === undefined || (await repository.hasBlob(digest))) entry.resume();
      else {
        const { size } = entry.header;
        await repository.putBlob(digest, size, counted(body, size, step));
      }
    }
    if (manifest === undefined) throw new Error(`${image.archive} lacks its manifest`);
    const { mediaType } = JSON.parse(manifest.toString("utf8")) as { mediaType: string };
    await repository.putManifest(tag, mediaType, manifest);
  } finally {
    archive.destroy();
    await repository.close();
  }
}

function blobDigest(path: string): string | undefined {
  const match = /^blobs\/(sha256)\/([0-9a-f]{64})$/.exec(path);
  return match === null ? undefined : `${match[1]}:${match[2]}`;
}

async function* counted(body: AsyncIterable<Uint8Array>, total: number, step: Step) {
  let sent = 0;
  for await (const chunk of body) {
    yield chunk;
    sent += chunk.length;
    step.status(`${(sent / MEGABYTE).toFixed(1)} of ${(total / MEGABYTE).toFixed(1)} MB`);
  }
}
