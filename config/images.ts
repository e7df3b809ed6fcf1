/** The reference a pod names: the stack's own image, else the one of versions.json. */
import type { ImageName, Settings } from "./schema.ts";
import versions from "./versions.json" with { type: "json" };

/** Built here and loaded into the node: it exists under its tag only. */
const LOCAL_REGISTRY = "deepseek.local/";

interface Known {
  readonly reference: string;
  readonly digest: string | null;
}

const KNOWN: Readonly<Record<string, Known>> = versions.images;
/** Images that we make ourselves: no public registry has them. */
const OWN: Readonly<Record<string, string>> = versions.ownImages;

type Supplies = Pick<Settings, "images" | "registry">;

/** Where nothing says what an image is; the caller tells the setting. */
export function imageKnown({ images, registry }: Supplies, name: ImageName): boolean {
  return images[name] !== undefined || (name in OWN ? registry !== undefined : name in KNOWN);
}

/** Images without a digest: whoever owns their tag decides what runs. */
export function unlockedImages(supplies: Supplies, names: readonly ImageName[]): ImageName[] {
  return names.filter((name) => !imageReference(supplies, name).includes("@"));
}

export function imageReference(supplies: Supplies, name: ImageName): string {
  const { tag, digest } = supplies.images[name] ?? { ...published(supplies, name) };
  return digest === null || tag.startsWith(LOCAL_REGISTRY) ? tag : `${tag}@${digest}`;
}

function published(
  { registry }: Supplies,
  name: ImageName,
): { tag: string; digest: string | null } {
  const own = OWN[name];
  const { reference, digest } =
    own === undefined
      ? (KNOWN[name] ?? { reference: undefined, digest: null })
      : { reference: registry === undefined ? undefined : `own/${own}`, digest: null };
  // Settings are refused before that (relations.ts).
  if (reference === undefined) throw new Error(`no image is known for ${name}`);
  // A mirror keeps the path and replaces the registry, which is what stands before the first slash.
  const path = reference.slice(reference.indexOf("/") + 1);
  return { tag: registry === undefined ? reference : `${registry}/${path}`, digest };
}
