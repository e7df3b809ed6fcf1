/**
 * Which targets a call may go to at all, before health and load order them. A call that is
 * confined to the site never sees an outside provider, whatever routes and fallbacks say. Pure.
 */
import type { Model } from "../documents.ts";
import type { ProviderName } from "./providers.ts";
import type { Route } from "./route-table.ts";
import type { Target } from "./target.ts";
import type { TargetHealth } from "./target-health.ts";

export interface Candidate {
  readonly model: Model;
  readonly targets: readonly TargetHealth[];
}

export interface Eligible {
  /** The asked model first, then its fallbacks; those without targets are left out. */
  readonly candidates: readonly Candidate[];
  /** Something was left out because it is outside of the site. */
  readonly confinedAway: boolean;
}

export interface EligibleOptions {
  readonly confined: boolean;
  readonly isOn: (provider: ProviderName) => boolean;
  /** May the caller use it, and can it do what is asked? */
  readonly isFit: (model: Model) => boolean;
}

export function eligibleTargets(
  asked: Route,
  routeOf: (model: string) => Route | undefined,
  { confined, isOn, isFit }: EligibleOptions,
): Eligible {
  const fallbacks = asked.model.fallbacks
    .map(routeOf)
    .filter((route) => route !== undefined && isFit(route.model));
  let confinedAway = false;
  const candidates: Candidate[] = [];
  for (const route of [asked, ...fallbacks]) {
    if (route === undefined) continue;
    const inside = confined || asked.model.confidential || route.model.confidential;
    const targets = route.targets.filter(({ target }) => {
      if (!isOutside(target)) return true;
      if (inside) confinedAway = true;
      return !inside && target.provider !== undefined && isOn(target.provider);
    });
    if (targets.length > 0) candidates.push({ model: route.model, targets });
  }
  return { candidates, confinedAway };
}

export function isOutside(target: Target): boolean {
  return target.provider !== undefined;
}

/** A model that nobody could serve now is not offered. */
export function isOffered(model: Model, isOn: (provider: ProviderName) => boolean): boolean {
  return model.targets.some(({ provider }) => provider === undefined || isOn(provider));
}
