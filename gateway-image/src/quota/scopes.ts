/** Which accounts a call is counted on: its credential, principal, tenant and model. Pure. */
import type { Caller } from "../directory/caller.ts";
import type { Limits } from "../directory/entities.ts";
import { LIMIT_NAMES, type Scope } from "../stores/quota-store.ts";

interface Known {
  readonly modelLimits: Limits | undefined;
  readonly scopes: readonly Scope[];
}

/** A caller is made anew where the directory changes, and forgotten with what is known of it. */
const known = new WeakMap<Caller, Map<string, Known>>();

/** As below, found out once for each caller, endpoint and model: calls are many. */
export function knownScopesOf(
  caller: Caller,
  endpoint: string,
  model: string,
  modelLimits: Limits | undefined,
): readonly Scope[] {
  const own = known.get(caller) ?? new Map<string, Known>();
  known.set(caller, own);
  const name = `${endpoint}\n${model}`;
  const former = own.get(name);
  // The routes may have been read anew.
  if (former !== undefined && former.modelLimits === modelLimits) return former.scopes;
  const scopes = scopesOf(caller, endpoint, model, modelLimits);
  own.set(name, { modelLimits, scopes });
  return scopes;
}

/**
 * Only accounts with a limit of their own. The limits of an endpoint stand instead of the tier's general ones,
 * those of a model in addition to them.
 */
export function scopesOf(
  caller: Caller,
  endpoint: string,
  model: string,
  modelLimits: Limits = {},
): Scope[] {
  const { tier, tenant, principal } = caller;
  const endpointLimits = tier.endpoints[endpoint];
  const own =
    endpointLimits === undefined
      ? { id: `user:${principal}`, limits: generalLimits(tier) }
      : { id: `user:${principal}:${endpoint}`, limits: endpointLimits };
  const candidates: Scope[] = [
    { id: `key:${caller.credentialAccount}`, limits: caller.credentialLimits },
    own,
    { id: `user:${principal}:model:${model}`, limits: ownOf(tier.models, model) ?? {} },
    { id: `tenant:${tenant.id}`, limits: tenant.limits },
    { id: `model:${model}`, limits: modelLimits },
  ];
  return candidates.filter(({ limits }) => Object.keys(limits).length > 0);
}

/** A tier holds more than limits. */
function generalLimits(tier: Limits): Limits {
  return Object.fromEntries(
    LIMIT_NAMES.flatMap((name) => (tier[name] === undefined ? [] : [[name, tier[name]]])),
  );
}

/** A model may be called "constructor", which every object seems to have. */
function ownOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
