/** Worlds of the alerts about what is kept elsewhere, and about keys. */
import { counter, gauge, going, type Proof } from "./test-proof.ts";
import { ends } from "./test-stores.ts";

const gateway = 'job="gateway", instance="g"';
const ofInstance = { labels: { instance: "g" } };
const redis = 'job="redis", instance="r"';
const restores = 'job="restore-test", instance="g"';
const WEEK = 604_800;
const EIGHT_DAYS = 691_200;
const prometheus = 'job="prometheus", instance="p"';
const remote = `remote_name="r", url="https://r", ${prometheus}`;
const events = (name: string, labels: string) =>
  counter(`${name}{${labels}}`, { calm: 0, trouble: 1, edge: 0 });

export const KEPT_PROOFS: readonly Proof[] = [
  {
    alert: "AuditArchiveLate",
    series: [
      gauge('audit_archive_late_days{job="audit-archive", instance="g"}', { calm: 0, trouble: 1 }),
    ],
    fires: 8,
    ...ofInstance,
  },
  {
    alert: "RestoreTestFailed",
    series: [gauge(`restore_test_last_run_success{${restores}}`, { calm: 1, trouble: 0 })],
    fires: 8,
    ...ofInstance,
  },
  {
    alert: "RestoreTestLate",
    series: [
      gauge(`restore_test_last_success_timestamp_seconds{${restores}}`, {
        calm: (minute) => minute * 60 - 3_600,
        trouble: (minute) => minute * 60 - 1.1 * EIGHT_DAYS,
        edge: (minute) => minute * 60 - EIGHT_DAYS,
      }),
      gauge(`restore_test_interval_seconds{${restores}}`, { calm: WEEK, trouble: WEEK }),
    ],
    fires: 13,
    ...ofInstance,
  },
  {
    alert: "KeyExpires",
    series: [
      gauge(`gateway_keys_expiring{kind="api_key", ${gateway}}`, { calm: 0, trouble: 1, edge: 0 }),
    ],
    fires: 13,
    labels: { kind: "api_key" },
  },
  {
    alert: "KeyExpiresNow",
    series: [ends(`gateway_key_earliest_end_seconds{kind="api_key", ${gateway}}`, 3)],
    fires: 13,
    labels: { kind: "api_key" },
  },
  {
    alert: "RedisReplicaLate",
    series: [
      gauge(
        `redis_connected_slave_lag_seconds{slave_ip="i", slave_port="1", slave_state="online", ${redis}}`,
        { calm: 0, trouble: 11, edge: 10 },
      ),
    ],
    fires: 5,
    labels: { slave_ip: "i" },
  },
  {
    alert: "SamplesGoEarly",
    series: [events("prometheus_tsdb_size_retentions_total", prometheus)],
    fires: 0,
    labels: { job: "prometheus", instance: "p" },
  },
  {
    alert: "RemoteWriteBehind",
    series: [
      gauge(`prometheus_remote_storage_queue_highest_sent_timestamp_seconds{${remote}}`, {
        calm: (minute) => minute * 60 - 5,
        trouble: (minute) => minute * 60 - 330,
        edge: (minute) => minute * 60 - 300,
      }),
    ],
    fires: 13,
    labels: { remote_name: "r" },
    also: [
      {
        ...{ name: "fires where nothing was ever sent", minutes: 20, fires: true },
        series: [going("gauge", `prometheus_remote_storage_samples_pending{${remote}}`, 100)],
      },
    ],
  },
  {
    alert: "RemoteWriteLosesSamples",
    series: [events("prometheus_remote_storage_samples_failed_total", remote)],
    fires: 5,
    labels: { remote_name: "r" },
  },
];
