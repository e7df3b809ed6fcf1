/**
 * The form of each setting: its type, its bounds, its default and what it is for. What must hold
 * between settings stands in config.ts, which alone reads the environment.
 */
import { z } from "zod";
import { limits } from "./limits.ts";

function integer(min: number, max: number, fallback: number, description: string) {
  return z
    .string()
    .regex(/^\d{1,12}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, {
      message: `must be from ${min} to ${max}`,
    })
    .prefault(String(fallback))
    .describe(`${description} From ${min} to ${max}.`);
}

const path = z.string().min(1);
const port = (fallback: number, description: string) => integer(0, 65_535, fallback, description);

export const environmentSchema = z.strictObject({
  GW_SITE: z.string().min(1).default("primary").describe("The site, written into every record."),
  GW_INSTANCE: z.string().min(1).default("gateway").describe("This process; the pod's name."),
  GW_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),

  GW_HOST: z.string().min(1).default("0.0.0.0").describe("Address to listen on."),
  GW_PORT: port(8080, "Port of the API (0: any free one)."),
  GW_METRICS_PORT: port(9464, "Port of /metrics (0: any free one)."),
  GW_TLS: z
    .enum(["on", "off"])
    .default("on")
    .describe("off is allowed on loopback only, for development."),
  GW_TLS_CERT_FILE: path.optional().describe("Certificate chain, PEM; reloaded when it changes."),
  GW_TLS_KEY_FILE: path.optional().describe("Its private key, PEM; reloaded when it changes."),
  GW_CA_FILE: path
    .optional()
    .describe("The CA, PEM, that model servers, Redis and PostgreSQL are verified with."),
  GW_STORES_CA_FILE: path
    .optional()
    .describe("CAs, PEM, of Redis, its sentinels and PostgreSQL; without: GW_CA_FILE."),
  GW_CLIENT_ADDRESS_HEADER: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional()
    .describe("Header in which the edge passes the caller's address, such as x-real-ip."),

  GW_CORS_ORIGINS: z
    .string()
    .transform((text) => text.split(",").map((origin) => origin.trim()))
    .refine((origins) => origins.every(isOrigin), {
      message: "must be origins such as https://app.example, joined by commas",
    })
    .optional()
    .describe("Origins of pages whose browsers may call; without: none."),

  GW_API_PAGES: z
    .enum(["on", "off"])
    .default("on")
    .describe("The pages /docs and /redoc; /openapi.json is always there."),

  GW_CONSOLE: z
    .enum(["on", "off"])
    .default("on")
    .describe("The page /console for people who log in; its data is always there."),

  GW_KEYS_FILE: path.describe("API keys (JSON, `keysFile`); reloaded when it changes."),
  GW_ROUTES_FILE: path.describe("Models (JSON, `routesFile`); reloaded when it changes."),
  GW_PROVIDERS_FOLDER: path
    .optional()
    .describe("Keys of outside providers, one file each: cerebras, deepseek, openai, …"),
  GW_PROVIDER_MODELS: z
    .enum(["on", "off"])
    .default("off")
    .describe("Offer the providers' models that the gateway knows, where there is a key."),
  GW_AUTO_MODELS: z
    .string()
    .transform((text) => text.split(",").map((model) => model.trim()))
    .optional()
    .describe("For the model `auto`: models that are preferred, joined by commas, best first."),
  GW_PROBES: z
    .enum(["on", "off"])
    .default("on")
    .describe("Ask the site's model servers whether they are well (GET /health), each second."),
  GW_TIERS_FILE: path
    .optional()
    .describe("Tiers (JSON, `tiersFile`); reloaded. Without: the tiers `user` and `service`."),
  GW_DIRECTORY_FILE: path
    .optional()
    .describe("Tenants, principals, roles, prices (JSON, `directoryFile`); reloaded."),

  GW_DATA_KEY_FILE: path
    .optional()
    .describe("Keys that seal what is kept: lines `id:base64 of 32 bytes`; the first seals."),
  GW_JWT_SECRET_FILE: path
    .optional()
    .describe("Secrets of our own tokens: lines of base64, 32 bytes each; the first signs."),
  GW_OIDC_FILE: path.optional().describe("Outside issuers of tokens (JSON, `oidcFile`)."),
  GW_CLIENT_CERTIFICATE_HEADER: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional()
    .describe("Header in which the edge passes a verified client certificate, PEM, URL-encoded."),
  GW_EDGE_TOKEN_FILE: path
    .optional()
    .describe("Secret by which the edge proves, in x-edge-token, that it is the edge."),
  GW_ADMIN_PASSWORD_FILE: path
    .optional()
    .describe("First password of the user `admin`, made where the directory has none."),

  GW_ADMIN_TOTP: z
    .enum(["optional", "required"])
    .default("optional")
    .describe("required: an administrator without an authenticator may do nothing but get one."),

  GW_SHARED_STORE: z.enum(["redis", "memory"]).default("redis"),
  GW_REDIS_HOST: z.string().min(1).optional(),
  GW_REDIS_PORT: port(6379, "Port of Redis."),
  GW_REDIS_SENTINELS: z
    .string()
    .transform((text, context) => {
      const addresses = text.split(",").map((address) => endpointOf(address.trim()));
      const known = addresses.filter((address) => address !== null);
      if (known.length === addresses.length) return known;
      context.addIssue("must be addresses such as redis-0.redis:26379, joined by commas");
      return z.NEVER;
    })
    .optional()
    .describe("Sentinels, `host:port` joined by commas, that know which Redis is the primary."),
  GW_REDIS_MASTER: z
    .string()
    .min(1)
    .optional()
    .describe("The name under which the sentinels know it."),
  GW_REDIS_TLS: z.enum(["on", "off"]).default("on").describe("off: loopback only."),
  GW_REDIS_USERNAME: z.string().min(1).optional().describe("ACL user."),
  GW_REDIS_PASSWORD_FILE: path.optional(),
  GW_SHARED_STORE_DOWN: z
    .enum(["refuse", "local-share"])
    .default("refuse")
    .describe("Redis away: refuse with 503, or each replica counts its share of the quota."),
  GW_QUOTA_SHARE_PERCENT: integer(
    1,
    100,
    100,
    "Of every limit, what this site enforces, where several sites are active.",
  ),
  GW_REPLICAS: integer(1, 1000, 1, "Gateways of this site; a local share is quota / replicas."),

  GW_DATABASE: z
    .enum(["postgres", "sqlite", "memory"])
    .default("postgres")
    .describe("Ledger and directory. sqlite: one gateway alone; memory: nothing is kept."),
  GW_DATABASE_FILE: path.optional().describe("The file of sqlite."),
  GW_POSTGRES_HOST: z.string().min(1).optional(),
  GW_POSTGRES_PORT: port(5432, "Port of PostgreSQL."),
  GW_POSTGRES_TLS: z.enum(["on", "off"]).default("on").describe("off: loopback only."),
  GW_POSTGRES_DATABASE: z.string().min(1).default("gateway"),
  GW_POSTGRES_USERNAME: z.string().min(1).default("gateway"),
  GW_POSTGRES_PASSWORD_FILE: path.optional(),
  GW_LEDGER_QUEUE_ROWS_MAX: integer(
    limits.ledgerBatchRowsMax,
    1_000_000,
    20_000,
    "Rows kept while PostgreSQL is away; when full, new requests are refused.",
  ),

  GW_DATA_FOLDER: path
    .optional()
    .describe("Folder of the write-ahead log and the audit trail, on a disk that stays."),
  GW_AUDIT_SEAL_KEY_FILE: path
    .optional()
    .describe("Ed25519 key, PKCS #8 PEM, that seals the audit trail; without: no trail."),
  GW_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "Where a collector takes traces, such as https://collector:4318/v1/traces; without: none.",
    ),
  GW_TRACE_SAMPLE_PERCENT: integer(0, 100, 10, "Of the calls, how many are traced."),
  GW_PROMPTS: z
    .enum(["none", "hash", "sealed"])
    .default("hash")
    .describe(
      "What the log says of a prompt: nothing, a hash under the data key, or also itself, sealed.",
    ),
  GW_AUDIT_RETENTION_DAYS: integer(
    0,
    36_500,
    0,
    "Days of the audit trail that are kept here, 90 or more; 0: all.",
  ),
  // A shorter one would make more files than lines.
  GW_AUDIT_SEGMENT_SECONDS: integer(
    60,
    86_400,
    86_400,
    "How old a segment of the audit trail grows before it is sealed; at the latest when its day ends.",
  ),
  GW_AUDIT_DOWN: z
    .enum(["refuse", "serve"])
    .default("refuse")
    .describe("Calls that cannot be recorded: refuse them with 503, or serve and count them."),

  GW_CACHE_ENTRIES_MAX: integer(
    0,
    1_000_000,
    0,
    "Answers that are kept to be told again, of up to 64 KiB each; 0: none.",
  ),
  GW_CACHE_TTL_SECONDS: integer(1, 604_800, 3_600, "How long an answer may be told again."),

  GW_JOBS_AT_ONCE: integer(1, 1_000, 4, "Asynchronous jobs that are computed at the same time."),
  GW_WEBHOOK_HOSTS: z
    .string()
    .transform((text) => text.split(",").map((host) => host.trim().toLowerCase()))
    .optional()
    .describe(
      "Hosts inside of the site that webhooks may name, also without TLS; others must be outside.",
    ),

  GW_WARNING_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Webhook that is told when a limit of a day or a month is used to four fifths."),
  GW_WARNING_SECRET_FILE: path.optional().describe("Secret under which it is signed."),

  GW_FINE_TUNING: z
    .enum(["off", "kubernetes", "simulated"])
    .default("off")
    .describe("What trains models: Jobs of the cluster, nothing at all but the states, or nobody."),
  GW_FINE_TUNING_TEMPLATE_FILE: path
    .optional()
    .describe("The Job of Kubernetes that a fine-tuning job becomes (JSON); reloaded."),
  GW_FINE_TUNING_SIMULATED_SECONDS: integer(0, 86_400, 10, "How long simulated training takes."),
  GW_FINE_TUNING_OPEN_PER_PRINCIPAL: integer(
    1,
    10_000,
    4,
    "Fine-tuning jobs of one that are open.",
  ),
  GW_FINE_TUNING_OPEN_PER_TENANT: integer(1, 10_000, 16, "The same of a whole tenant."),
  GW_KUBERNETES_URL: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe("The cluster's API server; without: what KUBERNETES_SERVICE_HOST and _PORT say."),
  GW_KUBERNETES_FOLDER: path
    .default("/var/run/secrets/kubernetes.io/serviceaccount")
    .describe("The service account's token, ca.crt and namespace; read at each request."),

  GW_MAX_TOKENS_DEFAULT: integer(1, 1_000_000, 512, "Sent upstream where max_tokens is absent."),
  GW_ANSWER_TIMEOUT_MS: integer(
    1_000,
    3_600_000,
    110_000,
    "First byte of any answer, and all of one that is not streamed. Below the edge's 120 s.",
  ),
  GW_STREAM_TIMEOUT_MS: integer(1_000, 7_200_000, 600_000, "The longest stream."),
  GW_DRAIN_GRACE_MS: integer(
    0,
    120_000,
    10_000,
    "After SIGTERM the listener still accepts this long, until all endpoints know.",
  ),
  GW_DRAIN_TIMEOUT_MS: integer(
    1_000,
    7_300_000,
    610_000,
    "After the grace, running requests may take this long; above GW_STREAM_TIMEOUT_MS.",
  ),
});

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `host:port`; an IPv6 address stands in brackets. null: something else. */
function endpointOf(text: string): Endpoint | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) return null;
  return { host: match[1] ?? match[2] ?? "", port };
}

/** Scheme, host and port, and nothing else: what a browser sends. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text);
}
