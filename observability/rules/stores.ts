/** Alerts about the ledger, Redis, PostgreSQL, backups and disks. */
import { type AlertRule, type RuleGroup, steady } from "./rule.ts";

const data = { owner: "data", dashboard: "stores" } as const;
const ledger = { ...data, subject: "ledger" } as const;
const redis = { ...data, subject: "redis" } as const;
const postgres = { ...data, subject: "postgres" } as const;
const backup = { ...data, subject: "backup", dashboard: "recovery" } as const;
const disk = { ...data, subject: "disk" } as const;
const VOLUME =
  "min_over_time(kubelet_volume_stats_available_bytes[3m]) / min_over_time(kubelet_volume_stats_capacity_bytes[3m])";

const ledgerAlerts: readonly AlertRule[] = [
  {
    ...ledger,
    alert: "LedgerRowsLost",
    expr: "increase(gateway_ledger_lost_total[10m]) > 0",
    severity: "critical",
    summary: "Usage was not recorded",
    description: "{{ $value | humanize }} rows of the ledger were lost by {{ $labels.instance }}.",
  },
  {
    ...ledger,
    alert: "LedgerBehind",
    expr: `max(${steady("gateway_ledger_queue_rows")}) > 1000`,
    for: "5m",
    severity: "error",
    summary: "The ledger is written late",
    description: "{{ $value }} rows wait in a gateway: PostgreSQL is slow or away.",
  },
  {
    // What a replica of the ledger may miss anyway (components/sizing/recovery.ts).
    ...ledger,
    alert: "LedgerLate",
    expr: `max by (instance) (${steady("gateway_ledger_lag_seconds")}) > 300`,
    for: "5m",
    severity: "error",
    summary: "The ledger lags",
    description: "The oldest row in {{ $labels.instance }} is {{ $value | humanizeDuration }} old.",
  },
  {
    // Of 256 MiB that a gateway keeps before it refuses calls (gateway-image/src/limits.ts).
    ...ledger,
    alert: "LedgerLogNearlyFull",
    expr: `max by (instance) (${steady("gateway_write_ahead_bytes")}) > 201326592`,
    for: "2m",
    severity: "critical",
    summary: "A gateway will soon refuse calls",
    description:
      "{{ $labels.instance }} owes {{ $value | humanize1024 }}B to the ledger, of 256 MiB at most.",
  },
  {
    ...ledger,
    alert: "DirectoryStoreFailing",
    expr: "sum(rate(gateway_directory_failures_total[5m])) > 0.1",
    for: "2m",
    severity: "error",
    summary: "Keys and tenants cannot be read",
    description:
      "{{ $value | humanize }} failures a second: changes of administrators take no effect.",
  },
];

const redisAlerts: readonly AlertRule[] = [
  {
    ...redis,
    alert: "RedisAway",
    job: "redis",
    expr: "absent(redis_up == 1)",
    for: "1m",
    severity: "critical",
    summary: "Redis does not answer",
    description: "Quotas cannot be counted, so calls are refused.",
  },
  {
    ...redis,
    alert: "QuotaStoreFailing",
    expr: "sum(rate(gateway_quota_store_failures_total[5m])) > 0.1",
    for: "2m",
    severity: "error",
    summary: "Redis fails, so calls are refused",
    description: "{{ $value | humanize }} failures a second.",
  },
  {
    ...redis,
    alert: "RedisMemoryNearlyFull",
    job: "redis",
    expr: `max(${steady("redis_memory_used_bytes")}) / max(${steady("redis_memory_max_bytes")} > 0) > 0.9`,
    for: "5m",
    severity: "warning",
    summary: "Redis' memory is nearly full",
    description:
      "{{ $value | humanizePercentage }} in use. Nothing is dropped to make room: at the end calls are refused.",
  },
  {
    // Whoever dropped a count would give a quota twice; Redis is told never to.
    ...redis,
    alert: "RedisDropsCounts",
    job: "redis",
    expr: "increase(redis_evicted_keys_total[10m]) > 0",
    severity: "error",
    summary: "Redis dropped keys to make room",
    description: "{{ $value | humanize }} keys: quotas may have been given twice.",
  },
  {
    ...redis,
    alert: "RedisDiskFails",
    job: "redis",
    expr: "max_over_time(redis_aof_last_write_status[3m]) == 0",
    for: "1m",
    severity: "error",
    summary: "Redis cannot write to its disk",
    description: "What it counts would be gone with its next restart.",
  },
  {
    ...redis,
    alert: "RedisReplicaCutOff",
    job: "redis",
    expr: "max_over_time(redis_master_link_up[3m]) == 0",
    for: "2m",
    severity: "error",
    summary: "A replica of Redis does not hear its primary",
    description: "{{ $labels.instance }}: a change of the primary would lose counts.",
  },
];

const redisReplicaAlerts: readonly AlertRule[] = [
  {
    // A replica is heard of every second; what it has not acknowledged a change of the primary loses.
    ...redis,
    alert: "RedisReplicaLate",
    job: "redis",
    expr: `max by (slave_ip) (${steady("redis_connected_slave_lag_seconds")}) > 10`,
    for: "2m",
    severity: "warning",
    summary: "A replica of Redis lags",
    description:
      "{{ $labels.slave_ip }} was last heard of {{ $value | humanizeDuration }} ago: so many counts a change of the primary would lose.",
  },
];

const postgresAlerts: readonly AlertRule[] = [
  {
    ...postgres,
    alert: "PostgresAway",
    job: "postgres",
    expr: "absent(pg_up == 1)",
    for: "2m",
    severity: "critical",
    summary: "PostgreSQL does not answer",
    description: "Usage waits in the gateways' memory until it is back.",
  },
  {
    ...postgres,
    alert: "PostgresConnectionsNearlyUsedUp",
    job: "postgres",
    expr: `sum(${steady("pg_stat_activity_count")}) / max(${steady("pg_settings_max_connections")}) > 0.8`,
    for: "5m",
    severity: "warning",
    summary: "PostgreSQL's connections are nearly used up",
    description: "{{ $value | humanizePercentage }} in use: gateways will wait for the ledger.",
  },
  {
    ...postgres,
    alert: "PostgresArchiveFails",
    job: "postgres",
    expr: "increase(pg_stat_archiver_failed_count[15m]) > 0",
    for: "5m",
    severity: "error",
    summary: "PostgreSQL's log is not archived",
    description:
      "{{ $value | humanize }} files in 15 minutes: what is written now is in no backup.",
  },
  {
    ...postgres,
    dashboard: "recovery",
    alert: "PostgresReplicaLate",
    job: "cloudnative-pg",
    expr: `max by (namespace, pod) (${steady("cnpg_pg_replication_lag")}) > 300`,
    for: "5m",
    severity: "error",
    summary: "A replica of PostgreSQL lags",
    description:
      "{{ $labels.pod }} is {{ $value | humanizeDuration }} behind: so much would be lost.",
  },
  {
    // A day, and two hours for a backup that takes its time. One that never was has the age of 1970.
    ...backup,
    alert: "BackupOld",
    job: "cloudnative-pg",
    expr:
      "time() - max by (namespace)" +
      " (max_over_time(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp[3m])) > 93600",
    for: "10m",
    severity: "error",
    summary: "There is no fresh backup of the ledger",
    description: "The last one that can be restored is {{ $value | humanizeDuration }} old.",
  },
];

const restoreAlerts: readonly AlertRule[] = [
  {
    ...backup,
    alert: "RestoreTestFailed",
    job: "restore-test",
    expr: "min by (instance) (max_over_time(restore_test_last_run_success[3m])) == 0",
    for: "5m",
    severity: "error",
    summary: "A backup of the ledger could not be restored",
    description:
      "The last test of {{ $labels.instance }} failed: a disaster now may cost the ledger.",
  },
  {
    // A day beyond its time: one that failed is tried four times in it (tools/restore-test/tester.ts).
    ...backup,
    alert: "RestoreTestLate",
    job: "restore-test",
    expr:
      "time() - max by (instance)" +
      " (max_over_time(restore_test_last_success_timestamp_seconds[3m]))" +
      " > 86400 + max by (instance) (max_over_time(restore_test_interval_seconds[3m]))",
    for: "10m",
    severity: "error",
    summary: "No restore of the ledger's backups has succeeded in its time",
    description:
      "The last good one of {{ $labels.instance }} is {{ $value | humanizeDuration }} old.",
  },
];

const diskAlerts: readonly AlertRule[] = [
  {
    ...disk,
    alert: "VolumeNearlyFull",
    job: "kubelet",
    expr: `${VOLUME} < 0.15`,
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.persistentvolumeclaim }} is nearly full",
    description: "{{ $value | humanizePercentage }} are left.",
  },
  {
    ...disk,
    alert: "VolumeFull",
    job: "kubelet",
    expr: `${VOLUME} < 0.05`,
    for: "2m",
    severity: "critical",
    summary: "{{ $labels.persistentvolumeclaim }} is full",
    description: "{{ $value | humanizePercentage }} are left: its program will stop writing.",
  },
  {
    ...disk,
    alert: "VolumeFillsUp",
    job: "kubelet",
    expr: "predict_linear(kubelet_volume_stats_available_bytes[6h], 86400) < 0",
    for: "30m",
    severity: "warning",
    summary: "{{ $labels.persistentvolumeclaim }} will be full within a day",
    description: "As it has been filling for six hours.",
  },
  {
    ...disk,
    owner: "platform",
    alert: "NodeDiskNearlyFull",
    job: "node-exporter",
    expr:
      'min_over_time(node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"}[3m])' +
      " / min_over_time(node_filesystem_size_bytes[3m]) < 0.1",
    for: "10m",
    severity: "error",
    summary: "A node's disk is nearly full",
    description:
      "{{ $labels.mountpoint }} of {{ $labels.instance }}: {{ $value | humanizePercentage }} are left.",
  },
];

export const stores: RuleGroup = {
  name: "stores",
  rules: [
    ...ledgerAlerts,
    ...redisAlerts,
    ...redisReplicaAlerts,
    ...postgresAlerts,
    ...restoreAlerts,
    ...diskAlerts,
  ],
};
