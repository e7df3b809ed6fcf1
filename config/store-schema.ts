/** Stores of a site that stands on a given cluster. On AWS they are cloud.database and cloud.cache. */
import { z } from "zod";
import { A_SIZE } from "./sources.ts";
import {
  addressRange,
  bucketFolder,
  https,
  label,
  memory,
  resources,
  signingRegion,
} from "./values.ts";

export const redis = z.strictObject({
  replicas: z
    .union([z.literal(1), z.literal(3)])
    .meta({ right: "1 or 3" })
    .default(1)
    .meta({ source: "ours: the fewest; where people rely on answers one is refused" })
    .describe("Pods; of three one takes over. On AWS ElastiCache keeps cloud.cache.replicas."),
  storage: memory
    .default("1Gi")
    .meta({
      source:
        "ours: its log is rewritten at twice its 153 MiB of data, and a copy stands beside it",
    })
    .describe("Size of each volume."),
  resources: resources(
    "100m",
    "256Mi",
    "arithmetic: components/sizing/quantity.ts `redisMemoryMebibytes`: 153 MiB of data, of which 500 cached answers take 43",
  ),
});

export const postgres = z.strictObject({
  kind: z
    .enum(["pod", "operator"])
    .default("pod")
    .meta({ source: "ours: needs no operator" })
    .describe("One pod, or CloudNativePG's operator with several. On AWS it is RDS."),
  instances: z
    .int()
    .min(1)
    .max(7)
    .default(1)
    .meta({ source: "ours: the fewest; where people rely on answers one is refused" })
    .describe("Instances that the operator keeps."),
  operatorNamespace: label
    .default("cnpg-system")
    .meta({
      source:
        "vendor: where its chart and its manifest put it, https://github.com/cloudnative-pg/charts",
    })
    .describe("Where the operator runs."),
  storage: memory.default("2Gi").meta({ source: A_SIZE }).describe("Size of each volume."),
  backups: z
    .strictObject({
      destination: bucketFolder
        .meta({ right: "a bucket and folder, as in s3://backups/deepseek" })
        .describe("Bucket of an S3 service that the site has."),
      endpoint: https.optional().describe("Its address, where it is not AWS'."),
      ranges: z.array(addressRange).min(1).describe("Addresses it answers at."),
      secret: label.describe("Secret of the cluster with access-key-id and secret-access-key."),
      days: z
        .int()
        .min(1)
        .max(3_650)
        .default(35)
        .meta({ source: "ours: as long as RDS keeps them, so that sites of a pair do the same" })
        .describe("How long they are kept."),
      region: signingRegion.describe("The region that signatures of the restore test name."),
      restoreTestHours: z
        .int()
        .min(0)
        .max(744)
        .default(168)
        .meta({
          source:
            "ours: a week; older copies are still kept when one is found that cannot be restored",
        })
        .describe("How often a restore of the ledger is tried; 0: never."),
    })
    .optional()
    .describe("Where the operator puts backups and the log that makes them exact."),
  resources: resources(
    "100m",
    "512Mi",
    "arithmetic: components/sizing/quantity.ts `postgresSharedMebibytes`: a quarter is 128 MiB, PostgreSQL's own shared_buffers",
  ),
});
