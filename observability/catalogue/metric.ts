/**
 * One metric of the catalogue: what it is called on the wire, what it counts, and who exposes it from
 * which version on. Rules, dashboards and autoscaling may use nothing else. Pure.
 */
export type MetricType = "counter" | "gauge" | "histogram" | "summary" | "untyped";

export type Component =
  | "gateway"
  | "vllm"
  | "dcgm-exporter"
  | "edge-exporter"
  | "redis-exporter"
  | "postgres-exporter"
  | "cloudnative-pg"
  | "blackbox-exporter"
  | "node-exporter"
  | "kube-state-metrics"
  | "kubelet"
  | "keda"
  | "prometheus"
  | "alertmanager"
  | "audit-archive"
  | "alert-relay"
  | "restore-test"
  | "gpu-check"
  | "collector";

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  /** Of the exposing program; those of the target (`TARGET_LABELS`) come on top. */
  readonly labels: readonly string[];
  readonly component: Component;
  readonly since: string;
  /** The version from which on it is gone, or no longer there by default. */
  readonly until?: string;
  readonly meaning: string;
}

/** What Prometheus itself writes on every sample of a scraped target. */
const SCRAPED = ["job", "instance"];
/** Where Kubernetes' own discovery finds the targets, as operators set it up, these come, too. */
const DISCOVERED = [...SCRAPED, "namespace", "pod"];

export const TARGET_LABELS: Readonly<Record<Component, readonly string[]>> = {
  gateway: SCRAPED,
  // The scrape job of a model says which (components/scrape-jobs.ts).
  vllm: [...SCRAPED, "model"],
  "dcgm-exporter": SCRAPED,
  "edge-exporter": SCRAPED,
  "redis-exporter": SCRAPED,
  "postgres-exporter": SCRAPED,
  "cloudnative-pg": DISCOVERED,
  "blackbox-exporter": SCRAPED,
  "node-exporter": SCRAPED,
  "kube-state-metrics": SCRAPED,
  kubelet: SCRAPED,
  keda: SCRAPED,
  prometheus: SCRAPED,
  alertmanager: SCRAPED,
  "audit-archive": SCRAPED,
  "alert-relay": SCRAPED,
  "restore-test": SCRAPED,
  // Its file is read by the node exporter.
  "gpu-check": SCRAPED,
  collector: SCRAPED,
};

export type Row = readonly [
  name: string,
  type: MetricType,
  unit: string,
  labels: string,
  meaning: string,
  versions?: { readonly since?: string; readonly until?: string },
];

/** Rows of one component; labels stand in one text, with blanks between. */
export function metricsOf(component: Component, since: string, rows: readonly Row[]): Metric[] {
  return rows.map(([name, type, unit, labels, meaning, versions]) => ({
    name,
    type,
    unit,
    labels: labels === "" ? [] : labels.split(" "),
    component,
    meaning,
    since,
    ...versions,
  }));
}
