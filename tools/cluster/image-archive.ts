/**
 * A container image that holds one static program and nothing else, written as a docker-archive.
 * Only for the cluster's own pods (pause, CoreDNS); the stack's images come from tools/images.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Pack, pack } from "tar-stream";
import { writeFileAtomic } from "../base/atomic-file.ts";

export interface ProgramImage {
  readonly tag: string;
  /** The static program's file; it becomes the entry point under its own name. */
  readonly program: string;
  readonly name: string;
  readonly user: number;
}

/** The same program gives the same bytes. */
export async function writeProgramImage(image: ProgramImage, file: string): Promise<void> {
  const layer = await tar([
    { name: image.name, content: await readFile(image.program), mode: 0o755 },
  ]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: { User: `${image.user}:${image.user}`, Entrypoint: [`/${image.name}`] },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = [{ Config: configName, RepoTags: [image.tag], Layers: ["layer.tar"] }];
  const archive = await tar([
    { name: "manifest.json", content: Buffer.from(JSON.stringify(manifest)), mode: 0o644 },
    { name: configName, content: config, mode: 0o644 },
    { name: "layer.tar", content: layer, mode: 0o644 },
  ]);
  await writeFileAtomic(file, archive);
}

interface Entry {
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
}

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const writer = pack();
  const chunks: Buffer[] = [];
  const done = collect(writer, chunks);
  for (const entry of entries) {
    const { name, mode } = entry;
    await new Promise<void>((resolve, reject) => {
      writer.entry({ name, mode, uid: 0, gid: 0, mtime: new Date(0) }, entry.content, (error) =>
        error === null || error === undefined ? resolve() : reject(error),
      );
    });
  }
  writer.finalize();
  await done;
  return Buffer.concat(chunks);
}

async function collect(writer: Pack, chunks: Buffer[]): Promise<void> {
  for await (const chunk of writer) chunks.push(chunk as Buffer);
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
