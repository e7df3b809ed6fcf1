/** What the dashboards of a site show: what is scraped, by its own Prometheus or the cluster's, and what it has. Pure. */
import type { DashboardsArgs } from "../components/dashboards.ts";
import { GPU_JOB, SELF_JOBS, scrapeJobs } from "../components/scrape-jobs.ts";
import type { Settings } from "../config/schema.ts";
import { scrapedService } from "./monitoring-arguments.ts";
import { operatorArguments } from "./operator-arguments.ts";
import { MONITORING } from "./places.ts";
import { isOnGpus } from "./site-models.ts";
import { isManaged } from "./store-arguments.ts";
import { isWatchedElsewhere } from "./watcher.ts";

/** null: no Grafana would read them. */
export function dashboardArguments(settings: Settings) {
  const { grafana } = settings.monitoring;
  if (grafana === undefined) return null;
  const { languages, labels } = grafana;
  return { languages, labels, namespace: MONITORING, shown: shownOf(settings) };
}

type Shown = DashboardsArgs["shown"];

export function shownOf(settings: Settings): Shown {
  const operator = operatorArguments(settings);
  const [self] = SELF_JOBS;
  // The cluster's own Prometheus watches itself, and its Alertmanager, under names of its own.
  const own = isWatchedElsewhere(settings)
    ? [self]
    : [...SELF_JOBS, ...scrapeJobs(scrapedService(settings)).map(({ job }) => job)];
  const ofCluster =
    operator === null ? [] : [...operator.monitored.map(({ job }) => job), ...operator.jobs];
  const jobs = [...own, ...ofCluster, ...gpusOfOperator(settings)];
  return { jobs: [...new Set<string>(jobs)], has: needsOf(settings) };
}

/**
 * NVIDIA's operator brings an exporter that the cluster's Prometheus asks, if ours does not. The site's own
 * Grafana may know that one, too; a Grafana of ours knows ours alone.
 */
function gpusOfOperator({ gpuRuntime, models, monitoring }: Settings): string[] {
  const theirs = gpuRuntime.mode === "operator" && models.some(isOnGpus);
  return theirs && monitoring.grafana?.deployment === undefined ? [GPU_JOB] : [];
}

function needsOf(settings: Settings): Shown["has"] {
  const { redis, site, outside } = settings;
  const followed = site.other !== undefined || redis.replicas > 1;
  return [
    ...(followed && !isManaged(settings) ? (["redisReplicas"] as const) : []),
    // A webhook is told outside of the cluster, or at a host that the settings name.
    ...(outside.ranges.length + outside.webhookHosts.length > 0 ? (["webhooks"] as const) : []),
  ];
}
