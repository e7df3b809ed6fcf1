/** The exporters beside nginx, Redis and PostgreSQL in the versions that Debian has. Pure data. */
import { type Metric, metricsOf } from "./metric.ts";

const EDGE = metricsOf("edge-exporter", "0.11", [
  ["nginx_up", "gauge", "none", "", "1: nginx answers its exporter."],
  ["nginx_http_requests_total", "counter", "requests", "", "Requests."],
  ["nginx_connections_active", "gauge", "connections", "", "Open connections."],
  ["nginx_connections_accepted", "counter", "connections", "", "Connections that were accepted."],
  ["nginx_connections_handled", "counter", "connections", "", "Those of them that were kept."],
  ["nginx_connections_waiting", "gauge", "connections", "", "Connections without a request."],
]);

const REDIS = metricsOf("redis-exporter", "1.45", [
  ["redis_up", "gauge", "none", "", "1: Redis answers its exporter."],
  ["redis_memory_used_bytes", "gauge", "bytes", "", "Memory in use."],
  ["redis_memory_max_bytes", "gauge", "bytes", "", "Memory that it may use; 0: without a bound."],
  ["redis_connected_clients", "gauge", "connections", "", "Clients."],
  ["redis_connected_slaves", "gauge", "replicas", "", "Replicas of this primary."],
  [
    "redis_connected_slave_lag_seconds",
    "gauge",
    "seconds",
    "slave_ip slave_port slave_state",
    "How long ago a replica was heard of.",
  ],
  [
    "redis_master_link_up",
    "gauge",
    "none",
    "master_host master_port",
    "1: this replica hears its primary.",
  ],
  ["redis_commands_processed_total", "counter", "commands", "", "Commands."],
  ["redis_rejected_connections_total", "counter", "connections", "", "Connections refused."],
  ["redis_evicted_keys_total", "counter", "keys", "", "Keys dropped to make room."],
  ["redis_aof_last_write_status", "gauge", "none", "", "1: the last write of its log went well."],
  ["redis_rdb_last_bgsave_status", "gauge", "none", "", "1: the last snapshot went well."],
]);

const POSTGRES = metricsOf("postgres-exporter", "0.11", [
  ["pg_up", "gauge", "none", "", "1: PostgreSQL answers its exporter."],
  [
    "pg_stat_activity_count",
    "gauge",
    "connections",
    "datname server state",
    "Connections by database and state.",
  ],
  ["pg_settings_max_connections", "gauge", "connections", "server", "Connections that it takes."],
  ["pg_database_size_bytes", "gauge", "bytes", "datname server", "Size of a database."],
  [
    "pg_stat_activity_max_tx_duration",
    "gauge",
    "seconds",
    "datname server state",
    "Age of the oldest transaction.",
  ],
  ["pg_stat_database_xact_commit", "counter", "transactions", "datid datname server", "Commits."],
  ["pg_stat_database_deadlocks", "counter", "deadlocks", "datid datname server", "Deadlocks."],
  [
    "pg_stat_archiver_failed_count",
    "counter",
    "files",
    "server",
    "Files of its log that could not be archived.",
  ],
  [
    "pg_stat_archiver_last_archive_age",
    "gauge",
    "seconds",
    "server",
    "Time since the last file of its log was archived.",
  ],
]);

/** Of PostgreSQL under the operator CloudNativePG, which exposes its own. */
const OPERATOR = metricsOf("cloudnative-pg", "1.22", [
  ["cnpg_collector_up", "gauge", "none", "cluster", "1: PostgreSQL is up."],
  ["cnpg_pg_replication_lag", "gauge", "seconds", "", "How far a replica is behind its primary."],
  // Of its default queries (config/manager/default-monitoring.yaml of its repository).
  [
    "cnpg_pg_stat_archiver_failed_count",
    "counter",
    "files",
    "",
    "Files of its log that could not be archived.",
  ],
  [
    "cnpg_pg_stat_archiver_seconds_since_last_archival",
    "gauge",
    "seconds",
    "",
    "Time since the last file of its log was archived; -1: none was.",
  ],
  // Of its plugin Barman Cloud; the operator's own names for the same stay at 0 with it.
  [
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
    "gauge",
    "seconds since 1970",
    "",
    "When the last backup that can be restored was made.",
  ],
  [
    "barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp",
    "gauge",
    "seconds since 1970",
    "",
    "When a backup last failed.",
  ],
]);

export const STORE_METRICS: readonly Metric[] = [...EDGE, ...REDIS, ...POSTGRES, ...OPERATOR];
