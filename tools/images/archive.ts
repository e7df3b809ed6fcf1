/**
 * One image as one file that both containerd (`ctr images import`) and Docker (`docker load`) take:
 * an OCI image layout with Docker's manifest.json beside it. Layers are not compressed, so the
 * digests depend on the files alone and not on a compressor's version.
 */
import { createHash } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { addFile, type ImageTree, sortedEntries, type TreeEntry } from "./image-tree.ts";
import type { Recipe } from "./recipe.ts";
import { type Blob, writeTar } from "./tar-file.ts";

export interface ImageArchive {
  readonly file: string;
  /** Of the manifest: what a registry and containerd call the image's digest. */
  readonly digest: string;
  readonly bytes: number;
}

const MEDIA_TYPE = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};
const BUILT_AT = "1970-01-01T00:00:00Z";

/** Writes `file` whole or not at all. `layers` from the bottom up. */
export async function writeArchive(
  recipe: Recipe,
  layers: readonly ImageTree[],
  reference: string,
  file: string,
): Promise<ImageArchive> {
  const partial = `${file}.${process.pid}.partial`;
  const layerFiles = layers.map((_layer, index) => `${file}.${process.pid}.layer${index}`);
  try {
    const blobs: Blob[] = [];
    for (const [index, tree] of layers.entries()) {
      blobs.push(await writeTar(sortedEntries(tree), layerFiles[index] ?? ""));
    }
    const { contents, digest } = describeImage(recipe, blobs, reference);
    const archive = await writeTar(descriptionsFirst(contents), partial);
    await rename(partial, file);
    return { file, digest, bytes: archive.bytes };
  } finally {
    await Promise.all([partial, ...layerFiles].map((one) => rm(one, { force: true })));
  }
}

/** Who only wants to know what an archive holds need not read its layers. */
function descriptionsFirst(contents: ImageTree): TreeEntry[] {
  const entries = sortedEntries(contents);
  const isBlob = (entry: TreeEntry) => entry.path.startsWith("blobs");
  return [...entries.filter((one) => !isBlob(one)), ...entries.filter(isBlob)];
}

function describeImage(
  recipe: Recipe,
  layers: readonly Blob[],
  reference: string,
): { contents: ImageTree; digest: string } {
  const contents: ImageTree = new Map();
  const config = addBlob(contents, imageConfig(recipe, layers));
  for (const layer of layers) {
    addFile(contents, blobPath(layer.digest), { file: layer.file, bytes: layer.bytes });
  }
  const manifest = addBlob(contents, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: { mediaType: MEDIA_TYPE.config, ...config },
    layers: layers.map(({ digest, bytes }) => ({
      mediaType: MEDIA_TYPE.layer,
      digest,
      size: bytes,
    })),
  });
  addFile(contents, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  addFile(contents, "index.json", JSON.stringify(imageIndex(manifest, reference)));
  const docker = {
    Config: blobPath(config.digest),
    RepoTags: [reference],
    Layers: layers.map((layer) => blobPath(layer.digest)),
  };
  addFile(contents, "manifest.json", JSON.stringify([docker]));
  return { contents, digest: manifest.digest };
}

function imageIndex(manifest: { digest: string; size: number }, reference: string): object {
  return {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: MEDIA_TYPE.manifest,
        ...manifest,
        platform: platform(),
        annotations: {
          "io.containerd.image.name": reference,
          "org.opencontainers.image.ref.name": reference.slice(reference.lastIndexOf(":") + 1),
        },
      },
    ],
  };
}

function imageConfig(recipe: Recipe, layers: readonly Blob[]): object {
  const ports = recipe.ports.map((port) => [`${port}/tcp`, {}]);
  const environment = {
    PATH: "/usr/local/bin:/usr/sbin:/usr/bin",
    ...recipe.environment,
  };
  return {
    created: BUILT_AT,
    ...platform(),
    config: {
      User: `${recipe.user.uid}:${recipe.user.uid}`,
      ...(ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(ports) }),
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: recipe.entrypoint,
      ...(recipe.command === undefined ? {} : { Cmd: recipe.command }),
      WorkingDir: "/",
      Labels: { "org.opencontainers.image.title": recipe.title },
      ...(recipe.stopSignal === undefined ? {} : { StopSignal: recipe.stopSignal }),
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created: BUILT_AT, comment: `recipe ${recipe.name}` })),
  };
}

function platform(): { architecture: string; os: string } {
  return { architecture: process.arch === "arm64" ? "arm64" : "amd64", os: "linux" };
}

function addBlob(contents: ImageTree, value: object): { digest: string; size: number } {
  const text = JSON.stringify(value);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  addFile(contents, blobPath(digest), text);
  return { digest, size: Buffer.byteLength(text) };
}

function blobPath(digest: string): string {
  return path.posix.join("blobs", ...digest.split(":"));
}
