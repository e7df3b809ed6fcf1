/** Images of the node: docker-archive files imported into containerd, each only once. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { extract } from "tar-stream";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { run } from "../base/process.ts";
import type { Progress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { below, containerdSocket, type Layout } from "./layout.ts";

export interface ArchiveIdentity {
  readonly tags: readonly string[];
  /** Name of the config in the archive: a digest, so other content has another name. */
  readonly config: string;
}

type Imported = Record<string, string>;

/** Imports what is not there yet; a tag whose content changed is imported again. */
export async function importArchives(
  layout: Layout,
  archives: readonly string[],
  options: { env: NodeJS.ProcessEnv; progress: Progress },
): Promise<void> {
  const identities = await Promise.all(
    archives.map(async (archive) => ({ archive, ...(await identify(archive)) })),
  );
  const known = await readImported(layout);
  const present = await presentTags(layout, options.env);
  const missing = identities.filter(({ tags, config }) =>
    tags.some((tag) => known[tag] !== config || !present.has(tag)),
  );
  if (missing.length === 0) return;
  await options.progress.step("Importing images", async (step) => {
    for (const [index, { archive, tags, config }] of missing.entries()) {
      step.status(`${tags.join(", ")} (${index + 1} of ${missing.length})`);
      await importOne(layout, archive, options.env);
      for (const tag of tags) known[tag] = config;
      await writeFileAtomic(importedFile(layout), JSON.stringify(known));
    }
  });
}

/** Reads the archive's manifest, which stands before the layers or after them. */
export async function identify(archive: string): Promise<ArchiveIdentity> {
  const reader = extract();
  const source = createReadStream(archive);
  source.once("error", (error) => reader.destroy(error));
  source.pipe(reader);
  try {
    for await (const entry of reader) {
      if (entry.header.name !== "manifest.json") {
        entry.resume();
        continue;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      return parseManifest(Buffer.concat(chunks).toString("utf8"));
    }
  } catch (error) {
    throw notAnArchive(archive, error instanceof Error ? error.message : String(error));
  } finally {
    source.destroy();
  }
  throw notAnArchive(archive, "it has no manifest.json");
}

function parseManifest(text: string): ArchiveIdentity {
  const [first] = JSON.parse(text) as { RepoTags?: string[]; Config?: string }[];
  return { tags: first?.RepoTags ?? [], config: first?.Config ?? "" };
}

function notAnArchive(archive: string, reason: string): UserError {
  return new UserError(`this is no image archive: ${reason}`, {
    where: archive,
    fix: "build it again: npm run images -- build",
  });
}

async function importOne(layout: Layout, archive: string, env: NodeJS.ProcessEnv): Promise<void> {
  const result = await ctr(layout, ["images", "import", archive], env);
  if (result.code !== 0) {
    throw new UserError(`an image was not imported: ${result.stderr.trim().slice(-500)}`, {
      where: archive,
      fix: "look into the log of containerd (npm run cluster -- status names it)",
      exitCode: 1,
    });
  }
}

async function presentTags(layout: Layout, env: NodeJS.ProcessEnv): Promise<Set<string>> {
  const result = await ctr(layout, ["images", "list", "-q"], env);
  if (result.code !== 0) {
    throw new UserError("containerd does not answer", {
      where: containerdSocket(layout),
      fix: "npm run cluster -- start",
    });
  }
  return new Set(result.stdout.split("\n"));
}

function ctr(layout: Layout, args: readonly string[], env: NodeJS.ProcessEnv) {
  return run("ctr", ["-a", containerdSocket(layout), "-n", "k8s.io", ...args], { env });
}

function importedFile(layout: Layout): string {
  return below(layout, "imported-images.json");
}

async function readImported(layout: Layout): Promise<Imported> {
  const text = await readFile(importedFile(layout), "utf8").catch(() => "{}");
  return JSON.parse(text) as Imported;
}
