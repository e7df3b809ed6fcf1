/** What Prometheus scrapes, from the programs that run. */
import { JOBS } from "../observability/metrics.ts";
import type { ScrapeJob } from "../observability/prometheus-files.ts";
import { METRICS_PORTS, metricsServiceName } from "./exporters.ts";
import { GATEWAY, GATEWAY_METRICS, GATEWAY_PORTS } from "./gateway.ts";
import { MODEL_PORT, modelService } from "./serving/model-component.ts";

export const MODEL_SERVER_JOB = JOBS.modelServer;

export interface ScrapedService {
  readonly namespace: string;
  readonly models: readonly string[];
  /** A name in the edge's certificate, which has only those its callers use. */
  readonly edgeHost: string;
  /** Those that run as pods of ours, with an exporter beside them. */
  readonly stores: readonly ("redis" | "postgres")[];
}

export function scrapeJobs({ namespace, models, edgeHost, stores }: ScrapedService): ScrapeJob[] {
  const host = (service: string) => `${service}.${namespace}.svc`;
  return [
    {
      job: JOBS.gateway,
      service: host(GATEWAY_METRICS),
      port: GATEWAY_PORTS.metrics,
      serverName: host(GATEWAY),
    },
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
  ];
}
