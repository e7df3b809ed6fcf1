/**
 * What a sealed model consists of: every file with its size and SHA-256, and the data key, wrapped.
 * An authentication code under the data key covers all but the wrapping, so that no file can be
 * added, left out or exchanged for one of another time.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { SealFault } from "./sealed-file.ts";

export const MANIFEST = "manifest.json";

/** A path below the model's folder, with `/`, that leads nowhere else. */
const relativePath = z
  .string()
  .max(1_024)
  .regex(/^[^\0\\]+$/)
  .refine((text) => text.split("/").every((part) => !["", ".", ".."].includes(part)));

const fileSchema = z.strictObject({
  path: relativePath,
  bytes: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export const manifestFiles = z.array(fileSchema).min(1);

const manifestSchema = z.strictObject({
  format: z.literal("deepseek-weights/1"),
  model: z.string().min(1).max(128),
  created: z.iso.datetime(),
  files: manifestFiles,
  dataKey: z.strictObject({ by: z.string(), wrapped: z.string() }),
  authentication: z.string().regex(/^[0-9a-f]{64}$/),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestFile = z.output<typeof fileSchema>;

export function authenticated(
  content: Omit<Manifest, "authentication">,
  dataKey: Buffer,
): Manifest {
  return { ...content, authentication: codeOf(content, dataKey).toString("hex") };
}

/** Throws a SealFault where the text is no manifest. */
export function parseManifest(text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SealFault("it is no JSON");
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new SealFault(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is malformed"}`);
}

export function isAuthentic(manifest: Manifest, dataKey: Buffer): boolean {
  return timingSafeEqual(codeOf(manifest, dataKey), Buffer.from(manifest.authentication, "hex"));
}

/**
 * Names the model at every site: it covers the files and their seal, and not whose key wraps the data
 * key, so that a key that is rotated, or another site's, leaves it as it is.
 */
export function sealedDigest(manifest: Manifest): string {
  const { format, model, created, files, authentication } = manifest;
  const content = files.map(({ path, bytes, sha256 }) => [path, bytes, sha256]);
  return createHash("sha256")
    .update(JSON.stringify([format, model, created, content, authentication]))
    .digest("hex");
}

function codeOf({ format, model, created, files }: Omit<Manifest, "authentication">, key: Buffer) {
  const own = Buffer.from(
    hkdfSync("sha256", key, Buffer.alloc(0), "deepseek weights manifest", 32),
  );
  const content = [format, model, created, files.map((one) => [one.path, one.bytes, one.sha256])];
  return createHmac("sha256", own).update(JSON.stringify(content)).digest();
}
