/**
 * Settings of the program that prepares weights: WEIGHTS_* variables, strict, all faults at once.
 * What it is to AWS, the variables that AWS' own programs read say.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { z } from "zod";
import { awsCredentials, type Variables } from "../aws/credentials.ts";
import { mountedKeys } from "../aws/mounted-keys.ts";
import { namedSettings } from "../base/named-settings.ts";
import { UserError } from "../base/user-error.ts";
import { keyServiceWrapping } from "./key-service.ts";
import { fileWrapping, type KeyWrapping, transitWrapping } from "./key-wrapping.ts";
import { bucketSource, folderSource, type WeightsSource } from "./weights-source.ts";

export interface WeightsConfig {
  readonly source: WeightsSource;
  readonly to: string;
  readonly manifest: string | null;
  readonly wrapping: KeyWrapping | null;
  /** Threads. */
  readonly parallel: number;
  /** Copies the files as they lie instead of making them ready for an engine. */
  readonly mirror: boolean;
}

/** More files at a time than this only share one network. */
const PARALLEL_MAX = 16;

const text = z.string().min(1);
const settingsSchema = z.strictObject({
  /** s3://bucket/prefix, or a folder. */
  FROM: z.string().regex(/^(s3:\/\/|\/)/),
  TO: z.string().startsWith("/"),
  MANIFEST_SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  PARALLEL: z.coerce.number().int().min(1).max(PARALLEL_MAX).optional(),
  /** Who opens the data key; none of them: the files lie there in clear. */
  KEY_FILE: text.optional(),
  KMS_KEY: text.optional(),
  TRANSIT_URL: z.url({ protocol: /^https$/ }).optional(),
  TRANSIT_MOUNT: text.default("transit"),
  TRANSIT_KEY: text.optional(),
  TRANSIT_TOKEN_FILE: text.optional(),
  MIRROR: z.literal("true").optional(),
  /** With the keys of an object store of one's own; without it this program is whom AWS' variables name. */
  KEYS_FOLDER: text.optional(),
});

type Settings = z.output<typeof settingsSchema>;

const PREFIX = "WEIGHTS_";

export function readConfig(variables: Variables = process.env): WeightsConfig {
  const settings = namedSettings(settingsSchema, PREFIX, variables);
  const { FROM: from, TO: to, MANIFEST_SHA256: manifest = null } = settings;
  return {
    source: from.startsWith("/")
      ? folderSource(from)
      : bucket(from, variables, settings.KEYS_FOLDER),
    to,
    manifest,
    wrapping: wrappingOf(settings, variables),
    // As many threads as there are processors: the digest of a file keeps one busy.
    parallel: settings.PARALLEL ?? Math.min(PARALLEL_MAX, availableParallelism()),
    mirror: settings.MIRROR === "true",
  };
}

function bucket(uri: string, variables: Variables, keys: string | undefined): WeightsSource {
  const region = variables["AWS_REGION"];
  if (region === undefined) throw missing("AWS_REGION");
  const endpoint = variables["AWS_ENDPOINT_URL_S3"];
  const credentials = keys === undefined ? awsCredentials(variables) : mountedKeys(keys);
  return bucketSource({ uri, region, endpoint, credentials });
}

function wrappingOf(settings: Settings, variables: Variables): KeyWrapping | null {
  const { KEY_FILE: file, KMS_KEY: key, TRANSIT_URL: url } = settings;
  const named = [file, key, url].filter((one) => one !== undefined);
  if (named.length > 1) {
    throw new UserError("more than one keeper of the data key is named", {
      where: "environment",
      fix: "one of WEIGHTS_KEY_FILE, WEIGHTS_KMS_KEY, WEIGHTS_TRANSIT_URL",
    });
  }
  if (file !== undefined) return fileWrapping(file);
  if (key !== undefined) {
    const endpoint = variables["AWS_ENDPOINT_URL_KMS"];
    const place = endpoint === undefined ? {} : { endpoint };
    return keyServiceWrapping({ key, credentials: awsCredentials(variables), ...place });
  }
  if (url === undefined) return null;
  const { TRANSIT_MOUNT: mount, TRANSIT_KEY: transitKey, TRANSIT_TOKEN_FILE: token } = settings;
  if (transitKey === undefined) throw missing("WEIGHTS_TRANSIT_KEY");
  if (token === undefined) throw missing("WEIGHTS_TRANSIT_TOKEN_FILE");
  return transitWrapping({
    url,
    mount,
    key: transitKey,
    token: readFileSync(token, "utf8").trim(),
  });
}

function missing(name: string): UserError {
  return new UserError(`${name} is missing`, { where: "environment", fix: "set it" });
}
