/** Worlds of the alerts about stores, records and the watching itself. */
import { countedOn, counter, gauge, type Proof, type Series } from "./test-proof.ts";

const gateway = 'job="gateway", instance="g"';
const ofInstance = { labels: { instance: "g" } };
const ofGateway = { labels: { job: "gateway", instance: "g" } };
const DAY = 86_400;
const MIB = 1_048_576;
const CALLS = `api_requests_total{endpoint="/", model="m", status="success", code="200", user="u", ${gateway}}`;

const redis = 'job="redis", instance="r"';
const postgres = 'job="postgres", instance="p"';
const volume = 'namespace="d", persistentvolumeclaim="data", job="kubelet"';
const memory = 'device="m", fstype="tmpfs", mountpoint="/m", job="node-exporter", instance="n"';
const node = 'device="/dev/a", fstype="ext4", mountpoint="/", job="node-exporter", instance="n"';
const events = (name: string, labels: string) =>
  counter(`${name}{${labels}}`, { calm: 0, trouble: 1, edge: 0 });
const fails = (name: string, labels: string) =>
  gauge(`${name}{${labels}}`, { calm: 1, trouble: 0 });

/** Of a volume of 100 a share is left. */
function left(kind: string, labels: string, size: string, edge: number): Series[] {
  return [
    gauge(`${kind}{${labels}}`, { calm: 60, trouble: edge * 0.9, edge }),
    gauge(`${size}{${labels}}`, { calm: 100, trouble: 100 }),
  ];
}

const kubelet = (edge: number) =>
  left("kubelet_volume_stats_available_bytes", volume, "kubelet_volume_stats_capacity_bytes", edge);
const ofVolume = { labels: { namespace: "d", persistentvolumeclaim: "data", job: "kubelet" } };

/** When something ends, in seconds from now; promtool's time begins at nought. */
export function ends(name: string, days: number): Series {
  return gauge(name, {
    calm: (minute) => minute * 60 + 90 * DAY,
    trouble: (minute) => minute * 60 + days * DAY * 0.9,
    edge: (minute) => minute * 60 + days * DAY,
  });
}

const STORES: readonly Proof[] = [
  {
    alert: "LedgerRowsLost",
    series: [events("gateway_ledger_lost_total", gateway)],
    fires: 0,
    ...ofGateway,
  },
  {
    alert: "LedgerBehind",
    series: [
      gauge(`gateway_ledger_queue_rows{${gateway}}`, { calm: 3, trouble: 1_100, edge: 1_000 }),
    ],
    fires: 8,
  },
  {
    alert: "LedgerLate",
    series: [gauge(`gateway_ledger_lag_seconds{${gateway}}`, { calm: 1, trouble: 330, edge: 300 })],
    fires: 8,
    ...ofInstance,
  },
  {
    alert: "LedgerLogNearlyFull",
    series: [
      gauge(`gateway_write_ahead_bytes{${gateway}}`, {
        calm: MIB,
        trouble: 200 * MIB,
        edge: 192 * MIB,
      }),
    ],
    fires: 5,
    ...ofInstance,
  },
  {
    alert: "DirectoryStoreFailing",
    series: [
      counter(`gateway_directory_failures_total{${gateway}}`, { calm: 0, trouble: 6.6, edge: 6 }),
    ],
    fires: 6,
  },
  { alert: "RedisAway", series: [fails("redis_up", redis)], fires: 1, absence: true },
  {
    alert: "QuotaStoreFailing",
    series: [
      counter(`gateway_quota_store_failures_total{${gateway}}`, { calm: 0, trouble: 6.6, edge: 6 }),
    ],
    fires: 6,
  },
  {
    alert: "RedisMemoryNearlyFull",
    series: [
      gauge(`redis_memory_used_bytes{${redis}}`, { calm: 50, trouble: 92, edge: 90, few: 92 }),
      // Without a bound it is never nearly full.
      gauge(`redis_memory_max_bytes{${redis}}`, { calm: 100, trouble: 100, few: 0 }),
    ],
    fires: 8,
    few: true,
  },
  {
    alert: "RedisDropsCounts",
    series: [events("redis_evicted_keys_total", redis)],
    fires: 0,
    labels: { job: "redis", instance: "r" },
  },
  {
    alert: "RedisDiskFails",
    series: [fails("redis_aof_last_write_status", redis)],
    fires: 4,
    labels: { job: "redis", instance: "r" },
  },
  {
    alert: "RedisReplicaCutOff",
    series: [fails("redis_master_link_up", redis)],
    fires: 5,
    labels: { job: "redis", instance: "r" },
  },
  { alert: "PostgresAway", series: [fails("pg_up", postgres)], fires: 2, absence: true },
  {
    alert: "PostgresConnectionsNearlyUsedUp",
    series: [
      ...["active", "idle"].map((state) =>
        gauge(`pg_stat_activity_count{${postgres}, state="${state}"}`, {
          calm: 10,
          trouble: 42,
          edge: 40,
        }),
      ),
      gauge(`pg_settings_max_connections{${postgres}}`, { calm: 100, trouble: 100 }),
    ],
    fires: 8,
  },
  {
    alert: "PostgresArchiveFails",
    series: [events("pg_stat_archiver_failed_count", postgres)],
    fires: 5,
    labels: { job: "postgres", instance: "p" },
  },
  {
    alert: "PostgresReplicaLate",
    series: [
      gauge('cnpg_pg_replication_lag{namespace="d", pod="p"}', {
        calm: 1,
        trouble: 330,
        edge: 300,
      }),
    ],
    fires: 8,
    labels: { namespace: "d", pod: "p" },
  },
  {
    alert: "BackupOld",
    series: [
      gauge(
        'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{namespace="d", pod="p"}',
        {
          calm: (minute) => minute * 60,
          trouble: (minute) => minute * 60 - 97_000,
          edge: (minute) => minute * 60 - 93_600,
        },
      ),
    ],
    fires: 13,
    labels: { namespace: "d" },
  },
  { alert: "VolumeNearlyFull", series: kubelet(15), fires: 10, ...ofVolume },
  { alert: "VolumeFull", series: kubelet(5), fires: 2, ...ofVolume },
  {
    alert: "VolumeFillsUp",
    series: [
      gauge(`kubelet_volume_stats_available_bytes{${volume}}`, {
        calm: 1e9,
        trouble: (minute) => 1e9 - 1e6 * minute,
        // At the end, minute 120, half a MB would be left a day later.
        edge: (minute) => 14.9e6 + 1e4 * (120 - minute),
      }),
    ],
    fires: 40,
    history: 30,
    step: 10,
    ...ofVolume,
  },
  {
    alert: "NodeDiskNearlyFull",
    series: [
      ...left("node_filesystem_avail_bytes", node, "node_filesystem_size_bytes", 10),
      ...["avail", "size"].map((what) => {
        const level = what === "avail" ? 1 : 100;
        return gauge(`node_filesystem_${what}_bytes{${memory}}`, { calm: level, trouble: level });
      }),
    ],
    fires: 10,
    labels: {
      ...{ device: "/dev/a", fstype: "ext4", mountpoint: "/" },
      ...{ job: "node-exporter", instance: "n" },
    },
  },
];

const RECORDS: readonly Proof[] = [
  {
    alert: "AuditChainBroken",
    series: [gauge(`gateway_audit_chain_faults{${gateway}}`, { calm: 0, trouble: 1 })],
    fires: 0,
    ...ofInstance,
  },
  {
    alert: "AuditEventsLost",
    series: [events("gateway_audit_lost_total", gateway)],
    fires: 0,
    ...ofGateway,
  },
  {
    alert: "AuditLate",
    series: [gauge(`gateway_audit_lag_seconds{${gateway}}`, { calm: 5, trouble: 130, edge: 120 })],
    fires: 5,
    ...ofInstance,
  },
  {
    alert: "AuditAnchorsFail",
    series: [events("gateway_audit_anchor_failures_total", gateway)],
    fires: 10,
    ...ofInstance,
  },
  {
    alert: "AuditSilent",
    series: [
      counter(`gateway_audit_events_total{outcome="success", ${gateway}}`, {
        calm: 30,
        trouble: 0,
        edge: 0.001,
        few: 0,
      }),
      counter(CALLS, { calm: 30, trouble: 3.3, edge: 30, few: 3 }),
    ],
    fires: 14,
    few: true,
  },
  {
    alert: "SpansLost",
    series: [events("gateway_spans_lost_total", gateway)],
    fires: 10,
  },
  {
    alert: "GatewayCertificateExpires",
    series: [ends(`gateway_certificate_expires_seconds{certificate="server", ${gateway}}`, 21)],
    fires: 13,
    ...ofInstance,
  },
  {
    alert: "GatewayCertificateExpiresNow",
    series: [ends(`gateway_certificate_expires_seconds{certificate="server", ${gateway}}`, 3)],
    fires: 13,
    ...ofInstance,
  },
  {
    alert: "AddressCertificateExpires",
    series: [ends('probe_ssl_earliest_cert_expiry{job="blackbox", instance="a"}', 21)],
    fires: 13,
    labels: { instance: "a" },
  },
  {
    alert: "SettingsNotTaken",
    series: [
      counter(`gateway_reload_failures_total{file="keys", ${gateway}}`, {
        ...{ calm: null, trouble: 1, edge: null },
        ...{ few: null, idle: null },
      }),
    ],
    fires: 0,
    birth: true,
    labels: { file: "keys", job: "gateway", instance: "g" },
    also: countedOn(`gateway_reload_failures_total{file="keys", ${gateway}}`),
  },
];

const away = (alert: string, job: string, fires: number): Proof => ({
  alert,
  series: [
    fails("up", `job="${job}", instance="a"`),
    // One of two is no absence.
    gauge(`up{job="${job}", instance="b"}`, { calm: 1, trouble: 0, edge: 0 }),
  ],
  fires,
  absence: true,
});

/** Of a channel of the relay; `trouble` a minute when it does not take alerts. */
const relayed = (outcome: string, trouble: number, calm: number) =>
  counter(
    `alert_relay_notifications_total{channel="team", kind="wecom", outcome="${outcome}", job="alert-relay", instance="r"}`,
    { calm, trouble, idle: calm },
  );

const TARGETS: readonly Proof[] = [
  away("GatewayAway", "gateway", 1),
  away("ModelServersAway", "model-server", 2),
  away("EdgeAway", "edge", 1),
  away("AlertmanagerAway", "alertmanager", 5),
  away("AuditArchiveAway", "audit-archive", 5),
  away("AlertRelayAway", "alert-relay", 2),
  {
    alert: "AddressAway",
    series: [fails("probe_success", 'job="blackbox", instance="a"')],
    fires: 4,
    labels: { job: "blackbox", instance: "a" },
  },
  {
    alert: "TargetDown",
    series: [fails("up", 'job="edge", instance="e"')],
    fires: 5,
    labels: { job: "edge", instance: "e" },
  },
  {
    alert: "ScrapesFailOften",
    series: [
      gauge('up{job="edge", instance="e"}', {
        calm: 1,
        trouble: (minute) => minute % 2,
        edge: (minute) => (minute % 5 === 0 ? 0 : 1),
        few: 0,
      }),
    ],
    fires: 12,
    few: true,
    labels: { job: "edge", instance: "e" },
  },
  {
    alert: "AlertsNotDelivered",
    series: [
      events(
        "alertmanager_notifications_failed_total",
        'integration="webhook", job="alertmanager"',
      ),
    ],
    fires: 5,
    labels: { integration: "webhook" },
  },
  {
    alert: "AlertsNotRelayed",
    series: [relayed("late", 1, 0), relayed("delivered", 2, 2), relayed("stopped", 1, 1)],
    fires: 5,
    labels: { channel: "team", kind: "wecom" },
  },
  {
    alert: "AlertsDropped",
    series: [events("prometheus_notifications_dropped_total", 'job="prometheus"')],
    fires: 1,
    labels: { job: "prometheus" },
  },
  {
    alert: "RulesFail",
    series: [
      events("prometheus_rule_evaluation_failures_total", 'rule_group="r", job="prometheus"'),
    ],
    fires: 5,
    labels: { rule_group: "r" },
  },
  {
    alert: "RulesLate",
    series: [
      events("prometheus_rule_group_iterations_missed_total", 'rule_group="r", job="prometheus"'),
    ],
    fires: 10,
    labels: { rule_group: "r" },
  },
  {
    alert: "MonitoringSettingsRefused",
    series: [fails("prometheus_config_last_reload_successful", 'job="prometheus"')],
    fires: 8,
    labels: { job: "prometheus" },
  },
];

export const STORE_PROOFS: readonly Proof[] = [...STORES, ...RECORDS, ...TARGETS];
