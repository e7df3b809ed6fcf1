/**
 * What the mounted files say, as entities: the keys file makes a service principal of each key,
 * the tiers file tiers, the directory file everything else. Roles and tiers that are always there
 * stand here too. Pure.
 */
import { z } from "zod";
import type { KeysFile } from "../documents.ts";
import {
  accessKeySchema,
  accessRuleSchema,
  apiKeySchema,
  type Entity,
  type EntityKind,
  priceSchema,
  principalSchema,
  type Role,
  roleSchema,
  type Tier,
  tenantSchema,
  tierSchema,
  wordListSchema,
} from "./entities.ts";
import { entityName } from "./fields.ts";

export const directoryFileSchema = z.strictObject({
  tenants: z.array(tenantSchema).default([]),
  roles: z.array(roleSchema).default([]),
  principals: z.array(principalSchema).default([]),
  apiKeys: z.array(apiKeySchema).default([]),
  accessKeys: z.array(accessKeySchema).default([]),
  prices: z.array(priceSchema).default([]),
  accessRules: z.array(accessRuleSchema).default([]),
  wordLists: z.array(wordListSchema).default([]),
});

export const tiersFileSchema = z.strictObject({ tiers: z.record(entityName, tierSchema) });

export type TiersFile = z.output<typeof tiersFileSchema>;
export type DirectoryFile = z.output<typeof directoryFileSchema>;

export type AnyEntity = {
  [K in EntityKind]: { readonly kind: K; readonly entity: Entity<K> };
}[EntityKind];

export interface BaselineFiles {
  readonly keys: KeysFile;
  readonly tiers: TiersFile | null;
  readonly directory: DirectoryFile | null;
}

const ROLES: readonly Role[] = [
  { id: "caller", permissions: ["inference", "models:read", "usage:read"] },
  {
    id: "tenant-admin",
    permissions: ["inference", "models:read", "usage:read", "usage:read:tenant", "fine-tune"],
  },
  // Beside `caller`: training takes the site's accelerators for hours, so it is not for everybody.
  { id: "fine-tuner", permissions: ["models:read", "fine-tune"] },
  { id: "system-admin", permissions: ["models:read", "usage:read", "admin:system"] },
  { id: "security-admin", permissions: ["models:read", "usage:read", "admin:security"] },
  { id: "audit-admin", permissions: ["models:read", "usage:read", "admin:audit"] },
];

/** Endpoints where a person chats; they alone have the larger limit. */
const CHAT_ENDPOINTS = [
  "/v1/chat/completions",
  "/v1/chat",
  "/v1/streaming/chat",
  "/v1/chat/complete",
];

/**
 * What applies where no tiers file is given. A person: 20 chats and 10 other calls a minute. A
 * service with a key of its own: 100,000 calls a day, 200 a second, 200 at the same time.
 */
const TIERS: Readonly<Record<string, Tier>> = {
  user: tierSchema.parse({
    requestsPerMinute: 10,
    concurrency: 20,
    endpoints: Object.fromEntries(
      CHAT_ENDPOINTS.map((path) => [path, { requestsPerMinute: 20, concurrency: 20 }]),
    ),
  }),
  service: tierSchema.parse({ requestsPerSecond: 200, requestsPerDay: 100_000, concurrency: 200 }),
};

export function baselineEntities(files: BaselineFiles): AnyEntity[] {
  const found: AnyEntity[] = ROLES.map((entity) => ({ kind: "role", entity }));
  for (const [id, tier] of Object.entries(files.tiers?.tiers ?? TIERS)) {
    found.push({ kind: "tier", entity: { id, ...tier } });
  }
  const file = files.directory ?? directoryFileSchema.parse({});
  for (const entity of file.tenants) found.push({ kind: "tenant", entity });
  for (const entity of file.roles) found.push({ kind: "role", entity });
  for (const entity of file.principals) found.push({ kind: "principal", entity });
  for (const entity of file.apiKeys) found.push({ kind: "apiKey", entity });
  for (const entity of file.accessKeys) found.push({ kind: "accessKey", entity });
  for (const entity of file.accessRules) found.push({ kind: "accessRule", entity });
  for (const entity of file.wordLists) found.push({ kind: "wordList", entity });
  for (const entity of file.prices) found.push({ kind: "price", entity });
  return [...found, ...fromKeys(files.keys, new Set(file.tenants.map(({ id }) => id)))];
}

/** A tenant that is named by a key alone is declared by that. */
function fromKeys({ keys }: KeysFile, declared: Set<string>): AnyEntity[] {
  return keys.flatMap((key): AnyEntity[] => {
    const found: AnyEntity[] = [];
    if (!declared.has(key.tenant)) {
      declared.add(key.tenant);
      const entity = tenantSchema.parse({ id: key.tenant, name: key.tenant });
      found.push({ kind: "tenant", entity });
    }
    const { id, name, tenant, tier, models, sha256 } = key;
    const principal = principalSchema.parse({ id, kind: "service", name, tenant, tier, models });
    const credential = apiKeySchema.parse({
      id,
      principal: id,
      name,
      sha256,
      ...(key.expires === undefined ? {} : { expires: key.expires }),
    });
    found.push({ kind: "principal", entity: principal }, { kind: "apiKey", entity: credential });
    return found;
  });
}
