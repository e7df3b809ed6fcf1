/** What Prometheus scrapes, from the programs that run. */
import { JOBS } from "../observability/metrics.ts";
import type { ScrapeJob } from "../observability/prometheus-files.ts";
import { GATEWAY, GATEWAY_METRICS, GATEWAY_PORTS } from "./gateway.ts";
import { MODEL_PORT, modelService } from "./model-server.ts";

export function scrapeJobs(namespace: string, models: readonly string[]): ScrapeJob[] {
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
  ];
}
