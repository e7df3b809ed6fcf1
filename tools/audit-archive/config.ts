/**
 * Settings of the archiver: ARCHIVE_* variables, strict, all faults at once. What it is to AWS, or to
 * another object store, the variables that AWS' own programs read say.
 */
import path from "node:path";
import { z } from "zod";
import { isSecure } from "../aws/bucket.ts";
import { awsCredentials, type Variables } from "../aws/credentials.ts";
import { mountedKeys } from "../aws/mounted-keys.ts";
import { namedSettings } from "../base/named-settings.ts";
import { UserError } from "../base/user-error.ts";
import type { WatchOptions } from "../base/watch-server.ts";
import type { ArchiveTarget } from "./archive-target.ts";
import { bucketTarget } from "./bucket-target.ts";
import { volumeTarget } from "./volume-target.ts";

export interface ArchiveConfig {
  readonly folder: string;
  readonly state: string;
  readonly target: ArchiveTarget;
  readonly lateMs: number;
  readonly watch: WatchOptions;
}

const HOUR_MS = 3_600_000;

const file = z.string().startsWith("/");
const settingsSchema = z.strictObject({
  /** The gateway's audit folder, with a folder for each site. */
  FOLDER: file,
  /** What was archived is remembered here. */
  STATE: file,
  /** s3://bucket/prefix, or file:///folder of a mounted volume. */
  TO: z.string().regex(/^(s3:\/\/|file:\/\/\/)/, "s3://BUCKET/PREFIX or file:///FOLDER"),
  /** Instead of AWS' variables: ACCESS_KEY_ID and ACCESS_SECRET_KEY, a file each. */
  KEYS_FOLDER: file.optional(),
  KMS_KEY: z
    .string()
    .regex(/^arn:aws(-cn)?:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, "an ARN of a key of KMS")
    .optional(),
  /** A quarter of a day: whoever is told then has three more before the first day is a day late. */
  LATE_HOURS: z.coerce.number().int().min(1).max(168).default(6),
  PORT: z.coerce.number().int().min(0).max(65_535).default(9465),
  TLS_CERT_FILE: file.optional(),
  TLS_KEY_FILE: file.optional(),
});

type Settings = z.output<typeof settingsSchema>;

const PREFIX = "ARCHIVE_";

export function readConfig(variables: Variables = process.env): ArchiveConfig {
  const settings = namedSettings(settingsSchema, PREFIX, variables);
  const { FOLDER: folder, STATE: state, LATE_HOURS: hours, PORT: port } = settings;
  if (isWithin(folder, state)) {
    throw refused("ARCHIVE_STATE lies in ARCHIVE_FOLDER", "a folder that is not the trail's");
  }
  return {
    folder,
    state,
    target: targetOf(settings, variables),
    lateMs: hours * HOUR_MS,
    watch: { port, tls: tlsOf(settings) },
  };
}

function targetOf(settings: Settings, variables: Variables): ArchiveTarget {
  const { TO: to, KMS_KEY: key, KEYS_FOLDER: keys } = settings;
  if (to.startsWith("file:")) {
    if (key !== undefined) throw refused("ARCHIVE_KMS_KEY is for a bucket", "leave it out");
    return volumeTarget(decodeURIComponent(new URL(to).pathname));
  }
  const region = variables["AWS_REGION"];
  if (region === undefined) throw refused("AWS_REGION is missing", "set it");
  const endpoint = variables["AWS_ENDPOINT_URL_S3"];
  if (endpoint !== undefined && !isSecure(endpoint)) {
    throw refused(`AWS_ENDPOINT_URL_S3: ${endpoint} is not https`, "https://HOST:PORT");
  }
  const credentials = keys === undefined ? awsCredentials(variables) : mountedKeys(keys);
  return bucketTarget({ uri: to, region, endpoint, key, credentials });
}

function tlsOf({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Settings) {
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  throw refused("a certificate and its key go together", "both ARCHIVE_TLS_*_FILE, or neither");
}

function isWithin(folder: string, inner: string): boolean {
  const between = path.relative(folder, inner);
  return between === "" || !(between.startsWith("..") || path.isAbsolute(between));
}

function refused(what: string, fix: string): UserError {
  return new UserError(what, { where: "environment", fix });
}
