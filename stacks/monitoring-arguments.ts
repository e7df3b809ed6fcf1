/** What Prometheus, Alertmanager and the dashboards are told by the settings. Pure. */
import { ALERT_RELAY_REPLICAS } from "../components/alert-relay.ts";
import { GRAFANA } from "../components/grafana.ts";
import { PROMETHEUS, PROMETHEUS_PORT } from "../components/prometheus.ts";
import { MODEL_SERVER_JOB, type ScrapedService, scrapeJobs } from "../components/scrape-jobs.ts";
import {
  asQuantity,
  monitoringSize,
  prometheusLimits,
  type Watched,
} from "../components/sizing/monitoring.ts";
import { mebibytes } from "../components/sizing/quantity.ts";
import { hostOf } from "../components/stateful-program.ts";
import { isRelayed } from "../config/alerts-schema.ts";
import type { Fault } from "../config/fault.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { alertmanagerArguments, alertRelayArguments, hasAlertRelay } from "./alert-arguments.ts";
import { isArchived } from "./archive-arguments.ts";
import { hasCollector } from "./collector-arguments.ts";
import { scrapedGpus } from "./gpu-arguments.ts";
import { httpsPort, LOGS_NAMESPACE, MONITORING, SERVICE } from "./places.ts";
import { isRestoreTested } from "./restore-arguments.ts";
import { gpusAvailable, nodesOf, simulatedGpus } from "./site-models.ts";
import { hasPostgresCluster, isManaged } from "./store-arguments.ts";
import { volumeOf } from "./volumes.ts";
import { isWatchedElsewhere } from "./watcher.ts";

export function monitoringArguments(settings: Settings) {
  return {
    alertmanager: alertmanagerArguments(settings),
    alertRelay: alertRelayArguments(settings),
    prometheus: prometheus(settings, imageReference(settings, "prometheus")),
    grafana: grafana(settings),
  };
}

/** null: the site has one, or none. */
function grafana(settings: Settings) {
  const { monitoring, site } = settings;
  const own = monitoring.grafana?.deployment;
  if (own === undefined) return null;
  const { url, nodePort, oidc, resources } = own;
  return {
    ...{ namespace: MONITORING, image: imageReference(settings, "grafana"), resources },
    ...{ url, nodePort, oidc, site: site.name, scrapeSeconds: monitoring.scrapeSeconds },
    prometheusUrl: `https://${hostOf(PROMETHEUS, MONITORING)}:${PROMETHEUS_PORT}`,
  };
}

/** Who may open it, and who signs people in. */
export function grafanaFlow({ monitoring }: Settings) {
  const own = monitoring.grafana?.deployment;
  if (own === undefined) return undefined;
  const { callerRanges, oidc } = own;
  const ports = oidc === undefined ? [] : [oidc.tokenUrl, oidc.userInfoUrl].map(httpsPort);
  const provider = { ranges: oidc?.ranges ?? [], ports: [...new Set(ports)] };
  return { callerRanges, provider };
}

/** The names by which people and the cluster call it. */
export function grafanaHosts({ monitoring }: Settings): string[] | undefined {
  const own = monitoring.grafana?.deployment;
  if (own === undefined) return undefined;
  return [new URL(own.url).hostname, hostOf(GRAFANA, MONITORING)];
}

function prometheus(settings: Settings, image: string) {
  const { monitoring, models } = settings;
  const { storage, nodePort, alerts, remoteWrite, resources, retentionDays } = monitoring;
  const { scrapeSeconds } = monitoring;
  return {
    ...{ remoteWrite, resources, retentionDays, scrapeSeconds },
    namespace: MONITORING,
    image,
    nodePort,
    jobs: scrapeJobs(scrapedService(settings)),
    site: settings.site.name,
    links: { runbooks: alerts.runbooks, dashboards: alerts.dashboards },
    idleJobs: models.every(({ replicas }) => replicas === 0) ? [MODEL_SERVER_JOB] : [],
    volume: volumeOf(settings, storage),
    limits: prometheusLimits({ memory: resources.memory, storage }),
  };
}

/** What there is to be scraped, whoever does it. */
export function scrapedService(settings: Settings): ScrapedService {
  const { models, edge } = settings;
  const [edgeHost] = edge.hosts;
  if (edgeHost === undefined) throw new Error("the schema asks for at least one host");
  return {
    namespace: SERVICE,
    // Ray's own exporter is elsewhere, and knows a model's pods by other names.
    models: models.filter(({ server }) => server.engine !== "ray").map(({ name }) => name),
    edgeHost,
    stores: storesInPods(settings),
    postgresCluster: hasPostgresCluster(settings) ? "postgres" : undefined,
    archived: isArchived(settings),
    restoreTested: isRestoreTested(settings),
    collectorNamespace: hasCollector(settings) ? MONITORING : undefined,
    relayNamespace: hasAlertRelay(settings) ? MONITORING : undefined,
    agentNamespace: settings.monitoring.logs === undefined ? undefined : LOGS_NAMESPACE,
    gpus: scrapedGpus(settings),
    simulatedGpus: models.filter(({ server }) => simulatedGpus(server) > 0).map(({ name }) => name),
  };
}

/** Those that no cloud and no operator keeps. */
function storesInPods(settings: Settings): ("redis" | "postgres")[] {
  if (isManaged(settings)) return [];
  return settings.postgres.kind === "pod" ? ["redis", "postgres"] : ["redis"];
}

export function remoteWriteFlow({ monitoring: { remoteWrite } }: Settings) {
  if (remoteWrite === undefined) return undefined;
  return { ranges: remoteWrite.ranges, ports: [httpsPort(remoteWrite.url)] };
}

/** What would fill its memory or its disk before the retention ends. */
export function monitoringFaults(settings: Settings): Fault[] {
  if (isWatchedElsewhere(settings)) return [];
  const { storage, resources, retentionDays } = settings.monitoring;
  const { series, samplesPerSecond, memoryMebibytes, diskMebibytes } = sizeOf(settings);
  const fault = (name: string, given: string, needed: number, why: string): Fault[] =>
    mebibytes(given) >= needed
      ? []
      : [
          {
            path: `deepseek:monitoring.${name}`,
            wrong: `is ${given}, and ${why} need ${asQuantity(needed)}`,
            right: `${asQuantity(needed)} or more, a shorter retentionDays or a longer scrapeSeconds`,
          },
        ];
  const days = `${samplesPerSecond} samples a second for ${retentionDays} days`;
  return [
    ...fault("storage", storage, diskMebibytes, days),
    ...fault("resources.memory", resources.memory, memoryMebibytes, `${series} series`).map(
      (one) => ({ ...one, right: `${asQuantity(memoryMebibytes)} or more` }),
    ),
  ];
}

function sizeOf(settings: Settings) {
  return monitoringSize(watched(settings), settings.monitoring);
}

function watched(settings: Settings): Watched {
  const { models, gateway, edge, redis } = settings;
  const { alerts, collector, logs, remoteWrite } = settings.monitoring;
  const stores = storesInPods(settings);
  const most = models.map(({ replicas, server }) =>
    server.engine === "simulator" ? replicas : (server.scaling?.replicasMax ?? replicas),
  );
  return {
    models: models.length,
    gateways: gateway.replicas,
    modelServers: most.reduce((sum, replicas) => sum + replicas, 0),
    edges: edge.replicas,
    redis: stores.includes("redis") ? redis.replicas : 0,
    postgres: stores.includes("postgres") ? 1 : 0,
    postgresInstances: hasPostgresCluster(settings) ? settings.postgres.instances : 0,
    archivers: isArchived(settings) ? gateway.replicas : 0,
    gpus:
      (scrapedGpus(settings) === undefined ? 0 : gpusAvailable(settings)) +
      models.reduce((sum, { replicas, server }) => sum + replicas * simulatedGpus(server), 0),
    collectors: hasCollector(settings) ? collector.replicas : 0,
    agents: logs === undefined ? 0 : nodesOf(settings),
    relays: hasAlertRelay(settings) ? ALERT_RELAY_REPLICAS : 0,
    relayedChannels: alerts.channels.filter(isRelayed).length,
    remoteWrite: remoteWrite !== undefined,
  };
}
