/** Settings of the relay: RELAY_* variables, and files with what is secret. Strict, all faults at once. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { faultLines, namedSettings } from "../base/named-settings.ts";
import { UserError } from "../base/user-error.ts";
import { type Channel, channelSchema } from "./channel.ts";

export interface RelayConfig {
  readonly port: number;
  readonly metricsPort: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** What Alertmanager shows. */
  readonly token: string;
  /** Who vouches for the channels; undefined: the public authorities. */
  readonly authority: string | undefined;
  readonly replicas: number;
  readonly channels: readonly Channel[];
}

const file = z.string().startsWith("/");
const port = z.coerce.number().int().min(0).max(65_535);
const settingsSchema = z.strictObject({
  PORT: port.default(8443),
  METRICS_PORT: port.default(9466),
  TLS_CERT_FILE: file,
  TLS_KEY_FILE: file,
  TOKEN_FILE: file,
  CHANNELS_FILE: file,
  AUTHORITY_FILE: file.optional(),
  /** What a channel allows is divided by them. */
  REPLICAS: z.coerce.number().int().min(1).max(16).default(1),
});

const channelsSchema = z
  .array(channelSchema)
  .min(1)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "names repeat");

/** 32 characters of a random password have some 190 bits; a token that somebody thought of has not. */
const TOKEN_CHARACTERS_MIN = 32;
const PREFIX = "RELAY_";
const FIX = "set it right (docs/alerts.md)";

export function readConfig(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): RelayConfig {
  const settings = namedSettings(settingsSchema, PREFIX, variables, FIX);
  const token = textOf(settings.TOKEN_FILE).trim();
  if (token.length < TOKEN_CHARACTERS_MIN)
    throw refused(settings.TOKEN_FILE, `shorter than ${TOKEN_CHARACTERS_MIN} characters`);
  return {
    port: settings.PORT,
    metricsPort: settings.METRICS_PORT,
    certFile: settings.TLS_CERT_FILE,
    keyFile: settings.TLS_KEY_FILE,
    token,
    authority: settings.AUTHORITY_FILE === undefined ? undefined : textOf(settings.AUTHORITY_FILE),
    replicas: settings.REPLICAS,
    channels: channelsOf(settings.CHANNELS_FILE),
  };
}

function channelsOf(from: string): Channel[] {
  let value: unknown;
  try {
    value = JSON.parse(textOf(from));
  } catch (error) {
    if (error instanceof UserError) throw error;
    // The parser's own words quote the text, which has secrets.
    throw refused(from, "is not JSON");
  }
  const parsed = channelsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refused(from, faultLines(parsed.error, ""));
}

function textOf(from: string): string {
  try {
    return readFileSync(from, "utf8");
  } catch (error) {
    throw refused(from, `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
}

function refused(where: string, what: string): UserError {
  return new UserError(what, { where, fix: FIX });
}
