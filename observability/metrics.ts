/**
 * Names of the metrics that rules and dashboards use, in one place. The gateway's are DECIDED with
 * it (gateway-image/README.md), the model servers' are vLLM's own.
 */
export const METRICS = {
  requests: "api_requests_total",
  duration: "api_request_duration_seconds",
  firstToken: "api_time_to_first_token_seconds",
  tokens: "api_token_usage_total",
  concurrent: "api_concurrent_requests",
  queue: "api_queue_length",
  ledgerRows: "gateway_ledger_queue_rows",
  ledgerLost: "gateway_ledger_lost_total",
  ledgerFailures: "gateway_ledger_write_failures_total",
  quotaStoreFailures: "gateway_quota_store_failures_total",
  upstreamFaults: "gateway_upstream_faults_total",
  reloadFailures: "gateway_reload_failures_total",
  modelWaiting: "vllm:num_requests_waiting",
  modelCache: "vllm:kv_cache_usage_perc",
} as const;

/** Made by the exporters beside nginx, Redis and PostgreSQL, under the names those give them. */
export const EXPORTER_METRICS = {
  redisUp: "redis_up",
  redisMemory: "redis_memory_used_bytes",
  redisMemoryMax: "redis_memory_max_bytes",
  postgresUp: "pg_up",
  postgresConnections: "pg_stat_activity_count",
  postgresConnectionsMax: "pg_settings_max_connections",
} as const;

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
