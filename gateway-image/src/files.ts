/** The mounted files of a gateway, each read again when it changes. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { SealedBox } from "./base/sealed-box.ts";
import { type WatchedFile, watchFiles } from "./base/watched-file.ts";
import type { Config } from "./config.ts";
import { directoryFileSchema, tiersFileSchema } from "./directory/baseline.ts";
import { keysFileSchema, parseDocument, routesFileSchema } from "./documents.ts";
import { templateSchema } from "./fine-tuning/job-template.ts";
import { oidcFileSchema } from "./identity/outside-tokens.ts";
import { parseTokenSecrets } from "./identity/tokens.ts";
import { limits } from "./limits.ts";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export type Files = ReturnType<typeof openFiles>;

/** Throws where a file cannot be read or is malformed: the gateway must not start half. */
export function openFiles(config: Config, onFault: (file: string, error: unknown) => void) {
  const watch = <T>(
    name: string,
    files: readonly (string | undefined)[],
    parse: (texts: readonly string[]) => T,
  ): WatchedFile<T> | null => {
    const paths = files.filter((file) => file !== undefined);
    if (paths.length < files.length) return null;
    return watchFiles<T>({
      files: paths,
      parse,
      intervalMs: limits.reloadMs,
      onFault: (error) => onFault(name, error),
    });
  };
  const document = <T>(schema: Parameters<typeof parseDocument<T>>[0], name: string) => {
    return ([text = ""]: readonly string[]) => parseDocument(schema, text, `the ${name} file`);
  };
  const tls =
    config.GW_TLS === "on" ? [config.GW_TLS_CERT_FILE, config.GW_TLS_KEY_FILE] : [undefined];
  const keys = watch("keys", [config.GW_KEYS_FILE], document(keysFileSchema, "keys"));
  const routes = watch("routes", [config.GW_ROUTES_FILE], document(routesFileSchema, "routes"));
  if (keys === null || routes === null) throw new Error("keys and routes are required");
  return {
    keys,
    routes,
    tiers: watch("tiers", [config.GW_TIERS_FILE], document(tiersFileSchema, "tiers")),
    directory: watch(
      "directory",
      [config.GW_DIRECTORY_FILE],
      document(directoryFileSchema, "directory"),
    ),
    oidc: watch("oidc", [config.GW_OIDC_FILE], document(oidcFileSchema, "OIDC")),
    ca: watch("ca", [config.GW_CA_FILE], parseCa),
    storesCa: watch("stores' ca", [config.GW_STORES_CA_FILE], parseCa),
    certificate: watch("certificate", tls, parseCertificate),
    dataKeys: watch("data key", [config.GW_DATA_KEY_FILE], ([text = ""]) => new SealedBox(text)),
    tokenSecrets: watch("token secret", [config.GW_JWT_SECRET_FILE], ([text = ""]) =>
      parseTokenSecrets(text),
    ),
    fineTuningTemplate: watch(
      "fine-tuning template",
      [config.GW_FINE_TUNING_TEMPLATE_FILE],
      document(templateSchema, "fine-tuning template"),
    ),
    edgeToken: watch("edge token", [config.GW_EDGE_TOKEN_FILE], ([text = ""]) => {
      if (text.trim().length < EDGE_TOKEN_LENGTH_MIN) throw new Error("the edge's token is short");
      return text.trim();
    }),
  };
}

/** 128 bits in hexadecimal. */
const EDGE_TOKEN_LENGTH_MIN = 32;

/** Throws while only one of the two files is the new one. */
function parseCertificate([cert = "", key = ""]: readonly string[]): Certificate {
  createSecureContext({ cert, key });
  return { cert, key };
}

/** Node takes anything for a CA and then trusts nobody; a fault must show when it is made. */
function parseCa([pem = ""]: readonly string[]): string {
  new X509Certificate(pem);
  return pem;
}

/** Read at each connection: a rotated password needs no restart. */
export function passwordReader(file: string | undefined): () => string | null {
  if (file === undefined) return () => null;
  return () => readFileSync(file, "utf8").replace(/\r?\n$/, "");
}
