/** What Prometheus scrapes, from the programs that run. */
import { COLLECTOR_PORTS } from "../observability/collector/configuration.ts";
import { JOBS, OTHER_JOBS } from "../observability/metrics.ts";
import type { Monitored } from "../observability/operator-objects.ts";
import type { ScrapeJob } from "../observability/prometheus-files.ts";
import { ALERT_RELAY, ALERT_RELAY_METRICS, ALERT_RELAY_PORTS } from "./alert-relay.ts";
import { COLLECTOR, COLLECTOR_METRICS } from "./collector.ts";
import { selectorOf } from "./component.ts";
import { METRICS_PORTS, metricsServiceName } from "./exporters.ts";
import { GATEWAY, GATEWAY_METRICS, GATEWAY_PORTS } from "./gateway.ts";
import { ARCHIVE_PORT } from "./gateway-archive.ts";
import { LOG_AGENT_METRICS } from "./log-agent.ts";
import { clusterMetricsService } from "./postgres-cluster.ts";
import { CLUSTER_LABEL } from "./postgres-cluster-objects.ts";
import { RESTORE_TEST, RESTORE_TEST_PORT } from "./restore-test.ts";
import { GPU_EXPORTER, GPU_EXPORTER_PORT } from "./serving/gpu-daemons.ts";
import { GPU_METRICS } from "./serving/gpu-runtime.ts";
import { MODEL_LABEL, MODEL_PORT, MODEL_SERVER, modelService } from "./serving/model-component.ts";

/** Of the simulator (tools/simulator/service.ts). */
const SIMULATED_GPUS_PATH = "/gpu-metrics";

export const MODEL_SERVER_JOB = JOBS.modelServer;
export const GPU_JOB = OTHER_JOBS.gpu;
/** Our Prometheus asks itself and its Alertmanager by itself (observability/prometheus-files.ts). */
export const SELF_JOBS = [JOBS.prometheus, JOBS.alertmanager] as const;

export interface ScrapedService {
  readonly namespace: string;
  readonly models: readonly string[];
  /** A name in the edge's certificate, which has only those its callers use. */
  readonly edgeHost: string;
  /** Those that run as pods of ours, with an exporter beside them. */
  readonly stores: readonly ("redis" | "postgres")[];
  /** The ledger's, where CloudNativePG keeps it: its pods expose themselves. */
  readonly postgresCluster: string | undefined;
  /** An archiver of the audit trail runs beside each gateway, with its certificate. */
  readonly archived: boolean;
  /** Backups of the ledger are tried. */
  readonly restoreTested: boolean;
  /** Where the Collector runs, and where its agents do; undefined: there is none. */
  readonly collectorNamespace?: string | undefined;
  readonly agentNamespace?: string | undefined;
  /** Where the relay of alerts runs; undefined: there is none. */
  readonly relayNamespace?: string | undefined;
  /** Where our exporters of GPUs run; undefined: there are none. */
  readonly gpuNamespace?: string | undefined;
  /** Models whose simulated servers tell of simulated GPUs. */
  readonly simulatedGpus: readonly string[];
}

export function scrapeJobs(scraped: ScrapedService): ScrapeJob[] {
  const { namespace, models, edgeHost, stores, archived, gpuNamespace } = scraped;
  const host = (service: string) => `${service}.${namespace}.svc`;
  const gateways = { service: host(GATEWAY_METRICS), serverName: host(GATEWAY) };
  return [
    { job: JOBS.gateway, port: GATEWAY_PORTS.metrics, ...gateways },
    ...(archived ? [{ job: OTHER_JOBS.auditArchive, port: ARCHIVE_PORT, ...gateways }] : []),
    ...(scraped.restoreTested
      ? [
          {
            ...{ job: OTHER_JOBS.restoreTest, port: RESTORE_TEST_PORT },
            ...{ service: host(RESTORE_TEST), serverName: host(RESTORE_TEST) },
          },
        ]
      : []),
    ...models.map((model) => ({
      job: JOBS.modelServer,
      service: host(`${modelService(model)}-metrics`),
      port: MODEL_PORT,
      serverName: host(modelService(model)),
      part: model,
      labels: { model },
    })),
    ...(["edge", ...stores] as const).map((program) => ({
      job: JOBS[program],
      service: host(metricsServiceName(program)),
      port: METRICS_PORTS[program],
      serverName: program === "edge" ? edgeHost : host(program),
    })),
    ...clusterJobs(scraped),
    ...collectorJobs(scraped),
    ...relayJobs(scraped),
    ...(gpuNamespace === undefined ? [] : [gpuJob(`${GPU_METRICS}.${gpuNamespace}.svc`)]),
    // Their model servers tell of them, since there is no node that has them.
    ...scraped.simulatedGpus.map((model) => ({
      job: OTHER_JOBS.gpu,
      service: host(`${modelService(model)}-metrics`),
      port: MODEL_PORT,
      serverName: host(modelService(model)),
      part: model,
      path: SIMULATED_GPUS_PATH,
    })),
  ];
}

/** Rules and panels name its pods as the cluster's own Prometheus finds them; by DNS a pod is its address. */
function clusterJobs({ namespace, postgresCluster }: ScrapedService): ScrapeJob[] {
  if (postgresCluster === undefined) return [];
  return [
    {
      job: OTHER_JOBS.postgresOperator,
      service: `${clusterMetricsService(postgresCluster)}.${namespace}.svc`,
      port: METRICS_PORTS.postgres,
      serverName: `postgres.${namespace}.svc`,
      labels: { namespace },
      addressLabel: "pod",
    },
  ];
}

function collectorJobs({ collectorNamespace, agentNamespace }: ScrapedService): ScrapeJob[] {
  const port = COLLECTOR_PORTS.metrics;
  const jobs: ScrapeJob[] = [];
  if (collectorNamespace !== undefined) {
    const service = `${COLLECTOR_METRICS}.${collectorNamespace}.svc`;
    const serverName = `${COLLECTOR}.${collectorNamespace}.svc`;
    jobs.push({ job: OTHER_JOBS.collector, service, port, serverName });
  }
  if (agentNamespace !== undefined) {
    const service = `${LOG_AGENT_METRICS}.${agentNamespace}.svc`;
    jobs.push({ job: OTHER_JOBS.logAgent, service, port, serverName: service });
  }
  return jobs;
}

function relayJobs({ relayNamespace }: ScrapedService): ScrapeJob[] {
  if (relayNamespace === undefined) return [];
  const host = (service: string) => `${service}.${relayNamespace}.svc`;
  const serverName = host(ALERT_RELAY);
  const service = host(ALERT_RELAY_METRICS);
  return [{ job: OTHER_JOBS.alertRelay, service, port: ALERT_RELAY_PORTS.metrics, serverName }];
}

function gpuJob(service: string): ScrapeJob {
  return { job: OTHER_JOBS.gpu, service, port: GPU_EXPORTER_PORT, serverName: service };
}

/** The same for a cluster's own Prometheus, which finds Services and pods by their labels. */
export function monitoredPorts(scraped: ScrapedService): Monitored[] {
  const { namespace, models, edgeHost, stores, archived, gpuNamespace, postgresCluster } = scraped;
  const host = (service: string) => `${service}.${namespace}.svc`;
  const of = (
    program: string,
    job: string,
    port: string,
    serverName = host(program),
  ): Monitored => ({
    ...{ name: job, namespace, of: "service", selector: selectorOf(program), port, job },
    ...{ serverName, authoritySecret: `tls-${program}` },
  });
  const pods = { namespace, of: "pods" } as const;
  return [
    of(GATEWAY, JOBS.gateway, "metrics"),
    ...(archived ? [of(GATEWAY, OTHER_JOBS.auditArchive, "archive")] : []),
    ...(scraped.restoreTested ? [of(RESTORE_TEST, OTHER_JOBS.restoreTest, "metrics")] : []),
    of("edge", JOBS.edge, "metrics", edgeHost),
    ...stores.map((store) => of(store, JOBS[store], "metrics")),
    ...models.map((model) => ({
      ...{ ...pods, name: modelService(model), port: "api", job: JOBS.modelServer },
      selector: selectorOf(MODEL_SERVER, { [MODEL_LABEL]: model }),
      ...{ serverName: host(modelService(model)), authoritySecret: "tls-model", labels: { model } },
    })),
    ...(postgresCluster === undefined
      ? []
      : [
          {
            ...{
              ...pods,
              name: postgresCluster,
              port: "metrics",
              job: OTHER_JOBS.postgresOperator,
            },
            selector: { [CLUSTER_LABEL]: postgresCluster },
            ...{ serverName: host("postgres"), authoritySecret: "tls-postgres" },
          },
        ]),
    ...(gpuNamespace === undefined ? [] : [gpuMonitor(gpuNamespace)]),
    ...scraped.simulatedGpus.map((model) => ({
      ...{ ...pods, name: `gpus-of-${modelService(model)}`, port: "api", job: OTHER_JOBS.gpu },
      selector: selectorOf(MODEL_SERVER, { [MODEL_LABEL]: model }),
      ...{ serverName: host(modelService(model)), authoritySecret: "tls-model" },
      path: SIMULATED_GPUS_PATH,
    })),
  ];
}

function gpuMonitor(namespace: string): Monitored {
  return {
    ...{ name: OTHER_JOBS.gpu, namespace, of: "service", selector: selectorOf(GPU_EXPORTER) },
    ...{ port: "metrics", serverName: `${GPU_METRICS}.${namespace}.svc`, job: OTHER_JOBS.gpu },
    authoritySecret: "tls-gpu-exporter",
  };
}
