/**
 * What a model in clear consists of. Nothing in it proves who wrote it, so whoever takes the model
 * says beforehand which manifest it must be: its SHA-256 stands in the stack's settings.
 */
import { z } from "zod";
import { UserError } from "../base/user-error.ts";
import { type ManifestFile, manifestFiles } from "./manifest.ts";

const schema = z.strictObject({
  format: z.literal("deepseek-weights-plain/1"),
  model: z.string().min(1).max(128),
  files: manifestFiles,
});

export type PlainManifest = z.output<typeof schema>;

/** The same files give the same text, and so the same digest. */
export function plainManifestText(model: string, files: readonly ManifestFile[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const manifest = { format: "deepseek-weights-plain/1", model, files: sorted };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export function parsePlainManifest(text: string, where: string): PlainManifest {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new UserError("it is no manifest of weights", {
      where,
      fix: "npm run weights -- manifest FOLDER writes one",
    });
  }
}
