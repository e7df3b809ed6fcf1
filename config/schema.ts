/**
 * Every setting of an environment: its type, its limits and its default, in one place. A section is
 * one Pulumi configuration key (`deepseek:<section>`); Pulumi.<stack>.yaml holds values only. The
 * descriptions are what docs/configuration.md prints.
 */
import { z } from "zod";
import { archive } from "./archive-schema.ts";
import { cloud } from "./cloud-schema.ts";
import { model, weightsKey, weightsMirror } from "./model-schema.ts";
import { monitoring } from "./monitoring-schema.ts";
import { outside } from "./outside-schema.ts";
import { externalSecrets, rotation } from "./rotation-schema.ts";
import {
  fineTuning,
  gpuRuntime,
  inventory,
  patientData,
  replicationPasswords,
  site,
} from "./site-schema.ts";
import { certificates, images, registry } from "./supplies-schema.ts";
import {
  addressRange,
  authorities,
  bucketFolder,
  cpu,
  hostName,
  https,
  label,
  memory,
  modelName,
  nodePort,
  origin,
  resources,
  signingRegion,
} from "./values.ts";

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
    .array(addressRange)
    .min(1)
    .default(["0.0.0.0/0"])
    .describe("Who may open a connection to the edge."),
  dnsRanges: z
    .array(addressRange)
    .default([])
    .describe("Name servers that are no pods labelled k8s-app=kube-dns in kube-system."),
  apiServer: z
    .strictObject({
      ranges: z.array(addressRange).default([]).describe("Addresses, behind its Service."),
      ports: z.array(z.int().min(1).max(65_535)).min(1).default([6_443]).describe("Ports there."),
    })
    .prefault({})
    .describe("The API server, for the few programs that ask it (an operator's, fine-tuning's)."),
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
  clientAuthorities: authorities
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

const redis = z.strictObject({
  replicas: z
    .union([z.literal(1), z.literal(3)])
    .meta({ right: "1 or 3" })
    .default(1)
    .describe("Pods; of three one takes over. On AWS ElastiCache keeps cloud.cache.replicas."),
  storage: memory.default("1Gi").describe("Size of each volume."),
  resources: resources("100m", "256Mi"),
});

const postgres = z.strictObject({
  kind: z
    .enum(["pod", "operator"])
    .default("pod")
    .describe("One pod, or CloudNativePG's operator with several. On AWS it is RDS."),
  instances: z.int().min(1).max(7).default(1).describe("Instances that the operator keeps."),
  operatorNamespace: label.default("cnpg-system").describe("Where the operator runs."),
  storage: memory.default("2Gi").describe("Size of each volume."),
  backups: z
    .strictObject({
      destination: bucketFolder
        .meta({ right: "a bucket and folder, as in s3://backups/deepseek" })
        .describe("Bucket of an S3 service that the site has."),
      endpoint: https.optional().describe("Its address, where it is not AWS'."),
      ranges: z.array(addressRange).min(1).describe("Addresses it answers at."),
      secret: label.describe("Secret of the cluster with access-key-id and secret-access-key."),
      days: z.int().min(1).max(3_650).default(35).describe("How long they are kept."),
      region: signingRegion.describe("The region that signatures of the restore test name."),
      // A week: older copies are still kept when one is found that cannot be restored.
      restoreTestHours: z
        .int()
        .min(0)
        .max(744)
        .default(168)
        .describe("How often a restore of the ledger is tried; 0: never."),
    })
    .optional()
    .describe("Where the operator puts backups and the log that makes them exact."),
  resources: resources("100m", "512Mi"),
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
  waitMs: z
    .int()
    .min(100)
    .max(60_000)
    .optional()
    .describe("A call over a limit waits so long to be let in; without it it is refused at once."),
});

/** Something to be seen in it: the gateway refuses what is made of invisible characters alone. */
const listedWord = z
  .string()
  .max(128)
  .regex(/[^\p{Default_Ignorable_Code_Point}\p{Cf}\p{M}\s]/u)
  .meta({ right: "a word of at most 128 characters, one of them visible" });

const wordList = z.strictObject({
  name: label.describe("Its name in records; what it met is never written down."),
  words: z
    .array(listedWord)
    .min(1)
    .max(20_000)
    .describe("Words, found whatever their width, case, accents and script (traditional or not)."),
  mode: z
    .enum(["block", "mask", "flag"])
    .describe("block: refuse, or end the answer. mask: asterisks instead. flag: only record."),
  direction: z
    .enum(["input", "output", "both"])
    .default("both")
    .describe("Whether it is about prompts, answers or both."),
  tenants: z
    .array(label)
    .min(1)
    .optional()
    .describe("Whose calls it is about; without it everybody's."),
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
  businessDays: z
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe("Life of the business that records belong to; required by profile cnBank."),
  archive: archive.describe(
    "Where sealed segments of the audit trail are kept beside; on AWS it is the site's own bucket.",
  ),
});

const limits = z.strictObject({
  pods: z.int().min(10).max(10_000).default(60).describe("Pods in a namespace, rollouts included."),
  cpu: cpu.default("32").describe("Processors that all pods of a namespace may ask for."),
  memory: memory.default("64Gi").describe("Memory that all pods of a namespace may use."),
});

export const sections = {
  environment: z
    .enum(["local", "dev", "staging", "prod", "onprem", "onprem-bank", "onprem-hospital"])
    .optional()
    .describe("The kind of deployment; without it the stack's name."),
  site: site.prefault({}).describe("The site, and its part in a pair of them."),
  replicationPasswords: replicationPasswords.describe(
    "What a standby follows the primary with (a secret): the primary's output replication.",
  ),
  cloud: cloud.describe("A site on AWS; without it the cluster is given."),
  cluster: cluster.describe("The Kubernetes cluster."),
  registry: registry.describe(
    "Where all images come from, under their own paths; without it the public registries.",
  ),
  images: images.describe("Images by name, where they are not the ones of config/versions.json."),
  inventory: inventory.describe("GPUs of a given cluster."),
  gpuRuntime: gpuRuntime.prefault({}).describe("How pods come to GPUs."),
  tls: tls.prefault({}).describe("How certificates are made."),
  certificates: certificates
    .meta({ sensitive: true })
    .optional()
    .describe("The authority and the certificates (a secret); required by tls.mode given."),
  network: network.prefault({}).describe("Addresses outside the cluster."),
  storage: storage.prefault({}).describe("Volumes."),
  limits: limits.prefault({}).describe("What one namespace may ask of the cluster at most."),
  edge: edge.prefault({}).describe("nginx, which ends TLS."),
  gateway: gateway.prefault({}).describe("The gateway."),
  outside: outside.prefault({}).describe("What gateways may call outside of the site."),
  redis: redis.prefault({}).describe("Redis: quotas."),
  postgres: postgres.prefault({}).describe("PostgreSQL: the ledger."),
  models: z.array(model).min(1).max(64).describe("Models and their servers."),
  weightsKey: weightsKey.describe("Who opens sealed weights; on AWS the site's own key does."),
  weightsMirror: weightsMirror.describe(
    "Copies another site's weights onto the volumes of this one, so that it serves without the other.",
  ),
  patientData: patientData.describe("A store of its own for patients' data."),
  fineTuning: fineTuning.describe("Training on data of the site."),
  quotas: z
    .record(label, quota)
    .default({ standard: { requestsPerMinute: 600, concurrentRequests: 50 } })
    .describe("Tiers of identities."),
  identities: z
    .array(identity)
    .min(1)
    .default([{ name: "first", tenant: "default", tier: "standard", models: "*" }])
    .describe(
      "Who gets a key from the start: outputs apiKeys, by name, and apiKey, the first one's.",
    ),
  wordLists: z
    .array(wordList)
    .max(64)
    .default([])
    .describe("Words that are kept from models or from callers; administrators add others."),
  monitoring: monitoring.prefault({}).describe("Prometheus and Alertmanager."),
  externalSecrets: externalSecrets.describe(
    "Secrets that the site's own vault keeps (operator External Secrets); without it they are put into the cluster by hand.",
  ),
  rotation: rotation
    .prefault({})
    .describe("Secrets that the program drew: raised by one, another one is drawn."),
  retention: retention.prefault({}).describe("How long records are kept."),
} as const;

export const schema = z.strictObject(sections);

export type Settings = z.output<typeof schema>;
export type ModelSettings = Settings["models"][number];
export type ImageName = keyof Settings["images"];
export type CloudSettings = NonNullable<Settings["cloud"]>;
export type PoolSettings = CloudSettings["pools"][number];
export type GpuPoolSettings = Extract<PoolSettings, { kind: "gpu" }>;
export type SectionName = keyof typeof sections;
