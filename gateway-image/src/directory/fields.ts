/** Fields that several documents and entities share. */
import { z } from "zod";

export const entityName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/)
  .describe("A name: letters, digits and . _ : / -, at most 128 characters.");
export const hex64 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256, lower-case hex.");
export const models = z
  .union([z.literal("*"), z.array(entityName).min(1)])
  .describe('The models it may use, or "*" for all.');
export const moment = z.iso.datetime({ offset: true });

/** How private a call's content is, as its header x-data-class says; without one: open. */
export const DATA_CLASSES = ["open", "confidential", "patient"] as const;
export type DataClass = (typeof DATA_CLASSES)[number];

export const CREDENTIAL_METHODS = ["api_key", "jwt", "oidc", "hmac", "certificate"] as const;
export type CredentialMethod = (typeof CREDENTIAL_METHODS)[number];

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A limit of 0 or an absent one does not exist; what is not limited is not counted. */
export const limitsSchema = z.strictObject({
  requestsPerSecond: z.number().int().min(1).optional(),
  requestsPerMinute: z.number().int().min(1).max(10_000_000).optional(),
  requestsPerDay: z.number().int().min(1).optional(),
  tokensPerMinute: z.number().int().min(1).optional(),
  concurrency: z.number().int().min(1).max(100_000).optional(),
  /** Currency of the prices; budgets begin anew on the first of the month, UTC. */
  costPerMonth: z.number().min(0).optional(),
});
