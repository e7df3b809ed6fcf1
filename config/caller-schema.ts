/** Who may call, how much, and about what. */
import { z } from "zod";
import { addressRange, authorities, https, label, modelName } from "./values.ts";

export const quota = z.strictObject({
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

/** The gateway fetches keys from it, whatever a call says of itself. */
export const tokenIssuer = z.strictObject({
  issuer: https.describe("As its tokens say it (iss), to the letter."),
  audience: z.string().min(1).max(256).describe("What they must be for (aud)."),
  jwksUri: https.describe("Where it publishes its keys."),
  ranges: z
    .array(addressRange)
    .min(1)
    .describe("Addresses of that place; nothing else is opened to gateways."),
  authority: authorities
    .optional()
    .describe("Who vouches for its certificate; without it a public authority."),
});

/** Something to be seen in it: the gateway refuses what is made of invisible characters alone. */
const listedWord = z
  .string()
  .max(128)
  .regex(/[^\p{Default_Ignorable_Code_Point}\p{Cf}\p{M}\s]/u)
  .meta({ right: "a word of at most 128 characters, one of them visible" });

export const wordList = z.strictObject({
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
    .meta({ source: "ours: a word that nobody may write is one that nobody should read" })
    .describe("Whether it is about prompts, answers or both."),
  tenants: z
    .array(label)
    .min(1)
    .optional()
    .describe("Whose calls it is about; without it everybody's."),
});

export const identity = z.strictObject({
  name: label.describe("Whose key it is; shown in metrics and the ledger."),
  tenant: label
    .default("default")
    .meta({ source: "ours: one tenant, where nobody names any" })
    .describe("The organisation's part that pays."),
  tier: label
    .default("standard")
    .meta({ source: "ours: the tier that is there by default" })
    .describe("A name under quotas."),
  models: z
    .union([z.literal("*"), z.array(modelName).min(1)])
    .default("*")
    .meta({ source: "ours: the stack's own models are there to be called" })
    .meta({ right: '"*" or a list of model names' })
    .describe("Models it may call."),
});
