/**
 * How long the other site of a pair takes to serve, and what may then be missing: the terms of
 * sizing/recovery.ts from the settings. Pure.
 */
import { type RecoveryPlan, recoveryOf } from "../components/sizing/recovery.ts";
import type { ServedModel } from "../components/sizing/served-models.ts";
import type { Settings } from "../config/schema.ts";
import { ratesOf } from "./site-models.ts";

/** Between two probes of whoever watches the other site, and how many must fail. */
const DETECTION = { intervalSeconds: 10, failures: 3 } as const;
const TTL_SECONDS = 30;
/** A p4d or p4de from its order to a node with GPUs: assumed, 10 minutes; no vendor promises one. */
const BOOT_SECONDS = 600;
/** PostgreSQL streams at once, and a WAL segment is archived after a minute at the latest. */
const LEDGER_LAG_SECONDS = 60;
/** A quota that is lost begins anew: what was granted in the last seconds may be granted again. */
const QUOTA_LAG_SECONDS = 10;

/** undefined: the site promises nothing. */
export function recoveryOfSite(
  settings: Settings,
  served: readonly ServedModel[],
): RecoveryPlan | undefined {
  const { site } = settings;
  if (site.rtoSeconds === undefined || site.rpoSeconds === undefined) return undefined;
  const { failover } = site;
  const slowest = [...served].sort((a, b) => b.weightBytes - a.weightBytes)[0];
  const rates = ratesOf(settings);
  return recoveryOf({
    detection:
      failover === undefined ? DETECTION : { intervalSeconds: 60, failures: failover.alarmMinutes },
    dnsTtlSeconds: failover?.ttlSeconds ?? TTL_SECONDS,
    warmNodes: site.warmReplicas === "none" ? 0 : 1,
    nodeBootSeconds: BOOT_SECONDS,
    weights: {
      bytesPerNode: slowest?.weightBytes ?? 0,
      bytesPerSecond: Math.min(rates.fetch, rates.load),
    },
    replicas: [
      { name: "ledger", lagSeconds: LEDGER_LAG_SECONDS },
      // Where both serve, each grants its own share, and none is taken over.
      ...(site.other?.serves === true ? [] : [{ name: "quotas", lagSeconds: QUOTA_LAG_SECONDS }]),
    ],
    budget: { rtoSeconds: site.rtoSeconds, rpoSeconds: site.rpoSeconds },
  });
}
