/**
 * Every setting of an environment: its type, its limits and its default, in one place. A section is
 * one Pulumi configuration key (`deepseek:<section>`); Pulumi.<stack>.yaml holds values only. The
 * descriptions are what docs/configuration.md prints.
 */
import { z } from "zod";
import { outside } from "./outside-schema.ts";

const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/)
  .meta({ right: "lower-case letters, digits and hyphens, at most 48" });

const modelName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,46}[a-z0-9])?$/)
  .meta({ right: "lower-case letters, digits, dots and hyphens, at most 48" });

const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/)
  .meta({ right: "a host name, as in api.example.org" });

const cidr = z
  .union([z.cidrv4(), z.cidrv6()])
  .meta({ right: "an address range, as in 10.0.0.0/8 or fd00::/8" });

/** As a browser writes it: no path, the host in lower case, no port that is the scheme's own. */
const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text)
  .meta({ right: "an origin, as in https://app.example.org" });

const cpu = z
  .string()
  .regex(/^([1-9][0-9]*m|[1-9][0-9]*)$/)
  .meta({ right: 'a quoted processor quantity, as in "250m" or "2"' });

const memory = z
  .string()
  .regex(/^[1-9][0-9]*(Mi|Gi|Ti)$/)
  .meta({ right: "a memory or storage quantity, as in 512Mi or 20Gi" });

const resources = (share: string, size: string) =>
  z
    .strictObject({
      cpu: cpu.default(share).describe("Processor share each pod asks for."),
      memory: memory.default(size).describe("Memory each pod asks for and may use at most."),
    })
    .prefault({})
    .describe("What each pod gets.");

/** Outside a Service's default range the API server refuses the port. */
const nodePort = z.int().min(30_000).max(32_767);

const cluster = z.strictObject({
  clusterIdentifier: z
    .string()
    .min(1)
    .describe(
      "Names the cluster for good: with it, a new kubeconfig for the same cluster replaces nothing.",
    ),
  context: z
    .string()
    .min(1)
    .optional()
    .describe("The kubeconfig's context; without it the current one."),
});

const image = z.strictObject({
  tag: z.string().min(1).describe("Whole reference with its tag: repository:tag."),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .meta({ right: "sha256: and 64 hexadecimal digits" })
    .nullable()
    .default(null)
    .describe("What the tag must hold; null until the images are locked."),
  inputHash: z.string().optional().describe("Hash of what the image was built from."),
});

const pem = z
  .string()
  .regex(/^-----BEGIN [A-Z ]+-----\n/)
  .meta({ right: "PEM text", sensitive: true });

const certificate = z.strictObject({
  certificate: pem.describe("Certificate chain, the leaf first."),
  key: pem.describe("Its private key."),
});

const certificates = z.strictObject({
  ca: pem.describe("The authority that callers and peers verify against."),
  names: z
    .strictObject({
      edge: certificate,
      gateway: certificate,
      model: certificate,
      redis: certificate,
      postgres: certificate,
      prometheus: certificate,
      alertmanager: certificate,
    })
    .partial()
    .prefault({})
    .describe("One server certificate per program; required where tls.mode is given."),
});

const tls = z.strictObject({
  mode: z
    .enum(["given", "certManager"])
    .default("given")
    .describe(
      "Where certificates come from: the key certificates, or cert-manager in the cluster.",
    ),
  issuer: z
    .strictObject({
      kind: z
        .enum(["Issuer", "ClusterIssuer"])
        .default("ClusterIssuer")
        .describe("Kind of issuer."),
      name: label.describe("Its name in the cluster."),
    })
    .optional()
    .describe("cert-manager's issuer; required by mode certManager."),
});

const network = z.strictObject({
  callerRanges: z
    .array(cidr)
    .min(1)
    .default(["0.0.0.0/0"])
    .describe("Who may open a connection to the edge."),
  dnsRanges: z
    .array(cidr)
    .default([])
    .describe("Name servers that are no pods labelled k8s-app=kube-dns in kube-system."),
});

const storage = z.strictObject({
  class: label.optional().describe("StorageClass of every volume; without it the cluster's own."),
  onDestroy: z
    .enum(["retain", "delete"])
    .default("retain")
    .describe("What becomes of the volumes when the stack is destroyed."),
});

const edge = z.strictObject({
  replicas: z.int().min(1).max(32).default(2).describe("Pods of the edge."),
  hosts: z
    .array(hostName)
    .min(1)
    .default(["localhost"])
    .describe("Host names the service is called by; the first one makes the url."),
  ports: z
    .strictObject({
      https: nodePort.default(30_443).describe("NodePort of TLS."),
      http: nodePort.default(30_080).describe("NodePort that only redirects to TLS."),
    })
    .prefault({})
    .describe("NodePorts of the edge."),
  clientAuthorities: z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----\n/)
    .meta({ right: "certificates in PEM form" })
    .optional()
    .describe("Authorities whose certificates callers may show instead of a key, PEM."),
  bodyBytesMax: z
    .int()
    .min(1_024)
    .max(1_048_576)
    .default(1_048_576)
    .describe("Largest request body; the gateway takes 1 MiB at most."),
  connectionsPerAddressMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(200)
    .describe("Connections one client address may hold open."),
  resources: resources("100m", "128Mi"),
});

const gateway = z.strictObject({
  replicas: z.int().min(1).max(64).default(2).describe("Pods of the gateway."),
  longestStreamSeconds: z
    .int()
    .min(30)
    .max(7_200)
    .default(600)
    .describe("No answer lasts longer; every drain is computed from it."),
  logLevel: z
    .enum(["silent", "error", "warn", "info", "debug"])
    .default("info")
    .describe("Least severe line that is written."),
  origins: z
    .array(origin)
    .default([])
    .describe("Pages whose browsers may call and open WebSockets, as https://app.example.org."),
  cache: z
    .strictObject({
      entriesMax: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(500)
        .describe("Answers of up to 64 KiB that Redis keeps to be told again; 0: none."),
      ttlSeconds: z.int().min(1).max(604_800).default(3_600).describe("How long each may be."),
    })
    .prefault({})
    .describe("The same question, the same answer."),
  prompts: z
    .enum(["none", "hash", "sealed"])
    .default("hash")
    .describe("What the log says of a prompt: nothing, a hash, or also itself, sealed."),
  jobsAtOnce: z
    .int()
    .min(1)
    .max(1_000)
    .default(4)
    .describe("Asynchronous jobs that one pod computes at the same time."),
  storage: memory
    .default("1Gi")
    .describe("Each pod's volume: rows that the ledger has not taken yet, and the audit trail."),
  resources: resources("250m", "512Mi"),
});

const dataStore = (size: string, memorySize: string) =>
  z.strictObject({
    storage: memory.default(size).describe("Size of the volume."),
    resources: resources("100m", memorySize),
  });

const simulator = z.strictObject({
  engine: z.literal("simulator").describe("Answers as vLLM does, without a model."),
  timeToFirstTokenMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(120)
    .describe("Wait before the first token."),
  tokensPerSecond: z.int().min(1).max(100_000).default(60).describe("Speed of one sequence."),
  sequencesMax: z.int().min(1).max(4_096).default(64).describe("Sequences at a time; more wait."),
  startupSeconds: z.int().min(0).max(3_600).default(1).describe("Time until it is ready."),
});

const model = z.strictObject({
  name: modelName.describe("What a caller names in the field model."),
  replicas: z.int().min(1).max(64).default(1).describe("Model servers."),
  contextTokensMax: z.int().min(128).max(10_000_000).describe("Prompt and answer together."),
  capabilities: z
    .array(z.enum(["chat", "completions", "embeddings"]))
    .min(1)
    .default(["chat", "completions"])
    .describe("What it can be asked for."),
  server: z.discriminatedUnion("engine", [simulator]).describe("The engine and its knobs."),
  resources: resources("100m", "256Mi"),
});

const quota = z.strictObject({
  requestsPerMinute: z
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .describe("Requests a principal may send in a minute."),
  requestsPerSecond: z.int().min(1).max(100_000).optional().describe("The same in a second."),
  requestsPerDay: z.int().min(1).optional().describe("The same in a day (UTC)."),
  tokensPerMinute: z.int().min(1).optional().describe("Tokens of prompts and answers in a minute."),
  costPerMonth: z.number().positive().optional().describe("Money of the price list in a month."),
  concurrentRequests: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe("Requests a principal may have open at once."),
});

const identity = z.strictObject({
  name: label.describe("Whose key it is; shown in metrics and the ledger."),
  tenant: label.default("default").describe("The organisation's part that pays."),
  tier: label.default("standard").describe("A name under quotas."),
  models: z
    .union([z.literal("*"), z.array(modelName).min(1)])
    .default("*")
    .meta({ right: '"*" or a list of model names' })
    .describe("Models it may call."),
});

const monitoring = z.strictObject({
  retentionDays: z.int().min(1).max(730).default(15).describe("How long Prometheus keeps samples."),
  storage: memory.default("2Gi").describe("Size of Prometheus' volume."),
  scrapeSeconds: z.int().min(5).max(120).default(15).describe("Time between two scrapes."),
  nodePort: nodePort.optional().describe("NodePort of Prometheus; without it only in the cluster."),
  webhook: z
    .url({ protocol: /^https$/ })
    .optional()
    .meta({ right: "an https address", sensitive: true })
    .describe("Where Alertmanager sends every alert; without it alerts are only shown."),
  resources: resources("100m", "512Mi"),
});

const retention = z.strictObject({
  profile: z
    .enum(["cnGeneral", "cnBank", "cnHospital", "usHospital", "gdpr"])
    .default("cnGeneral")
    .describe("The set of floors that applies."),
  auditDays: z
    .int()
    .min(90)
    .max(36_500)
    .default(184)
    .describe("How long each gateway keeps its part of the audit trail."),
});

const limits = z.strictObject({
  pods: z.int().min(10).max(10_000).default(60).describe("Pods in a namespace, rollouts included."),
  cpu: cpu.default("32").describe("Processors that all pods of a namespace may ask for."),
  memory: memory.default("64Gi").describe("Memory that all pods of a namespace may use."),
});

export const sections = {
  environment: z
    .enum(["local"])
    .optional()
    .describe("The kind of deployment; without it the stack's name."),
  cluster: cluster.describe("The Kubernetes cluster."),
  images: z
    .strictObject({
      gateway: image,
      simulator: image.optional(),
      edge: image.optional(),
      redis: image.optional(),
      postgres: image,
      prometheus: image.optional(),
      alertmanager: image.optional(),
      "edge-exporter": image.optional(),
      "redis-exporter": image.optional(),
      "postgres-exporter": image.optional(),
    })
    .describe("Images by name; those left out are the public ones of config/versions.json."),
  tls: tls.prefault({}).describe("How certificates are made."),
  certificates: certificates
    .meta({ sensitive: true })
    .describe("The authority and the certificates (a secret)."),
  network: network.prefault({}).describe("Addresses outside the cluster."),
  storage: storage.prefault({}).describe("Volumes."),
  limits: limits.prefault({}).describe("What one namespace may ask of the cluster at most."),
  edge: edge.prefault({}).describe("nginx, which ends TLS."),
  gateway: gateway.prefault({}).describe("The gateway."),
  outside: outside.prefault({}).describe("What gateways may call outside of the site."),
  redis: dataStore("1Gi", "256Mi").prefault({}).describe("Redis: quotas."),
  postgres: dataStore("2Gi", "512Mi").prefault({}).describe("PostgreSQL: the ledger."),
  models: z.array(model).min(1).max(64).describe("Models and their servers."),
  quotas: z
    .record(label, quota)
    .default({ standard: { requestsPerMinute: 600, concurrentRequests: 50 } })
    .describe("Tiers of identities."),
  identities: z
    .array(identity)
    .min(1)
    .default([{ name: "first", tenant: "default", tier: "standard", models: "*" }])
    .describe("Who gets a key from the start; the first one's key is the output apiKey."),
  monitoring: monitoring.prefault({}).describe("Prometheus and Alertmanager."),
  retention: retention.prefault({}).describe("How long records are kept."),
} as const;

export const schema = z.strictObject(sections);

export type Settings = z.output<typeof schema>;
export type ModelSettings = Settings["models"][number];
export type ImageName = keyof Settings["images"];
export type SectionName = keyof typeof sections;
