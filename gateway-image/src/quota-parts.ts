/** What quotas need: their store behind a guard, who waits for room, and who is warned in time. */
import type { Clock } from "./base/clock.ts";
import type { Config } from "./config.ts";
import { passwordReader } from "./files.ts";
import { limits } from "./limits.ts";
import { QuotaWaiters } from "./quota/quota-waiters.ts";
import { QuotaWarnings } from "./quota/quota-warnings.ts";
import { MemoryQuotaStore } from "./stores/memory-quota-store.ts";
import { QuotaGuard } from "./stores/quota-guard.ts";
import type { QuotaStore } from "./stores/quota-store.ts";
import type { SharedStore } from "./stores/shared-store.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { WebhookSender } from "./webhooks/webhook-sender.ts";

export interface Quotas {
  readonly quotaStore: QuotaStore;
  readonly quota: QuotaGuard;
  readonly quotaWaiters: QuotaWaiters;
  /** null: nobody is told. */
  readonly quotaWarnings: QuotaWarnings | null;
}

export interface QuotasParts {
  readonly config: Config;
  readonly quotaStore: QuotaStore;
  readonly shared: SharedStore;
  readonly webhooks: WebhookSender;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

export function createQuotas(parts: QuotasParts): Quotas {
  const { config, quotaStore, clock, metrics, log } = parts;
  return {
    quotaStore,
    quota: createGuard(config, quotaStore, clock, metrics, log),
    quotaWaiters: new QuotaWaiters(limits.quotaWaitersMax),
    quotaWarnings: createWarnings(parts),
  };
}

/** Throws where the webhook leads where it must not: that shows at the start, not at four fifths. */
function createWarnings(parts: QuotasParts): QuotaWarnings | null {
  const { config, shared, webhooks, clock, metrics, log } = parts;
  const { GW_WARNING_URL: url, GW_WARNING_SECRET_FILE: file, GW_SITE: site } = config;
  if (url === undefined) return null;
  const fault = webhooks.fault(url);
  if (fault !== null)
    throw new Error(`GW_WARNING_URL: ${fault} (GW_WEBHOOK_HOSTS names hosts inside)`);
  const secret = passwordReader(file);
  return new QuotaWarnings({
    shared,
    clock,
    site,
    send: (body) => webhooks.send({ url, secret: secret() ?? "", body }),
    onEnd: (outcome) => metrics.webhooks.inc({ outcome }),
    onFault: (cause) => log.warn({ cause }, "a quota warning was not told"),
  });
}

function createGuard(
  config: Config,
  store: QuotaStore,
  clock: Clock,
  metrics: Metrics,
  log: Log,
): QuotaGuard {
  const share = { store: new MemoryQuotaStore(clock), replicas: config.GW_REPLICAS };
  return new QuotaGuard({
    store,
    siteShare: config.GW_QUOTA_SHARE_PERCENT / 100,
    localShare: config.GW_SHARED_STORE_DOWN === "local-share" ? share : null,
    clock,
    onFault: (cause) => {
      metrics.quotaFaults.inc();
      log.warn({ cause }, "the quota store does not answer");
    },
  });
}
