/** What Prometheus scrapes, from the programs that run. */
import { JOBS, OTHER_JOBS } from "../observability/metrics.ts";
import type { ScrapeJob } from "../observability/prometheus-files.ts";
import { METRICS_PORTS, metricsServiceName } from "./exporters.ts";
import { GATEWAY, GATEWAY_METRICS, GATEWAY_PORTS } from "./gateway.ts";
import { ARCHIVE_PORT } from "./gateway-archive.ts";
import { GPU_EXPORTER_PORT } from "./serving/gpu-daemons.ts";
import { GPU_METRICS } from "./serving/gpu-runtime.ts";
import { MODEL_PORT, modelService } from "./serving/model-component.ts";

export const MODEL_SERVER_JOB = JOBS.modelServer;

export interface ScrapedService {
  readonly namespace: string;
  readonly models: readonly string[];
  /** A name in the edge's certificate, which has only those its callers use. */
  readonly edgeHost: string;
  /** Those that run as pods of ours, with an exporter beside them. */
  readonly stores: readonly ("redis" | "postgres")[];
  /** An archiver of the audit trail runs beside each gateway, with its certificate. */
  readonly archived: boolean;
  /** Where our exporters of GPUs run; undefined: there are none. */
  readonly gpuNamespace?: string | undefined;
}

export function scrapeJobs(scraped: ScrapedService): ScrapeJob[] {
  const { namespace, models, edgeHost, stores, archived, gpuNamespace } = scraped;
  const host = (service: string) => `${service}.${namespace}.svc`;
  const gateways = { service: host(GATEWAY_METRICS), serverName: host(GATEWAY) };
  return [
    { job: JOBS.gateway, port: GATEWAY_PORTS.metrics, ...gateways },
    ...(archived ? [{ job: OTHER_JOBS.auditArchive, port: ARCHIVE_PORT, ...gateways }] : []),
    ...models.map((model) => ({
      job: JOBS.modelServer,
      service: host(`${modelService(model)}-metrics`),
      port: MODEL_PORT,
      serverName: host(modelService(model)),
      labels: { model },
    })),
    ...(["edge", ...stores] as const).map((program) => ({
      job: JOBS[program],
      service: host(metricsServiceName(program)),
      port: METRICS_PORTS[program],
      serverName: program === "edge" ? edgeHost : host(program),
    })),
    ...(gpuNamespace === undefined ? [] : [gpuJob(`${GPU_METRICS}.${gpuNamespace}.svc`)]),
  ];
}

function gpuJob(service: string): ScrapeJob {
  return { job: OTHER_JOBS.gpu, service, port: GPU_EXPORTER_PORT, serverName: service };
}
