/** What a cluster's own Prometheus is told by the settings, and how the walls let it in. Pure. */
import {
  MODEL_SERVER_JOB,
  monitoredPorts,
  type ScrapedService,
} from "../components/scrape-jobs.ts";
import type { Settings } from "../config/schema.ts";
import { scrapedService } from "./monitoring-arguments.ts";
import { MONITORING } from "./places.ts";
import { hasOperatorExporter } from "./site-models.ts";
import { isWatchedElsewhere } from "./watcher.ts";

/** NVIDIA's operator tells the cluster's Prometheus of its exporter itself: only rules of ours want it under our name. */
function monitoredService(settings: Settings): ScrapedService {
  const scraped = scrapedService(settings);
  const theirs = hasOperatorExporter(settings) && !isWatchedElsewhere(settings);
  return theirs ? { ...scraped, gpus: undefined } : scraped;
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
    monitored: monitoredPorts(monitoredService(settings)),
    scrapeSeconds,
    jobs: operator.jobs,
    alone: isWatchedElsewhere(settings) ? { idleJobs: idle ? [MODEL_SERVER_JOB] : [] } : undefined,
    links: { runbooks: alerts.runbooks, dashboards: alerts.dashboards },
    url: operator.url,
  };
}
