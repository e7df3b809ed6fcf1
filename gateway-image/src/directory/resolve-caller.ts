/** From a credential to a caller: everything that limits it, taken together. */
import { isAllowedAddress } from "./address-list.ts";
import type { Caller } from "./caller.ts";
import type { Directory } from "./directory.ts";
import type { Limits, Permission, Principal, Tenant, Tier } from "./entities.ts";
import { raisedTier } from "./raised-limits.ts";

export interface PresentedCredential {
  readonly id: string;
  readonly method: Caller["method"];
  readonly principal: string;
  readonly models: "*" | readonly string[];
  readonly addresses?: readonly string[] | undefined;
  readonly tier?: string | undefined;
  readonly limits: Limits;
  /** Whose own limits are counted; absent: the credential's. */
  readonly account?: string | undefined;
  readonly endsMs?: number | null | undefined;
  /** The entity of the directory that all of this is read from; absent: there is none. */
  readonly entity?: object | undefined;
}

export interface Origin {
  readonly address: string;
  /** The header `Origin`, which browsers send; null from all others. */
  readonly origin: string | null;
}

export type Resolution =
  | { readonly caller: Caller }
  | {
      readonly refused:
        | "invalid_api_key"
        | "principal_disabled"
        | "address_not_allowed"
        | "origin_not_allowed"
        | "tier_unknown";
    };

export function resolveCaller(
  directory: Directory,
  credential: PresentedCredential,
  from: Origin,
): Resolution {
  const principal = directory.get("principal", credential.principal)?.entity;
  const tenant =
    principal === undefined ? undefined : directory.get("tenant", principal.tenant)?.entity;
  if (principal === undefined || tenant === undefined) return { refused: "invalid_api_key" };
  if (principal.disabled || tenant.disabled) return { refused: "principal_disabled" };
  const lists = [credential.addresses, principal.addresses, tenant.addresses];
  if (!lists.every((list) => list === undefined || isAllowedAddress(list, from.address))) {
    return { refused: "address_not_allowed" };
  }
  if (!isAllowedOrigin(principal, from.origin)) return { refused: "origin_not_allowed" };
  const tierName = credential.tier ?? principal.tier;
  const tier = directory.get("tier", tierName)?.entity;
  if (tier === undefined) return { refused: "tier_unknown" };
  const make = () => callerOf({ directory, credential, principal, tenant, tierName, tier });
  const { entity } = credential;
  return { caller: entity === undefined ? make() : directory.derived(entity, make) };
}

interface Known {
  readonly directory: Directory;
  readonly credential: PresentedCredential;
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly tierName: string;
  readonly tier: Tier;
}

function callerOf({ directory, credential, principal, tenant, tierName, tier }: Known): Caller {
  return {
    principal: principal.id,
    name: principal.name,
    kind: principal.kind,
    credential: credential.id,
    method: credential.method,
    tenant,
    tierName,
    tier: raisedTier(tier, principal.raisedLimits),
    roles: principal.roles,
    permissions: permissionsOf(directory, principal),
    models: common([credential.models, principal.models, tenant.models]),
    credentialLimits: credential.limits,
    credentialAccount: credential.account ?? credential.id,
    credentialEndsMs: credential.endsMs ?? null,
    attributes: principal.attributes,
    mustEnrol: false,
    mustChangePassword: principal.mustChangePassword,
  };
}

function permissionsOf(directory: Directory, principal: Principal): ReadonlySet<Permission> {
  return new Set(
    principal.roles.flatMap((role) => directory.get("role", role)?.entity.permissions ?? []),
  );
}

/** What all of the lists allow. */
function common(lists: readonly ("*" | readonly string[])[]): "*" | ReadonlySet<string> {
  const named = lists.filter((list) => list !== "*");
  const [first, ...others] = named;
  if (first === undefined) return "*";
  return new Set(first.filter((name) => others.every((list) => list.includes(name))));
}

/** Only browsers send an Origin; a list says that this principal is for those pages alone. */
function isAllowedOrigin(principal: Principal, origin: string | null): boolean {
  return principal.origins === undefined || origin === null || principal.origins.includes(origin);
}
