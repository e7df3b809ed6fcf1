/** Settings of the restore test: RESTORE_* variables, strict, all faults at once. */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { isSecure } from "../aws/bucket.ts";
import type { Variables } from "../aws/credentials.ts";
import { mountedKeys } from "../aws/mounted-keys.ts";
import { namedSettings } from "../base/named-settings.ts";
import { UserError } from "../base/user-error.ts";
import type { WatchOptions } from "../base/watch-server.ts";
import { archiveSource } from "./archive-source.ts";
import type { TesterOptions } from "./tester.ts";

const HOUR_MS = 3_600_000;
const PREFIX = "RESTORE_";

const file = z.string().startsWith("/");
const settingsSchema = z.strictObject({
  /** s3://bucket/folder, in which base/ and wals/ are. */
  FROM: z.string().regex(/^s3:\/\/[^/]+\/.+$/, "s3://BUCKET/FOLDER"),
  /** ACCESS_KEY_ID and ACCESS_SECRET_KEY, a file each. */
  KEYS_FOLDER: file,
  SCRATCH: file,
  STATE: file,
  SEAL_KEY_FILE: file,
  DATABASE: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .default("gateway"),
  /** A week: the longest that a wrong backup may stay unseen while older ones are still kept. */
  EVERY_HOURS: z.coerce.number().int().min(1).max(744).default(168),
  /** Fetching and replaying together. */
  LIMIT_HOURS: z.coerce.number().int().min(1).max(48).default(12),
  PORT: z.coerce.number().int().min(0).max(65_535).default(9467),
  TLS_CERT_FILE: file.optional(),
  TLS_KEY_FILE: file.optional(),
});

export interface RestoreTestConfig {
  readonly tester: Omit<TesterOptions, "nowMs">;
  readonly watch: WatchOptions;
}

export function readConfig(variables: Variables = process.env): RestoreTestConfig {
  const settings = namedSettings(settingsSchema, PREFIX, variables);
  const region = variables["AWS_REGION"];
  if (region === undefined) throw refused("AWS_REGION is missing", "set it");
  const endpoint = variables["AWS_ENDPOINT_URL_S3"];
  if (endpoint !== undefined && !isSecure(endpoint)) {
    throw refused(`AWS_ENDPOINT_URL_S3: ${endpoint} is not https`, "https://HOST:PORT");
  }
  const credentials = mountedKeys(settings.KEYS_FOLDER);
  return {
    tester: {
      source: archiveSource({ uri: settings.FROM, region, endpoint, credentials }),
      scratch: settings.SCRATCH,
      state: settings.STATE,
      database: settings.DATABASE,
      everyMs: settings.EVERY_HOURS * HOUR_MS,
      limitMs: settings.LIMIT_HOURS * HOUR_MS,
      sealKey: createPrivateKey(readFileSync(settings.SEAL_KEY_FILE)),
    },
    watch: { port: settings.PORT, tls: tlsOf(settings) },
  };
}

function tlsOf({
  TLS_CERT_FILE: certFile,
  TLS_KEY_FILE: keyFile,
}: z.output<typeof settingsSchema>) {
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  throw refused("a certificate and its key go together", "both RESTORE_TLS_*_FILE, or neither");
}

function refused(what: string, fix: string): UserError {
  return new UserError(what, { where: "environment", fix });
}
