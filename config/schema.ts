/**
 * Every setting of an environment: its type, its limits and its default, in one place. A section is
 * one Pulumi configuration key (`deepseek:<section>`); Pulumi.<stack>.yaml holds values only. The
 * descriptions are what docs/configuration.md prints.
 */
import { z } from "zod";
import { archive } from "./archive-schema.ts";
import { identity, quota, tokenIssuer, wordList } from "./caller-schema.ts";
import { cloud } from "./cloud-schema.ts";
import { edge, gateway } from "./front-schema.ts";
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
import { CLOSED } from "./sources.ts";
import { postgres, redis } from "./store-schema.ts";
import { certificates, images, registry } from "./supplies-schema.ts";
import { addressRange, cpu, label, memory } from "./values.ts";

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
    .meta({ source: "ours: needs nothing of the cluster" })
    .describe(
      "Where certificates come from: the key certificates, or cert-manager in the cluster.",
    ),
  issuer: z
    .strictObject({
      kind: z
        .enum(["Issuer", "ClusterIssuer"])
        .default("ClusterIssuer")
        .meta({ source: "ours: one issuer serves every namespace of the stack" })
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
    .meta({ source: "ours: whoever may call has a key; a site that knows its callers says so" })
    .describe("Who may open a connection to the edge."),
  dnsRanges: z
    .array(addressRange)
    .default([])
    .meta({ source: CLOSED })
    .describe("Name servers that are no pods labelled k8s-app=kube-dns in kube-system."),
  apiServer: z
    .strictObject({
      ranges: z
        .array(addressRange)
        .default([])
        .meta({ source: CLOSED })
        .describe("Addresses, behind its Service."),
      ports: z
        .array(z.int().min(1).max(65_535))
        .min(1)
        .default([6_443])
        .meta({
          source: "vendor: https://kubernetes.io/docs/reference/networking/ports-and-protocols/",
        })
        .describe("Ports there."),
    })
    .prefault({})
    .describe("The API server, for the few programs that ask it (an operator's, fine-tuning's)."),
});

const storage = z.strictObject({
  class: label.optional().describe("StorageClass of every volume; without it the cluster's own."),
  onDestroy: z
    .enum(["retain", "delete"])
    .default("retain")
    .meta({ source: "ours: the ledger and the audit trail are not lost with a stack" })
    .describe("What becomes of the volumes when the stack is destroyed."),
});

const retention = z.strictObject({
  profile: z
    .enum(["cnGeneral", "cnBank", "cnHospital", "usHospital", "gdpr"])
    .default("cnGeneral")
    .meta({ source: "ours: the floor that every other profile of China has, too" })
    .describe("The set of floors that applies."),
  auditDays: z
    .int()
    .min(90)
    .max(36_500)
    .default(184)
    .meta({
      source:
        "law: six months, Cybersecurity Law, art. 23(3); a span of six months has up to 184 days",
    })
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
  pods: z
    .int()
    .min(10)
    .max(10_000)
    .default(60)
    .meta({
      source:
        "ours: more than a site runs without models' servers, which are added; a loop that makes pods ends there",
    })
    .describe("Pods in a namespace, rollouts included."),
  cpu: cpu
    .default("32")
    .meta({ source: "guide: four machines of 8 cores" })
    .describe("Processors that all pods of a namespace may ask for."),
  memory: memory
    .default("64Gi")
    .meta({ source: "ours: half of the guide's four machines of 32 GB" })
    .describe("Memory that all pods of a namespace may use."),
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
    .meta({ source: "ours: ten calls a second, of which each may take five" })
    .describe("Tiers of identities."),
  identities: z
    .array(identity)
    .min(1)
    .default([{ name: "first", tenant: "default", tier: "standard", models: "*" }])
    .meta({ source: "ours: somebody must be able to call" })
    .describe(
      "Who gets a key from the start: outputs apiKeys, by name, and apiKey, the first one's.",
    ),
  tokenIssuers: z
    .array(tokenIssuer)
    .max(16)
    .refine((all) => new Set(all.map(({ issuer }) => issuer)).size === all.length)
    .meta({ right: "each issuer once" })
    .default([])
    .meta({ source: CLOSED })
    .describe(
      "OpenID issuers whose tokens callers may show instead of a key (RS256, ES256); whose a token is says a principal's oidcSubjects.",
    ),
  wordLists: z
    .array(wordList)
    .max(64)
    .default([])
    .meta({ source: "ours: which words these are is the organisation's to say" })
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

const schema = z.strictObject(sections);

export type Settings = z.output<typeof schema>;
export type ModelSettings = Settings["models"][number];
export type ImageName = keyof Settings["images"];
export type CloudSettings = NonNullable<Settings["cloud"]>;
export type PoolSettings = CloudSettings["pools"][number];
export type GpuPoolSettings = Extract<PoolSettings, { kind: "gpu" }>;
export type SectionName = keyof typeof sections;
