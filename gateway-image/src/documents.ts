/**
 * The JSON files that are mounted into the gateway: API keys, model routes and tiers. Each is
 * parsed strictly, and every fault is reported with its path. config.schema.json is made from
 * these schemas, so the side that writes the files can check them too.
 */
import { z } from "zod";
import { entityName, limitsSchema } from "./directory/fields.ts";
import { PROVIDER_NAMES } from "./proxy/providers.ts";

export const CAPABILITIES = [
  "chat",
  "completions",
  "embeddings",
  "vision",
  "tools",
  "reasoning",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

const apiKeySchema = z
  .strictObject({
    id: entityName.describe("Names the key in logs, metrics and the ledger. Not secret."),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe("SHA-256 of the whole key (sk-ds-…), lower-case hex."),
    name: z.string().min(1).max(128).describe("What the key is for, in the owner's words."),
    tenant: entityName.describe("Who pays and who sees the usage."),
    tier: entityName.describe("A tier of the tiers file: its quota applies to this key."),
    models: z
      .union([z.literal("*"), z.array(entityName).min(1)])
      .describe('The models it may use, or "*" for all.'),
    expires: z.iso
      .datetime({ offset: true })
      .optional()
      .describe("From this moment on the key is refused."),
  })
  .describe("One API key. The key itself is stored nowhere.");

export const keysFileSchema = z
  .strictObject({ keys: z.array(apiKeySchema) })
  .superRefine((file, context) => {
    refuseRepeats("keys", file.keys, "id", context);
    refuseRepeats("keys", file.keys, "sha256", context);
  });

const targetSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        "Scheme, host and port of a model server, no path; of a provider where it differs.",
      ),
    provider: z
      .enum(PROVIDER_NAMES)
      .optional()
      .describe("An outside provider instead of a model server; off until its key is there."),
    weight: z.number().int().min(1).max(1000).default(1).describe("Share of the traffic."),
    model: entityName.optional().describe("The name that the target knows, where it differs."),
    continuousUsage: z
      .boolean()
      .optional()
      .describe(
        "The server knows stream_options.continuous_usage_stats, as vLLM does. Providers do not.",
      ),
  })
  .refine((target) => target.url !== undefined || target.provider !== undefined, {
    message: "needs url or provider",
  })
  // Also asked of a text that is no URL, which has its fault already.
  .refine(({ url }) => url === undefined || !URL.canParse(url) || new URL(url).pathname === "/", {
    message: "must have no path: the gateway appends /v1/…",
    path: ["url"],
  })
  .meta({ anyOf: [{ required: ["url"] }, { required: ["provider"] }] });

export const modelSchema = z.strictObject({
  id: entityName.describe("What a caller writes in `model`."),
  ownedBy: z.string().min(1).max(128).default("deepseek"),
  created: z.number().int().min(0).default(0).describe("Unix seconds."),
  contextLength: z
    .number()
    .int()
    .min(1)
    .nullable()
    .describe("Tokens of prompt and answer together; null: not known."),
  capabilities: z
    .array(z.enum(CAPABILITIES))
    .min(1)
    .describe("What it can be asked for. Image parts go to models with vision only."),
  lifecycle: z
    .enum(["preview", "stable", "deprecated", "sunset"])
    .nullable()
    .default("stable")
    .describe("null: not known."),
  trainingData: z.string().min(1).max(128).optional().describe("Until when it has learnt."),
  dimensions: z.number().int().min(1).optional().describe("Of its embeddings."),
  imageTokensMax: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Most tokens that one image part can be; without: 16384."),
  maxTokensDefault: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Instead of GW_MAX_TOKENS_DEFAULT for this model."),
  fallbacks: z
    .array(entityName)
    .default([])
    .describe("Models that serve instead, in this order, where no target can be reached."),
  confidential: z
    .boolean()
    .default(false)
    .describe("Nothing of this model's calls leaves the site."),
  affinity: z
    .enum(["none", "prefix", "session"])
    .default("none")
    .describe(
      "Calls that begin alike (prefix), or of one x-session-id (session), go to the same target.",
    ),
  prefixCache: z
    .enum(["tenant", "principal", "site"])
    .default("tenant")
    .describe(
      "Who shares what the model's servers keep of prompts that begin alike; site: nobody is kept apart, nor is anything said of it to servers that are not vLLM.",
    ),
  deprecatedAt: z.iso.date().optional().describe("Told to callers from now on (RFC 9745)."),
  sunsetAt: z.iso.date().optional().describe("From this day on it is refused (RFC 8594)."),
  concurrencyMax: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Calls that one gateway sends it at once; others wait, fairly. Absent: no bound."),
  limits: limitsSchema
    .optional()
    .describe("Of all callers of the site together, beside their own. Absent: none."),
  hedgeAfterMs: z
    .number()
    .int()
    .min(10)
    .max(60_000)
    .optional()
    .describe(
      "A server of the site that says nothing for so long: a second one is asked as well. Absent: none.",
    ),
  cache: z
    .boolean()
    .default(true)
    .describe("Answers of it may be told again, where the gateway caches at all."),
  fineTuning: z
    .boolean()
    .default(false)
    .describe("Callers with the permission may have it trained further at the site."),
  targets: z.array(targetSchema).min(1),
});

export const routesFileSchema = z
  .strictObject({ models: z.array(modelSchema).min(1) })
  .superRefine((file, context) => {
    refuseRepeats("models", file.models, "id", context);
    checkModels(file.models, context);
  });

export type Model = z.output<typeof modelSchema>;
export type TargetEntry = z.output<typeof targetSchema>;
export type KeysFile = z.output<typeof keysFileSchema>;
export type RoutesFile = z.output<typeof routesFileSchema>;

/** Parses one mounted file; throws an Error that lists every fault with its path. */
export function parseDocument<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and a keys file must never reach a log.
    throw new Error(`${what} is not JSON`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new Error(`${what}: ${faultsOf(result.error).join("; ")}`);
}

/** One line for each fault, "path: what is wrong", without the value itself. */
export function faultsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.map(String).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
}

function checkModels(models: readonly Model[], context: z.RefinementCtx): void {
  const names = new Set(models.map(({ id }) => id));
  models.forEach((model, index) => {
    const fault = (member: string, message: string) =>
      context.addIssue({ code: "custom", path: ["models", index, member], message });
    for (const fallback of model.fallbacks) {
      if (fallback === model.id) fault("fallbacks", "a model cannot serve instead of itself");
      else if (!names.has(fallback)) fault("fallbacks", `there is no model ${fallback}`);
    }
    if (model.confidential && model.targets.some(({ provider }) => provider !== undefined)) {
      fault("targets", "a confidential model has no target outside of the site");
    }
    if (model.fineTuning && !isOfSite(model)) {
      fault("fineTuning", "a model that is served outside of the site is not trained here");
    }
  });
}

/** It has a server here, so its weights are here. */
export function isOfSite({ targets }: Pick<Model, "targets">): boolean {
  return targets.some(({ provider }) => provider === undefined);
}

function refuseRepeats<K extends string>(
  list: string,
  rows: readonly Readonly<Record<K, string>>[],
  member: K,
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  rows.forEach((row, index) => {
    if (seen.has(row[member])) {
      context.addIssue({ code: "custom", path: [list, index, member], message: "is there twice" });
    }
    seen.add(row[member]);
  });
}
