/**
 * Settings: the only reader of the environment. Every variable begins with GW_ (a Service named
 * `gateway` makes Kubernetes inject GATEWAY_*). Unknown GW_ variables and malformed values stop
 * the start, all faults listed at once. config.schema.json is made from the same schemas.
 */
import { z } from "zod";
import { environmentSchema } from "./config-schema.ts";
import { directoryFileSchema, tiersFileSchema } from "./directory/baseline.ts";
import { faultsOf, keysFileSchema, routesFileSchema } from "./documents.ts";
import { oidcFileSchema } from "./identity/outside-tokens.ts";

const PREFIX = "GW_";

type Environment = z.output<typeof environmentSchema>;

/** Parsed settings, frozen. */
export type Config = Readonly<Environment>;

/** What callers were promised: all calls of ninety days can be looked up. */
const AUDIT_RETENTION_DAYS_MIN = 90;

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** Pure: parses the GW_ variables among `environment` and names every fault. */
export function parseConfig(
  environment: Readonly<Record<string, string | undefined>>,
): { config: Config } | { faults: string[] } {
  const own = Object.entries(environment).filter(
    ([key, value]) => key.startsWith(PREFIX) && value !== undefined && value !== "",
  );
  const result = environmentSchema.safeParse({
    GW_KUBERNETES_URL: clusterUrl(environment),
    ...Object.fromEntries(own),
  });
  if (!result.success) return { faults: result.error.issues.flatMap(faultLines) };
  const faults = relationFaults(result.data);
  return faults.length > 0 ? { faults } : { config: Object.freeze(result.data) };
}

/** Where Kubernetes tells each pod that its API server is. */
function clusterUrl({
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port = "443",
}: Readonly<Record<string, string | undefined>>): string | undefined {
  if (host === undefined || host === "") return undefined;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Reads the process's own environment; throws one Error with all faults. */
export function readConfig(): Config {
  const result = parseConfig(process.env);
  if ("config" in result) return result.config;
  throw new Error(`the settings have faults:\n  ${result.faults.join("\n  ")}`);
}

function faultLines(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${key}: no such setting`);
  }
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  return faultsOf(new z.ZodError([issue])).map((line) =>
    missing ? `${issue.path.join(".")}: is required` : line,
  );
}

function relationFaults(env: Environment): string[] {
  const faults: string[] = [];
  const need = (condition: boolean, fault: string) => {
    if (!condition) faults.push(fault);
  };
  const local = LOOPBACK.has(env.GW_HOST);
  const hasCertificate = env.GW_TLS_CERT_FILE !== undefined && env.GW_TLS_KEY_FILE !== undefined;
  need(env.GW_TLS === "off" || hasCertificate, "GW_TLS_CERT_FILE, GW_TLS_KEY_FILE: are required");
  need(env.GW_TLS === "on" || local, "GW_TLS: off needs GW_HOST to be a loopback address");
  if (env.GW_SHARED_STORE === "redis") faults.push(...redisFaults(env));
  need(
    env.GW_DATABASE !== "sqlite" || env.GW_DATABASE_FILE !== undefined,
    "GW_DATABASE_FILE: is required",
  );
  need(
    env.GW_AUDIT_SEAL_KEY_FILE === undefined || env.GW_DATA_FOLDER !== undefined,
    "GW_DATA_FOLDER: is required for the audit trail",
  );
  const collector = env.GW_OTLP_ENDPOINT === undefined ? null : new URL(env.GW_OTLP_ENDPOINT);
  need(
    collector === null || collector.protocol === "https:" || LOOPBACK.has(collector.hostname),
    "GW_OTLP_ENDPOINT: https, or a loopback host",
  );
  need(
    env.GW_AUDIT_RETENTION_DAYS === 0 || env.GW_AUDIT_RETENTION_DAYS >= AUDIT_RETENTION_DAYS_MIN,
    `GW_AUDIT_RETENTION_DAYS: 0, or ${AUDIT_RETENTION_DAYS_MIN} or more`,
  );
  need(
    (env.GW_CLIENT_CERTIFICATE_HEADER === undefined) === (env.GW_EDGE_TOKEN_FILE === undefined),
    "GW_CLIENT_CERTIFICATE_HEADER, GW_EDGE_TOKEN_FILE: both or neither",
  );
  need(
    env.GW_PROMPTS !== "sealed" || env.GW_DATA_KEY_FILE !== undefined,
    "GW_PROMPTS: sealed needs GW_DATA_KEY_FILE",
  );
  need(
    (env.GW_WARNING_URL === undefined) === (env.GW_WARNING_SECRET_FILE === undefined),
    "GW_WARNING_URL, GW_WARNING_SECRET_FILE: both or neither",
  );
  need(
    env.GW_FINE_TUNING !== "kubernetes" || env.GW_FINE_TUNING_TEMPLATE_FILE !== undefined,
    "GW_FINE_TUNING_TEMPLATE_FILE: is required",
  );
  if (env.GW_DATABASE === "postgres") {
    need(env.GW_POSTGRES_HOST !== undefined, "GW_POSTGRES_HOST: is required");
    const postgresLocal = LOOPBACK.has(env.GW_POSTGRES_HOST ?? "");
    need(
      env.GW_POSTGRES_TLS === "on" || postgresLocal,
      "GW_POSTGRES_TLS: off only for a loopback host",
    );
  }
  need(
    env.GW_ANSWER_TIMEOUT_MS <= env.GW_STREAM_TIMEOUT_MS,
    "GW_ANSWER_TIMEOUT_MS: must not exceed GW_STREAM_TIMEOUT_MS",
  );
  need(
    env.GW_DRAIN_TIMEOUT_MS > env.GW_STREAM_TIMEOUT_MS,
    "GW_DRAIN_TIMEOUT_MS: must exceed GW_STREAM_TIMEOUT_MS, or a stream is cut at a roll-out",
  );
  return faults;
}

/** One host, or sentinels that tell it; which of two would be asked nobody could know. */
function redisFaults(env: Environment): string[] {
  const { GW_REDIS_HOST: host, GW_REDIS_SENTINELS: sentinels, GW_REDIS_MASTER: master } = env;
  const faults: string[] = [];
  if (host === undefined && sentinels === undefined) faults.push("GW_REDIS_HOST: is required");
  if (host !== undefined && sentinels !== undefined) {
    faults.push("GW_REDIS_HOST, GW_REDIS_SENTINELS: one of them, not both");
  }
  if ((sentinels === undefined) !== (master === undefined)) {
    faults.push("GW_REDIS_SENTINELS, GW_REDIS_MASTER: both or neither");
  }
  const hosts = sentinels?.map((sentinel) => sentinel.host) ?? [host ?? ""];
  if (env.GW_REDIS_TLS === "off" && !hosts.every((one) => LOOPBACK.has(one))) {
    faults.push("GW_REDIS_TLS: off only for a loopback host");
  }
  return faults;
}

/** The JSON Schema that is committed as config.schema.json. */
export function configJsonSchema(): unknown {
  const schema = (of: z.ZodType) => {
    const { $schema: _, ...rest } = z.toJSONSchema(of, { io: "input" });
    return rest;
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of the gateway",
    description: "Environment variables, and the JSON files they name.",
    type: "object",
    properties: { environment: schema(environmentSchema) },
    $defs: {
      keysFile: schema(keysFileSchema),
      routesFile: schema(routesFileSchema),
      tiersFile: schema(tiersFileSchema),
      directoryFile: schema(directoryFileSchema),
      oidcFile: schema(oidcFileSchema),
    },
  };
}
