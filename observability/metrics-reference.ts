/** docs/metrics.md from the catalogue: a table per program. Pure. */
import { type Component, type Metric, TARGET_LABELS } from "./catalogue/metric.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";

/** Every program, and whether this package deploys it. */
const PROGRAMS: Readonly<Record<Component, string>> = {
  gateway: "The gateway. Scraped at port 9464.",
  vllm: "Model servers: vLLM, and the simulator under the same names.",
  "dcgm-exporter": "NVIDIA's exporter on nodes with GPUs.",
  "edge-exporter": "nginx' exporter, beside the edge.",
  "redis-exporter": "Redis' exporter, beside Redis.",
  "postgres-exporter": "PostgreSQL's exporter, beside PostgreSQL.",
  "cloudnative-pg": "PostgreSQL under the operator CloudNativePG. Not deployed by this package.",
  "blackbox-exporter": "Asks addresses from outside. Not deployed by this package.",
  "node-exporter": "Of each node. Not deployed by this package.",
  "kube-state-metrics": "Of Kubernetes' objects. Not deployed by this package.",
  kubelet: "Of volumes. Scraped where Prometheus has the right to ask kubelets.",
  keda: "The operator that scales models. Not deployed by this package.",
  prometheus: "Prometheus itself, and what it writes for every target.",
  alertmanager: "Alertmanager itself.",
  "audit-archive": "The archiver of the audit trail, beside each gateway. Scraped at port 9465.",
  "alert-relay": "The relay of alerts, where a channel needs it. Scraped at port 9466.",
  "restore-test": "The test of restores, where backups are the operator's. Scraped at port 9467.",
  "gpu-check":
    "`npm run gpu-check -- --textfile FILE.prom`, as a node exporter reads it. Not deployed by this package.",
  collector: "The OpenTelemetry Collector and its agents on the nodes. Scraped at port 8888.",
};

export function metricsReference(): string {
  return Object.entries(PROGRAMS)
    .map(([component, about]) => section(component as Component, about))
    .join("\n\n");
}

function section(component: Component, about: string): string {
  const metrics = METRIC_CATALOGUE.filter((metric) => metric.component === component);
  const target = TARGET_LABELS[component].map((label) => `\`${label}\``).join(", ");
  return [
    `### ${component}`,
    "",
    `${about} Labels of the target: ${target}.`,
    "",
    "| metric | type | unit | labels | versions | meaning |",
    "| --- | --- | --- | --- | --- | --- |",
    ...metrics.map(row),
  ].join("\n");
}

function row({ name, type, unit, labels, since, until, meaning }: Metric): string {
  const own = labels.length === 0 ? "–" : labels.map((label) => `\`${label}\``).join(" ");
  const versions = until === undefined ? `since ${since}` : `${since} to before ${until}`;
  return `| \`${name}\` | ${type} | ${unit} | ${own} | ${versions} | ${meaning} |`;
}
