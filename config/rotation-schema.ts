/** Secrets that the program draws itself, how one is replaced by another, and those that others keep. */
import { z } from "zod";
import { label } from "./values.ts";

/** A thousand weekly ones are nineteen years. */
const generation = z
  .int()
  .min(0)
  .max(1_000)
  .default(0)
  .meta({ source: "ours: the first secret; each rotation raises it by one" });

export const rotation = z.strictObject({
  ledger: generation.describe("PostgreSQL's password; who has the former one connects no more."),
  quotas: generation.describe("Redis' password; the former one is taken until the next rotation."),
  tokens: generation.describe(
    "What signs the gateway's tokens; the former one verifies until the next rotation.",
  ),
  data: generation.describe(
    "The key that seals data at rest; all former ones stay, since they open what they sealed.",
  ),
});

export const externalSecrets = z
  .strictObject({
    store: z
      .strictObject({
        kind: z
          .enum(["SecretStore", "ClusterSecretStore"])
          .default("ClusterSecretStore")
          .meta({ source: "ours: one store serves every namespace of the stack" })
          .describe("Kind of store; a SecretStore must be in each namespace."),
        name: label.describe("Its name in the cluster."),
      })
      .describe("Where the operator External Secrets finds them."),
    refreshMinutes: z
      .int()
      .min(1)
      .max(10_080)
      .default(60)
      .meta({
        source:
          "vendor: refreshInterval is an hour by default, https://external-secrets.io/latest/api/externalsecret/",
      })
      .describe("How often it looks for a new value."),
    from: z
      .record(label, z.string().min(1).max(512))
      .describe(
        "By name of the Secret, its place in the store; the properties there are called as the Secret's keys.",
      ),
  })
  .optional();
