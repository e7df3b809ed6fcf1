/** The reference a pod names: the stack's own image, else the public one of versions.json. */
import type { ImageName, Settings } from "./schema.ts";
import versions from "./versions.json" with { type: "json" };

/** Built here and loaded into the node: it exists under its tag only. */
const LOCAL_REGISTRY = "deepseek.local/";

export function imageReference(images: Settings["images"], name: ImageName): string {
  const known: Readonly<Record<string, { reference: string; digest: string | null }>> =
    versions.images;
  const { tag, digest } = images[name] ?? {
    tag: known[name]?.reference,
    digest: known[name]?.digest ?? null,
  };
  // The schema requires every image that versions.json does not have.
  if (tag === undefined) throw new Error(`no image is known for ${name}`);
  return digest === null || tag.startsWith(LOCAL_REGISTRY) ? tag : `${tag}@${digest}`;
}
