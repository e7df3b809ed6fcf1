/** A tier as it is for a principal that was granted more. Pure. */
import type { Limits, Tier } from "./entities.ts";

/** Only what is limited can be raised: a limit that does not exist is higher than any. */
export function raisedTier(tier: Tier, raised: Limits): Tier {
  if (Object.keys(raised).length === 0) return tier;
  const endpoints = Object.entries(tier.endpoints).map(([path, limits]) => [
    path,
    raisedLimits(limits, raised),
  ]);
  return { ...tier, ...raisedLimits(tier, raised), endpoints: Object.fromEntries(endpoints) };
}

function raisedLimits<L extends Limits>(limits: L, raised: Limits): L {
  const higher = Object.entries(raised).filter(([name, value]) => {
    const limit = limits[name as keyof Limits];
    return limit !== undefined && value !== undefined && value > limit;
  });
  return { ...limits, ...Object.fromEntries(higher) };
}
