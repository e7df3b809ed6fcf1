/**
 * What the cluster and the monitoring itself expose. The exporters of nodes, of Kubernetes' objects,
 * of kubelets and of addresses are the cluster's own: this package deploys none of them, and rules
 * about them are rendered only where they are scraped. Pure data.
 */
import { type Metric, metricsOf } from "./metric.ts";

const SCRAPES = metricsOf("prometheus", "2.42", [
  ["up", "gauge", "none", "", "1: the target answered its last scrape. Of every target."],
  ["scrape_duration_seconds", "gauge", "seconds", "", "How long it took. Of every target."],
  [
    "scrape_samples_scraped",
    "gauge",
    "samples",
    "",
    "How many samples it brought. Of every target.",
  ],
  [
    "ALERTS",
    "gauge",
    "none",
    "alertname alertstate severity owner subject model",
    "1: this alert is pending or firing; with the labels of what it is about. Written by Prometheus.",
  ],
  [
    "ALERTS_FOR_STATE",
    "gauge",
    "seconds",
    "alertname severity owner subject model",
    "Since when that has been so, as Unix time. Written by Prometheus.",
  ],
]);

const PROMETHEUS = metricsOf("prometheus", "2.42", [
  [
    "prometheus_rule_evaluation_failures_total",
    "counter",
    "evaluations",
    "rule_group",
    "Rules that could not be evaluated.",
  ],
  [
    "prometheus_rule_group_iterations_missed_total",
    "counter",
    "evaluations",
    "rule_group",
    "Evaluations that were left out, since the one before took too long.",
  ],
  [
    "prometheus_notifications_dropped_total",
    "counter",
    "alerts",
    "",
    "Alerts that no Alertmanager took.",
  ],
  [
    "prometheus_notifications_alertmanagers_discovered",
    "gauge",
    "targets",
    "",
    "Alertmanagers that it knows.",
  ],
  [
    "prometheus_config_last_reload_successful",
    "gauge",
    "none",
    "",
    "0: the last configuration was refused.",
  ],
  ["prometheus_tsdb_head_series", "gauge", "series", "", "Series in memory."],
  ["prometheus_tsdb_storage_blocks_bytes", "gauge", "bytes", "", "Samples on the disk."],
  [
    "prometheus_tsdb_wal_corruptions_total",
    "counter",
    "faults",
    "",
    "Faults found in its log of samples.",
  ],
  ["prometheus_tsdb_head_samples_appended_total", "counter", "samples", "type", "Samples taken."],
  [
    "prometheus_tsdb_size_retentions_total",
    "counter",
    "deletions",
    "",
    "Times that samples went before their time, since they took too much of the disk.",
  ],
  ["prometheus_tsdb_compactions_failed_total", "counter", "compactions", "", "Failed ones."],
  [
    "prometheus_tsdb_lowest_timestamp_seconds",
    "gauge",
    "seconds since 1970",
    "",
    "The oldest sample.",
  ],
  [
    "prometheus_remote_storage_highest_timestamp_in_seconds",
    "gauge",
    "seconds since 1970",
    "",
    "The newest sample that is to be written elsewhere, too.",
  ],
  [
    "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
    "gauge",
    "seconds since 1970",
    "remote_name url",
    "The newest sample that was written there; absent until the first one.",
  ],
  [
    "prometheus_remote_storage_samples_pending",
    "gauge",
    "samples",
    "remote_name url",
    "Samples that wait to be written there.",
  ],
  [
    "prometheus_remote_storage_samples_failed_total",
    "counter",
    "samples",
    "remote_name url",
    "Samples that were refused there for good.",
  ],
  [
    "prometheus_remote_storage_samples_retried_total",
    "counter",
    "samples",
    "remote_name url",
    "Samples that were sent once more.",
  ],
  [
    "prometheus_remote_storage_samples_total",
    "counter",
    "samples",
    "remote_name url",
    "Samples that were sent.",
  ],
]);

const ALERTMANAGER = metricsOf("alertmanager", "0.25", [
  [
    "alertmanager_notifications_failed_total",
    "counter",
    "notifications",
    "integration",
    "Notifications that a channel did not take.",
  ],
  ["alertmanager_notifications_total", "counter", "notifications", "integration", "All of them."],
  ["alertmanager_alerts", "gauge", "alerts", "state", "Alerts that it holds."],
  ["alertmanager_alerts_received_total", "counter", "alerts", "status version", "Alerts it got."],
  ["alertmanager_silences", "gauge", "silences", "state", "Silences that people set."],
  [
    "alertmanager_config_last_reload_successful",
    "gauge",
    "none",
    "",
    "0: the last configuration was refused.",
  ],
]);

const ADDRESSES = metricsOf("blackbox-exporter", "0.23", [
  ["probe_success", "gauge", "none", "", "1: the address answered as it should."],
  ["probe_duration_seconds", "gauge", "seconds", "", "How long it took."],
  [
    "probe_ssl_earliest_cert_expiry",
    "gauge",
    "seconds since 1970",
    "",
    "When the first certificate of the chain expires.",
  ],
  ["probe_http_status_code", "gauge", "none", "", "Status of the answer."],
  [
    "probe_http_duration_seconds",
    "gauge",
    "seconds",
    "phase",
    "By part: resolve, connect, tls, processing, transfer.",
  ],
  ["probe_http_ssl", "gauge", "none", "", "1: the answer came over TLS."],
  ["probe_dns_lookup_time_seconds", "gauge", "seconds", "", "How long the name took."],
]);

const NODES = metricsOf("node-exporter", "1.5", [
  [
    "node_filesystem_avail_bytes",
    "gauge",
    "bytes",
    "device fstype mountpoint",
    "Room for programs.",
  ],
  ["node_filesystem_size_bytes", "gauge", "bytes", "device fstype mountpoint", "Size."],
  ["node_filesystem_readonly", "gauge", "none", "device fstype mountpoint", "1: read-only."],
  ["node_memory_MemAvailable_bytes", "gauge", "bytes", "", "Memory that can be had."],
  ["node_memory_MemTotal_bytes", "gauge", "bytes", "", "Memory."],
  ["node_cpu_seconds_total", "counter", "seconds", "cpu mode", "Processor time by use."],
  ["node_load1", "gauge", "programs", "", "Programs that run or wait, mean of a minute."],
  ["node_boot_time_seconds", "gauge", "seconds since 1970", "", "When the node started."],
  ["node_filesystem_files_free", "gauge", "files", "device fstype mountpoint", "Files to be had."],
  ["node_vmstat_oom_kill", "untyped", "programs", "", "Programs ended for want of memory."],
  ["node_network_receive_bytes_total", "counter", "bytes", "device", "Bytes that came."],
  ["node_network_transmit_bytes_total", "counter", "bytes", "device", "Bytes that went."],
  ["node_timex_offset_seconds", "gauge", "seconds", "", "How far the clock is off."],
  ["node_timex_sync_status", "gauge", "none", "", "1: somebody sets the clock."],
  ["node_textfile_scrape_error", "gauge", "none", "", "1: a file of metrics cannot be read."],
]);

const OBJECTS = metricsOf("kube-state-metrics", "2.9", [
  [
    "kube_node_status_allocatable",
    "gauge",
    "as its label says",
    "node resource unit",
    "What a node has to give; a GPU that is lost is missing from nvidia_com_gpu.",
  ],
  [
    "kube_node_status_capacity",
    "gauge",
    "as its label says",
    "node resource unit",
    "What a node has, whatever its state.",
  ],
  [
    "kube_node_status_condition",
    "gauge",
    "none",
    "node condition status",
    "1: the condition has this status.",
  ],
  [
    "kube_pod_container_status_restarts_total",
    "counter",
    "restarts",
    "namespace pod container uid",
    "Restarts of a container.",
  ],
  [
    "kube_cronjob_status_last_successful_time",
    "gauge",
    "seconds since 1970",
    "namespace cronjob",
    "When a CronJob last succeeded.",
  ],
]);

const VOLUMES = metricsOf("kubelet", "1.27", [
  [
    "kubelet_volume_stats_available_bytes",
    "gauge",
    "bytes",
    "namespace persistentvolumeclaim node",
    "Room on a volume.",
  ],
  [
    "kubelet_volume_stats_capacity_bytes",
    "gauge",
    "bytes",
    "namespace persistentvolumeclaim node",
    "Its size.",
  ],
]);

const SCALING = metricsOf("keda", "2.13", [
  [
    "keda_scaler_errors_total",
    "counter",
    "errors",
    "namespace metric scaledObject scaler triggerIndex type",
    "Questions of a scaler that failed.",
  ],
  [
    "keda_scaler_active",
    "gauge",
    "none",
    "namespace metric scaledObject scaler triggerIndex type",
    "1: the scaler asks for replicas.",
  ],
]);

export const PLATFORM_METRICS: readonly Metric[] = [
  ...SCRAPES,
  ...PROMETHEUS,
  ...ALERTMANAGER,
  ...ADDRESSES,
  ...NODES,
  ...OBJECTS,
  ...VOLUMES,
  ...SCALING,
];
