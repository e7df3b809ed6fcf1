/**
 * Digests of the images of others that config/versions.json names. They are asked of a registry
 * and written into that file; what no registry told stays null and is never invented.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomic-file.ts";
import type { Progress } from "../base/progress.ts";
import { openRepository, parseRepository } from "./registry.ts";
import { readCredentials } from "./registry-credentials.ts";

export interface OutsideRequest {
  readonly root: string;
  /** A mirror (HOST/PATH) that keeps the images under their own paths, or "origin". */
  readonly registry: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly progress: Progress;
}

export interface OutsideAnswer {
  readonly name: string;
  readonly reference: string;
  readonly digest: string | null;
  readonly fault?: string;
}

/** Each image is asked at the registry that its own reference names. */
const ORIGIN = "origin";

const versionsSchema = z.looseObject({
  images: z.record(
    z.string(),
    z.looseObject({ reference: z.string(), digest: z.string().nullable() }),
  ),
});

export async function lockOutsideImages(request: OutsideRequest): Promise<OutsideAnswer[]> {
  const file = path.join(request.root, "config/versions.json");
  const versions = versionsSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const answers = await request.progress.step("Digests of outside images", (step) =>
    Promise.all(
      Object.entries(versions.images).map(async ([name, { reference }]) => {
        const answer = await ask(request, reference);
        step.status(name);
        return { name, reference, ...answer };
      }),
    ),
  );
  for (const { name, digest } of answers) {
    const image = versions.images[name];
    if (image !== undefined && digest !== null) image.digest = digest;
  }
  await writeFileAtomic(file, `${JSON.stringify(versions, null, 2)}\n`);
  return answers;
}

async function ask(
  request: OutsideRequest,
  reference: string,
): Promise<{ digest: string | null; fault?: string }> {
  try {
    const { host, name, tag } = placeOf(request.registry, reference);
    const credentials = await readCredentials(request.variables, host);
    const repository = await openRepository(host, name, "pull", credentials);
    try {
      const digest = await repository.digestOf(tag);
      return digest === undefined
        ? { digest: null, fault: `${host}/${name}:${tag} is not there` }
        : { digest };
    } finally {
      await repository.close();
    }
  } catch (error) {
    return { digest: null, fault: error instanceof Error ? error.message : String(error) };
  }
}

/** Where `host/path:tag` lies: at its own registry, or below the mirror's path. */
export function placeOf(
  registry: string,
  reference: string,
): { host: string; name: string; tag: string } {
  const match = /^([^/]+)\/([^:@]+):([^:@/]+)$/.exec(reference);
  if (match === null) throw new Error(`${reference} is not of the form host/path:tag`);
  const [, own = "", name = "", tag = ""] = match;
  if (registry === ORIGIN) return { host: own, name, tag };
  const mirror = parseRepository(registry);
  return { host: mirror.host, name: mirror.path === "" ? name : `${mirror.path}/${name}`, tag };
}
