/** Where a site on a cluster of its own keeps the audit trail beyond its gateways' volumes. */
import { z } from "zod";
import { addressRange, bucketFolder, https, label, signingRegion } from "./values.ts";

export const archive = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("bucket").describe("A bucket of an object store, locked in compliance mode."),
      destination: bucketFolder
        .meta({ right: "a bucket and folder, as in s3://audit-archive/bank" })
        .describe("Bucket of an S3 service that the site has, and a folder in it."),
      endpoint: https.describe("Its address."),
      region: signingRegion.describe("The region that its signatures name."),
      ranges: z.array(addressRange).min(1).describe("Addresses it answers at."),
      secret: label.describe(
        "Secret of the cluster with ACCESS_KEY_ID and ACCESS_SECRET_KEY, which may put objects and no more.",
      ),
      authority: label
        .optional()
        .describe("Secret whose ca.crt it is verified with; without it a public authority's."),
    }),
    z.strictObject({
      kind: z.literal("volume").describe("A volume that its storage makes write-once."),
      claim: label.describe("Its PersistentVolumeClaim, which all gateways mount."),
    }),
  ])
  .optional();
