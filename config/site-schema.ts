/** What is particular to a site: its GPUs, its part in a pair of sites, and its private data. */
import { z } from "zod";
import { A_SIZE, CLOSED, WHOLE_GPUS } from "./sources.ts";
import {
  addressRange,
  digest,
  hostName,
  label,
  labels,
  memory,
  modelName,
  resources,
  secretText,
} from "./values.ts";

/** GPUs that a given cluster has. On AWS they follow from cloud.pools. */
export const inventory = z
  .array(
    z.strictObject({
      name: label.describe("Its name; models say it as pool."),
      product: z
        .string()
        .regex(/^NVIDIA-A(100|800)(-[A-Za-z0-9]+)+$/)
        .meta({ right: "a product as nodes are labelled, as in NVIDIA-A100-SXM4-80GB" })
        .describe("nvidia.com/gpu.product of its nodes; an A800 counts as an A100."),
      memoryGibibytes: z
        .union([z.literal(40), z.literal(80)])
        .meta({ right: "40 or 80" })
        .describe("Memory of one GPU."),
      nodes: z.int().min(1).max(1_000).describe("Nodes that have them."),
      gpusPerNode: z
        .int()
        .min(1)
        .max(16)
        .default(8)
        .meta({ source: "guide: the bank's cluster of 8 A100; a p4d has as many" })
        .describe("GPUs of one node."),
      slices: z
        .enum(["none", "1g", "2g", "3g"])
        .default("none")
        .meta({ source: WHOLE_GPUS })
        .describe("MIG: GPUs cut into slices of 1, 2 or 3 compute units each."),
    }),
  )
  .max(32)
  .default([])
  .meta({ source: "ours: no GPU is assumed to be there" });

export const gpuRuntime = z.strictObject({
  mode: z
    .enum(["ours", "operator", "none"])
    .default("none")
    .meta({ source: "ours: no GPU is assumed to be there" })
    .describe(
      "Who gives pods their GPUs: device plugins of ours, or an operator that the cluster has. none: no GPUs.",
    ),
  operator: z
    .strictObject({
      namespace: label
        .default("gpu-operator")
        .meta({
          source:
            "vendor: where its installation puts it, https://github.com/NVIDIA/gpu-operator/blob/main/README.md",
        })
        .describe("Where it runs; it finds the list of counters for its exporter there."),
      exporter: z
        .enum(["plain", "none"])
        .default("none")
        .meta({ source: "ours: what crosses the cluster in clear is somebody's decision" })
        .describe(
          "plain: the stack's Prometheus scrapes its exporter, which speaks no TLS, and keeps counters of GPUs alone. none: it does not.",
        ),
      pods: labels
        .default({ app: "nvidia-dcgm-exporter" })
        .meta({
          source:
            "vendor: labels of its DaemonSet, https://github.com/NVIDIA/gpu-operator/blob/main/assets/state-dcgm-exporter/0800_daemonset.yaml",
        })
        .describe("Labels of its exporter's pods."),
    })
    .prefault({})
    .describe("NVIDIA's operator, where mode is operator."),
});

/**
 * The site beside this one. What stands here is believed and nothing is asked; what is left out can be
 * read from the outputs of its stack, and is written down by `npm run sites -- pin`.
 */
const other = z.strictObject({
  name: label.describe("Its name."),
  stack: z
    .string()
    .regex(/^([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+\/)?[A-Za-z0-9._-]{1,100}$/)
    .meta({ right: "a stack, as in onprem-bank or organization/project/onprem-bank" })
    .optional()
    .describe("Its stack; without organization and project one of this project."),
  read: z
    .boolean()
    .default(false)
    .meta({
      source: "ours: a standby asks nobody, so that it comes up when the other site is lost",
    })
    .describe(
      "What is left out here is read from that stack's outputs each time, which then must be there. Off: nothing is asked of it.",
    ),
  serves: z
    .boolean()
    .default(false)
    .meta({ source: "ours: two that serve must share quotas, which somebody must have decided" })
    .describe(
      "It serves as well: neither stands by, and each keeps a copy of the other's ledger to be read.",
    ),
  postgres: hostName
    .optional()
    .describe("Where its PostgreSQL answers; its certificate carries the name."),
  redis: hostName
    .optional()
    .describe("Where its Redis answers; of a site that serves as well nobody follows it."),
  ranges: z.array(addressRange).min(1).optional().describe("Addresses of both."),
  clusterIdentifier: z
    .string()
    .min(1)
    .optional()
    .describe("Its cluster.clusterIdentifier; two sites in one cluster are refused."),
  authority: digest
    .optional()
    .describe("Digest of the authority of its certificates, which must be this site's as well."),
  weights: z
    .record(modelName, digest)
    .default({})
    .meta({ source: "ours: nothing is known of the other site until it is pinned" })
    .describe("Digests of its models' manifests; a model of the same name has the same here."),
});

/** How the other site comes in. */
const reach = z.strictObject({
  postgres: hostName.describe("Where this site's PostgreSQL answers the other one."),
  redis: hostName
    .optional()
    .describe("Where its Redis does: of several pods the one that is the primary."),
  ranges: z.array(addressRange).min(1).describe("Addresses of both."),
});

export const site = z.strictObject({
  name: label
    .default("primary")
    .meta({ source: "ours: what the site is where there is one" })
    .describe("Its name, in every record and in the audit trail."),
  role: z
    .enum(["primary", "standby"])
    .default("primary")
    .meta({ source: "ours: what the site is where there is one" })
    .describe("primary: serves. standby: takes over when the other one is lost."),
  other: other
    .optional()
    .describe("The site that stands by for this one, or for which this one stands by."),
  reach: reach
    .optional()
    .describe(
      "Where the other site of a pair reaches this one: certificates carry the names, and the output `site` tells them.",
    ),
  warmReplicas: z
    .enum(["none", "one", "all"])
    .default("all")
    .meta({ source: "ours: a failover then waits for no weights; fewer are cheaper and slower" })
    .describe("Model servers that a standby keeps running."),
  quotaShare: z
    .number()
    .min(0.01)
    .max(1)
    .default(1)
    .meta({ source: "ours: one site grants all of a quota" })
    .describe("Part of every quota that this site grants: two sites that both serve share them."),
  rtoSeconds: z
    .int()
    .min(1)
    .max(604_800)
    .optional()
    .describe("Longest time until the other site serves; a plan that takes longer is refused."),
  rpoSeconds: z
    .int()
    .min(0)
    .max(604_800)
    .optional()
    .describe("Most that may be lost of what was recorded; a plan that loses more is refused."),
  failover: z
    .strictObject({
      zoneId: z
        .string()
        .regex(/^Z[A-Z0-9]{5,31}$/)
        .meta({ right: "a hosted zone's id, as in Z0123456789ABCDEFGHIJ" })
        .describe("Route 53 zone that has the service's name."),
      addresses: z
        .array(z.union([z.ipv4(), z.ipv6()]))
        .min(1)
        .meta({ right: "addresses, as in 203.0.113.10" })
        .describe("Where the other site's edge answers."),
      alarm: z
        .string()
        .min(1)
        .max(255)
        .describe("CloudWatch alarm that says when the other site does not serve."),
      alarmMinutes: z
        .int()
        .min(1)
        .max(60)
        .default(3)
        .meta({
          source:
            "vendor: three failed checks, a minute each, as Route 53's own threshold of three, https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html",
        })
        .describe("How long it takes to say so."),
      ttlSeconds: z
        .int()
        .min(1)
        .max(3_600)
        .default(30)
        .meta({
          source:
            "vendor: 60 seconds or less where health decides, https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover.html; it counts towards the RTO",
        })
        .describe("How long a name is remembered."),
    })
    .optional()
    .describe("The service's name goes over to this site when the other one does not serve."),
});

export const patientData = z
  .strictObject({
    storage: memory
      .default("100Gi")
      .meta({ source: "ours: a start; the hospital's own figure belongs here" })
      .describe("Size of its store."),
    storageClass: label.describe(
      "StorageClass whose volumes are encrypted under a key of its own.",
    ),
    groups: z
      .array(label)
      .min(1)
      .describe("Groups of the cluster's users that see to it that it runs; nobody else may."),
    auditors: z
      .array(label)
      .default([])
      .meta({ source: "ours: nobody looks in unless a stack says so" })
      .describe("Groups that may see who may do what there, and what the walls are."),
    clientRanges: z
      .array(addressRange)
      .default([])
      .meta({ source: CLOSED })
      .describe("Programs of the hospital that come in; none: only jobs of the site."),
    resources: resources(
      "500m",
      "2Gi",
      "arithmetic: components/sizing/quantity.ts `postgresSharedMebibytes`: 512 MiB of pages stay in memory",
    ),
  })
  .optional();

export const fineTuning = z
  .strictObject({
    pool: label.describe("A name of inventory or cloud.pools."),
    gpus: z
      .int()
      .min(1)
      .max(8)
      .default(1)
      .meta({ source: "ours: the fewest" })
      .describe("GPUs of one job."),
    image: z.string().min(1).describe("Image of the training program, repository:tag@digest."),
    command: z
      .array(z.string().min(1))
      .min(1)
      .default(["/usr/local/bin/train"])
      .meta({ source: "ours: where an image of one's own has its program by convention" })
      .describe("What is run in it."),
    longestHours: z
      .int()
      .min(1)
      .max(720)
      .default(24)
      .meta({ source: "ours: a job that hangs gives its GPUs back within a day" })
      .describe("A job that takes longer is ended."),
    storageClass: label.describe("StorageClass of its volumes, which several pods can mount."),
    storage: z
      .strictObject({
        datasets: memory.default("500Gi").meta({ source: A_SIZE }).describe("Data sets."),
        models: memory
          .default("500Gi")
          .meta({
            source:
              "arithmetic: components/sizing/fit.ts `weightBytes`: three models of 70 billion parameters in bf16, 131 GiB each",
          })
          .describe("Models that training begins with."),
        output: memory
          .default("500Gi")
          .meta({
            source:
              "arithmetic: components/sizing/fit.ts `weightBytes`: three models of 70 billion parameters in bf16, 131 GiB each",
          })
          .describe("Models that it makes."),
      })
      .prefault({})
      .describe("Sizes of its volumes."),
    resources: resources("8", "64Gi", "ours: a start; a p4d has 144 GiB for each of its GPUs"),
  })
  .optional();

/** Drawn by the primary (its output `replication`), given to the standby. */
export const replicationPasswords = z
  .strictObject({
    postgres: secretText.describe("Of the role by which gateways come in, on both sites."),
    redis: secretText.describe("By which a Redis follows the other site's."),
  })
  .optional();
