/** Scrape jobs that every site has; the label `job` of every sample. */
export const JOBS = {
  gateway: "gateway",
  modelServer: "model-server",
  edge: "edge",
  redis: "redis",
  postgres: "postgres",
  prometheus: "prometheus",
  alertmanager: "alertmanager",
} as const;

/**
 * Jobs that a site may have beside them. Rules about a job are rendered where it is scraped: by our own
 * Prometheus (GPUs), or by the one that a cluster brings.
 */
export const OTHER_JOBS = {
  gpu: "gpu",
  auditArchive: "audit-archive",
  alertRelay: "alert-relay",
  restoreTest: "restore-test",
  postgresOperator: "cloudnative-pg",
  addresses: "blackbox",
  nodes: "node-exporter",
  objects: "kube-state-metrics",
  volumes: "kubelet",
  scaler: "keda",
  collector: "collector",
  logAgent: "log-agent",
} as const;
