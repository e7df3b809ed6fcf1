/** Every metric that rules, dashboards and autoscaling may speak of. Pure data. */
import { COLLECTOR_METRICS } from "./catalogue/collector.ts";
import { GATEWAY_METRICS } from "./catalogue/gateway.ts";
import { GPU_METRICS } from "./catalogue/gpu.ts";
import type { Metric } from "./catalogue/metric.ts";
import { MODEL_SERVER_METRICS, SIMULATOR_METRICS } from "./catalogue/model-servers.ts";
import { PLATFORM_METRICS } from "./catalogue/platform.ts";
import { SIDECAR_METRICS } from "./catalogue/sidecars.ts";
import { STORE_METRICS } from "./catalogue/stores.ts";

export const METRIC_CATALOGUE: readonly Metric[] = [
  ...GATEWAY_METRICS,
  ...MODEL_SERVER_METRICS,
  ...SIMULATOR_METRICS,
  ...GPU_METRICS,
  ...STORE_METRICS,
  ...PLATFORM_METRICS,
  ...SIDECAR_METRICS,
  ...COLLECTOR_METRICS,
];
