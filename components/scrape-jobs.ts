/** What Prometheus scrapes, from the programs that run. */
import { COLLECTOR_PORTS } from "../observability/collector/configuration.ts";
import { JOBS, OTHER_JOBS } from "../observability/jobs.ts";
import type { Monitored } from "../observability/operator-objects.ts";
import type { ScrapeJob } from "../observability/prometheus-files.ts";
import { ALERT_RELAY, ALERT_RELAY_METRICS, ALERT_RELAY_PORTS } from "./alert-relay.ts";
import { COLLECTOR, COLLECTOR_METRICS } from "./collector.ts";
import { type Labels, selectorOf } from "./component.ts";
import { METRICS_PORTS, metricsServiceName } from "./exporters.ts";
import { GATEWAY, GATEWAY_METRICS, GATEWAY_PORTS } from "./gateway.ts";
import { ARCHIVE_PORT } from "./gateway-archive.ts";
import { LOG_AGENT, LOG_AGENT_METRICS } from "./log-agent.ts";
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

/** Of every sample that NVIDIA's exporter tells, and of no other. */
const GPU_PREFIX = "DCGM_";

type GpuExporters = NonNullable<ScrapedService["gpus"]>;

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
  /** Exporters of GPUs: ours, or an operator's, whose pods have labels of their own; undefined: none is scraped. */
  readonly gpus?: { readonly namespace: string; readonly pods?: Labels | undefined } | undefined;
  /** Models whose simulated servers tell of simulated GPUs. */
  readonly simulatedGpus: readonly string[];
}

export function scrapeJobs(scraped: ScrapedService): ScrapeJob[] {
  const { namespace, models, edgeHost, stores, archived, gpus } = scraped;
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
    ...(gpus === undefined ? [] : [gpuJob(gpus)]),
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

function gpuJob({ namespace, pods }: GpuExporters): ScrapeJob {
  const service = `${GPU_METRICS}.${namespace}.svc`;
  const trust = pods === undefined ? { serverName: service } : { plain: GPU_PREFIX };
  return { job: OTHER_JOBS.gpu, service, port: GPU_EXPORTER_PORT, ...trust };
}

/** Programs of ours behind a Service that has their label. */
function monitorOf(
  namespace: string,
  program: string,
  job: string,
  port = "metrics",
  service = program,
): Extract<Monitored, { serverName: string }> {
  return {
    ...{ name: job, namespace, of: "service", selector: selectorOf(program), port, job },
    ...{ serverName: `${service}.${namespace}.svc`, authoritySecret: `tls-${program}` },
  };
}

/** The same for a cluster's own Prometheus, which finds Services and pods by their labels. */
export function monitoredPorts(scraped: ScrapedService): Monitored[] {
  const { namespace, models, edgeHost, stores, archived, gpus, postgresCluster } = scraped;
  const host = (service: string) => `${service}.${namespace}.svc`;
  const of = (program: string, job: string, port: string) =>
    monitorOf(namespace, program, job, port);
  const pods = { namespace, of: "pods" } as const;
  return [
    of(GATEWAY, JOBS.gateway, "metrics"),
    ...(archived ? [of(GATEWAY, OTHER_JOBS.auditArchive, "archive")] : []),
    ...(scraped.restoreTested ? [of(RESTORE_TEST, OTHER_JOBS.restoreTest, "metrics")] : []),
    { ...of("edge", JOBS.edge, "metrics"), serverName: edgeHost },
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
    ...collectorMonitors(scraped),
    ...relayMonitors(scraped),
    ...(gpus === undefined ? [] : [gpuMonitor(gpus)]),
    ...scraped.simulatedGpus.map((model) => ({
      ...{ ...pods, name: `gpus-of-${modelService(model)}`, port: "api", job: OTHER_JOBS.gpu },
      selector: selectorOf(MODEL_SERVER, { [MODEL_LABEL]: model }),
      ...{ serverName: host(modelService(model)), authoritySecret: "tls-model" },
      path: SIMULATED_GPUS_PATH,
    })),
  ];
}

function collectorMonitors({ collectorNamespace, agentNamespace }: ScrapedService): Monitored[] {
  return [
    ...(collectorNamespace === undefined
      ? []
      : [monitorOf(collectorNamespace, COLLECTOR, OTHER_JOBS.collector)]),
    ...(agentNamespace === undefined
      ? []
      : [monitorOf(agentNamespace, LOG_AGENT, OTHER_JOBS.logAgent, "metrics", LOG_AGENT_METRICS)]),
  ];
}

function relayMonitors({ relayNamespace }: ScrapedService): Monitored[] {
  if (relayNamespace === undefined) return [];
  return [monitorOf(relayNamespace, ALERT_RELAY, OTHER_JOBS.alertRelay)];
}

function gpuMonitor({ namespace, pods }: GpuExporters): Monitored {
  const serverName = `${GPU_METRICS}.${namespace}.svc`;
  const [job, port] = [OTHER_JOBS.gpu, "metrics"];
  const place = {
    name: job,
    namespace,
    of: "service",
    selector: selectorOf(GPU_EXPORTER),
  } as const;
  if (pods !== undefined) return { ...place, port, job, plain: GPU_PREFIX };
  return { ...place, port, job, serverName, authoritySecret: "tls-gpu-exporter" };
}
