/**
 * What an administrator manages: tenants, tiers, roles, principals and their credentials, and
 * prices. Each kind has a schema; model routes keep theirs in documents.ts. An entity comes from
 * a mounted file (then it is read-only here) or from the directory store.
 */
import { z } from "zod";
import { modelSchema } from "../documents.ts";
import {
  CREDENTIAL_METHODS,
  DATA_CLASSES,
  DAYS,
  entityName,
  hex64,
  limitsSchema,
  models,
  moment,
} from "./fields.ts";

const addresses = z
  .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
  .min(1)
  .describe("Addresses or CIDR blocks from which calls are taken; absent: from anywhere.");
const origins = z
  .array(z.url())
  .min(1)
  .describe("Values of Origin that browsers may send; absent: any that CORS allows.");
const attributes = z.record(entityName, z.string().max(256)).default({});

/** What a role may do. Administration is split in three, so that nobody can hide what they did. */
export const PERMISSIONS = [
  "inference",
  "models:read",
  "usage:read",
  "usage:read:tenant",
  "fine-tune",
  "admin:system",
  "admin:security",
  "admin:audit",
] as const;

export const roleSchema = z.strictObject({
  id: entityName,
  permissions: z.array(z.enum(PERMISSIONS)),
});

/** What happens to a call that is over a limit. */
const overQuotaSchema = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("refuse") }),
  z.strictObject({
    action: z.literal("queue"),
    waitMs: z
      .number()
      .int()
      .min(100)
      .max(60_000)
      .describe("How long a call may wait to be let in."),
  }),
  z.strictObject({
    action: z.literal("fallback"),
    model: entityName.describe(
      "Serves instead, where the caller may use it and it can do what is asked.",
    ),
  }),
]);

export const PRIORITIES = ["realtime", "interactive", "batch"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const tierSchema = z.strictObject({
  /** For each principal of the tier; counted over its credentials together. */
  ...limitsSchema.shape,
  overQuota: overQuotaSchema.default({ action: "refuse" }),
  /** Who goes first where a model takes only so many calls at once. */
  priority: z.enum(PRIORITIES).default("interactive"),
  /** Share of its tenant among those who wait, within a class of priority. */
  weight: z.number().min(0.1).max(1_000).default(1),
  /** Instead of the above on the named endpoint, such as "/v1/chat/completions". */
  endpoints: z.record(z.string(), limitsSchema).default({}),
  /** In addition, for each model by its id. */
  models: z.record(entityName, limitsSchema).default({}),
});

export const tenantSchema = z.strictObject({
  id: entityName,
  name: z.string().min(1).max(128),
  disabled: z.boolean().default(false),
  /** `site`: nothing of this tenant leaves the site, whatever the routes say. */
  residency: z.enum(["any", "site"]).default("any"),
  models: models.default("*"),
  addresses: addresses.optional(),
  /** For the whole tenant, beside the limits of each tier. */
  limits: limitsSchema.default({}),
});

export const principalSchema = z.strictObject({
  id: entityName.describe("Name of a user or service; unique over all tenants."),
  kind: z.enum(["user", "service"]),
  name: z.string().max(128).default(""),
  email: z.email().optional(),
  tenant: entityName,
  tier: entityName,
  roles: z.array(entityName).default(["caller"]),
  models: models.default("*"),
  addresses: addresses.optional(),
  origins: origins.optional(),
  attributes,
  /** Granted beyond its tier: what is lower than the tier's limit changes nothing. */
  raisedLimits: limitsSchema.default({}),
  disabled: z.boolean().default(false),
  /** Users only: scrypt, in the form of identity/password.ts. */
  passwordHash: z.string().optional(),
  mustChangePassword: z.boolean().default(false),
  /** Sealed (base/sealed-box.ts) TOTP secret; obligatory for administrators where the profile says so. */
  totp: z.string().optional(),
  /** Identities in a client certificate: SHA-256 fingerprint, or a URI or DNS name of its SAN. */
  certificates: z.array(z.string().min(1).max(256)).default([]),
  /** `sub` at an outside OIDC issuer: "<issuer>#<sub>". */
  oidcSubjects: z.array(z.string().min(1).max(512)).default([]),
});

const credential = {
  id: entityName.describe("Names the credential in logs, metrics and the ledger. Not secret."),
  principal: entityName,
  name: z.string().max(128).default(""),
  created: moment.optional(),
  expires: moment.optional(),
  disabled: z.boolean().default(false),
  models: models.default("*"),
  addresses: addresses.optional(),
  /** Instead of the principal's. */
  tier: entityName.optional(),
  limits: limitsSchema.default({}),
  /** The credential that this one replaces; that one expires after the overlap. */
  replaces: entityName.optional(),
  rotateEveryDays: z
    .number()
    .int()
    .min(1)
    .max(3_650)
    .optional()
    .describe("So old it may become: not rotated by then, it is refused as expired."),
  /** Made by the owner of that credential for a while; ends with it, and counts on its account. */
  temporaryOf: entityName.optional(),
};

export const apiKeySchema = z.strictObject({ ...credential, sha256: hex64 });

/** A key pair for HMAC-signed calls and for OAuth2 client credentials. */
export const accessKeySchema = z.strictObject({
  ...credential,
  accessKey: z.string().regex(/^AK[0-9A-Za-z]{20}$/),
  /** Sealed (base/sealed-box.ts): HMAC needs the secret itself. */
  sealedSecret: z.string(),
  /** Registered without: a repeated signature is refused instead of a repeated nonce. */
  nonce: z.enum(["required", "optional"]).default("required"),
});

/** Per million tokens, per request, per second of the call's duration; all that is named is added. */
export const priceSchema = z.strictObject({
  id: entityName.describe("The model."),
  currency: z.string().regex(/^[A-Z]{3}$/),
  promptPerMillion: z.number().min(0).default(0),
  completionPerMillion: z.number().min(0).default(0),
  perRequest: z.number().min(0).default(0),
  perSecond: z.number().min(0).default(0),
  source: z.string().max(512).describe("Where the price stands, with its date."),
});

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
const timeZone = z.string().min(1).refine(isTimeZone, { message: "there is no such time zone" });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

/** Access by attributes: calls that it is about are refused unless everything it requires holds. */
export const accessRuleSchema = z.strictObject({
  id: entityName,
  description: z.string().max(512).default(""),
  models: models.default("*").describe('The models it is about, or "*".'),
  endpoints: z.array(z.string().startsWith("/")).min(1).optional(),
  dataClasses: z.array(z.enum(DATA_CLASSES)).min(1).optional(),
  tenants: z.array(entityName).min(1).optional(),
  requires: z
    .strictObject({
      attributes: z
        .record(entityName, z.array(z.string().max(256)).min(1))
        .default({})
        .describe("For each attribute of the principal, the values that are allowed."),
      methods: z.array(z.enum(CREDENTIAL_METHODS)).min(1).optional(),
      hours: z
        .strictObject({
          from: time,
          to: time,
          days: z.array(z.enum(DAYS)).min(1).optional(),
          timeZone,
        })
        .optional()
        .describe("By the clock of an IANA time zone; `to` before `from` goes over midnight."),
    })
    .refine(
      ({ attributes, methods, hours }) =>
        Object.keys(attributes).length > 0 || methods !== undefined || hours !== undefined,
      { message: "requires nothing" },
    )
    .meta({
      anyOf: [
        { required: ["attributes"], properties: { attributes: { minProperties: 1 } } },
        { required: ["methods"] },
        { required: ["hours"] },
      ],
    }),
});

/** Something to be seen in it: what is made of invisible characters alone would be found nowhere. */
const listedWord = z
  .string()
  .max(128)
  .regex(/[^\p{Default_Ignorable_Code_Point}\p{Cf}\p{M}\s]/u)
  // What other languages' expressions can say of it; few know these properties.
  .meta({ pattern: "\\S" });

/** Words that are kept from models, or from callers, or only counted. */
export const wordListSchema = z.strictObject({
  id: entityName,
  description: z.string().max(512).default(""),
  words: z.array(listedWord).min(1).max(20_000),
  mode: z
    .enum(["block", "mask", "flag"])
    .describe("block: refuse, or end the answer. mask: asterisks instead. flag: only record."),
  direction: z.enum(["input", "output", "both"]).default("both"),
  models: models.default("*").describe('The models it is about, or "*".'),
  tenants: z.array(entityName).min(1).optional(),
});

/** A caller's wish for more than its tier gives, and what became of it. */
const quotaRequestSchema = z.strictObject({
  id: entityName,
  principal: entityName,
  tenant: entityName,
  tier: entityName.describe("When it was asked."),
  limits: limitsSchema,
  reason: z.string().max(512),
  created: moment,
  status: z.enum(["open", "granted", "refused"]),
  decided: moment.optional(),
  decidedBy: entityName.optional(),
  note: z.string().max(512).optional(),
});

export const ENTITY_SCHEMAS = {
  tenant: tenantSchema,
  tier: z.strictObject({ id: entityName, ...tierSchema.shape }),
  role: roleSchema,
  principal: principalSchema,
  apiKey: apiKeySchema,
  accessKey: accessKeySchema,
  model: modelSchema,
  price: priceSchema,
  accessRule: accessRuleSchema,
  wordList: wordListSchema,
  quotaRequest: quotaRequestSchema,
} as const;

export type EntityKind = keyof typeof ENTITY_SCHEMAS;
export type Entity<K extends EntityKind> = z.output<(typeof ENTITY_SCHEMAS)[K]>;
export type Permission = (typeof PERMISSIONS)[number];
export type Limits = z.output<typeof limitsSchema>;
export type Tier = z.output<typeof tierSchema>;
export type Tenant = z.output<typeof tenantSchema>;
export type Principal = z.output<typeof principalSchema>;
export type Role = z.output<typeof roleSchema>;
export type ApiKey = z.output<typeof apiKeySchema>;
export type AccessKey = z.output<typeof accessKeySchema>;
export type Price = z.output<typeof priceSchema>;
export type QuotaRequest = z.output<typeof quotaRequestSchema>;
export type WordList = z.output<typeof wordListSchema>;
export type AccessRule = z.output<typeof accessRuleSchema>;
