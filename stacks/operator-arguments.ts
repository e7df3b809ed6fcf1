/** What a cluster's own Prometheus is told by the settings, and how the walls let it in. Pure. */
import { PROMETHEUS } from "../components/prometheus.ts";
import { MODEL_SERVER_JOB, monitoredPorts } from "../components/scrape-jobs.ts";
import type { FlowPlaces } from "../components/service-flows.ts";
import type { Settings } from "../config/schema.ts";
import { scrapedService } from "./monitoring-arguments.ts";
import { MONITORING } from "./places.ts";

/** Nothing of the stack's own watches. */
export function isWatchedElsewhere({ monitoring }: Settings): boolean {
  return monitoring.operator?.mode === "instead";
}

export function watcherOf(settings: Settings): FlowPlaces["watcher"] {
  const { operator } = settings.monitoring;
  if (operator === undefined) return undefined;
  const { namespace, pods } = operator;
  const end = { namespace, program: PROMETHEUS, labels: pods };
  return { end, alone: isWatchedElsewhere(settings) };
}

/** null: no operator is told anything. */
export function operatorArguments(settings: Settings) {
  const { monitoring, models } = settings;
  const { operator, alerts, scrapeSeconds } = monitoring;
  if (operator === undefined) return null;
  const idle = models.every(({ replicas }) => replicas === 0);
  return {
    namespace: MONITORING,
    labels: operator.labels,
    monitored: monitoredPorts(scrapedService(settings)),
    scrapeSeconds,
    jobs: operator.jobs,
    alone: isWatchedElsewhere(settings) ? { idleJobs: idle ? [MODEL_SERVER_JOB] : [] } : undefined,
    links: { runbooks: alerts.runbooks, dashboards: alerts.dashboards },
    url: operator.url,
  };
}
