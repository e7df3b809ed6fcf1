/**
 * What administrators manage, by its name in the path: the kind of entity, the permission that it
 * takes, and what of it is shown. Secrets and hashes never are.
 */
import type { Found } from "../directory/directory.ts";
import type { EntityKind, Permission } from "../directory/entities.ts";

export interface Resource {
  readonly kind: EntityKind;
  readonly permission: Permission;
  /** Members that are kept but neither shown nor set from outside. */
  readonly hidden: readonly string[];
  /** Made by POST with a fresh secret; PUT changes the rest. */
  readonly issued?: "apiKey" | "accessKey";
  /** Made and changed elsewhere. */
  readonly shownOnly?: true;
}

export const RESOURCES: Readonly<Record<string, Resource>> = {
  tenants: { kind: "tenant", permission: "admin:system", hidden: [] },
  tiers: { kind: "tier", permission: "admin:system", hidden: [] },
  models: { kind: "model", permission: "admin:system", hidden: [] },
  "quota-requests": {
    kind: "quotaRequest",
    permission: "admin:system",
    hidden: [],
    shownOnly: true,
  },
  prices: { kind: "price", permission: "admin:system", hidden: [] },
  "access-rules": { kind: "accessRule", permission: "admin:security", hidden: [] },
  "word-lists": { kind: "wordList", permission: "admin:security", hidden: [] },
  roles: { kind: "role", permission: "admin:security", hidden: [] },
  principals: { kind: "principal", permission: "admin:security", hidden: ["passwordHash", "totp"] },
  "api-keys": {
    kind: "apiKey",
    permission: "admin:security",
    hidden: ["sha256"],
    issued: "apiKey",
  },
  "access-keys": {
    kind: "accessKey",
    permission: "admin:security",
    hidden: ["sealedSecret"],
    issued: "accessKey",
  },
};

/** By its name in the path, which may be any word, "constructor" too. */
export function resourceOf(name: string): Resource | undefined {
  return Object.hasOwn(RESOURCES, name) ? RESOURCES[name] : undefined;
}

/** What is kept of `existing` when `input` replaces it: the hidden members. */
export function keptMembers(resource: Resource, existing: object | undefined): object {
  const entries = Object.entries(existing ?? {});
  return Object.fromEntries(entries.filter(([name]) => resource.hidden.includes(name)));
}

export function shown(resource: Resource, { entity, source, revision }: Found<EntityKind>) {
  const entries = Object.entries(entity).filter(([name]) => !resource.hidden.includes(name));
  return {
    ...Object.fromEntries(entries),
    ...("kind" in entity && resource.kind === "principal"
      ? { hasPassword: "passwordHash" in entity }
      : {}),
    source,
    revision,
  };
}
