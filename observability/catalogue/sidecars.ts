/**
 * What small programs of ours expose: the archiver of the audit trail beside each gateway
 * (tools/audit-archive), the relay of alerts (tools/alert-relay), the test of restores (tools/restore-test), and
 * `npm run gpu-check` through the node exporter's folder of files. Pure data.
 */
import { type Metric, metricsOf, type Row } from "./metric.ts";

const ARCHIVE = metricsOf("audit-archive", "0.1.0", [
  [
    "audit_archive_pending_segments",
    "gauge",
    "segments",
    "",
    "Segments of the audit trail that are not archived.",
  ],
  [
    "audit_archive_oldest_pending_seconds",
    "gauge",
    "seconds",
    "",
    "For how long the oldest of them waits.",
  ],
  [
    "audit_archive_late_days",
    "gauge",
    "days",
    "",
    "Days of which something waits for longer than it may.",
  ],
  ["audit_archive_shipped_total", "counter", "segments", "", "Segments archived."],
  [
    "audit_archive_faults_total",
    "counter",
    "segments",
    "",
    "Segments that a round did not archive.",
  ],
]);

const RESTORES = metricsOf("restore-test", "0.1.0", [
  [
    "restore_test_last_success_timestamp_seconds",
    "gauge",
    "seconds since 1970",
    "",
    "When a restore last succeeded; before the first one, when testing began.",
  ],
  [
    "restore_test_last_run_success",
    "gauge",
    "none",
    "",
    "1: the last restore succeeded, or none was tried yet.",
  ],
  ["restore_test_interval_seconds", "gauge", "seconds", "", "How often a restore is tried."],
  [
    "restore_test_duration_seconds",
    "gauge",
    "seconds",
    "",
    "How long the last good restore took, from the first byte to the last answer.",
  ],
  [
    "restore_test_data_loss_seconds",
    "gauge",
    "seconds",
    "",
    "How old the newest change in it was when the restore began.",
  ],
  ["restore_test_rows", "gauge", "rows", "", "Rows of the ledger in the last good restore."],
]);

type Gauge = readonly [name: string, unit: string, labels: string, meaning: string];

const OF_NODE: readonly Gauge[] = [
  ["gpu_check_success", "none", "", "1: the GPUs of the node could be asked."],
  ["gpu_check_timestamp_seconds", "seconds since 1970", "", "When they were asked."],
  ["gpu_check_gpus", "GPUs", "state", "GPUs by state; lost ones cannot be asked at all."],
  ["gpu_check_gpus_expected", "GPUs", "", "GPUs that the node should have."],
  ["gpu_check_kernel_log_read", "none", "", "1: XIDs could be looked for."],
];

/** Each carries `gpu` and `uuid`. */
const OF_GPU: readonly Gauge[] = [
  ["gpu_info", "none", "model driver pci", "Always 1; the labels say what it is."],
  ["gpu_state", "none", "state", "1 for the state that it is in."],
  ["gpu_utilization_ratio", "ratio", "", "Share of time in which something ran."],
  ["gpu_memory_used_bytes", "bytes", "", "Memory in use."],
  ["gpu_memory_total_bytes", "bytes", "", "Its memory."],
  ["gpu_temperature_celsius", "degrees Celsius", "sensor", "Of the chip and of its memory."],
  ["gpu_power_watts", "watts", "", "Power that is drawn."],
  ["gpu_power_limit_watts", "watts", "", "Power at which clocks are held."],
  ["gpu_clock_hertz", "hertz", "clock", "Clock of the processors and of the memory."],
  ["gpu_processes", "programs", "", "Programs on it."],
  ["gpu_mig_enabled", "none", "", "1: it is divided (MIG)."],
  ["gpu_mig_instances", "slices", "", "Parts it is divided into."],
  ["gpu_pcie_link_width", "lanes", "", "PCIe lanes in use."],
  ["gpu_clock_reason_active", "none", "reason", "1: this holds its clock down."],
  ["gpu_remapped_rows", "rows", "kind", "Rows of memory that were replaced by spare ones."],
  ["gpu_row_remap_pending", "none", "", "1: a row is replaced at the next reset."],
  ["gpu_row_remap_failed", "none", "", "1: a row could not be replaced."],
  ["gpu_xid_events", "faults", "xid", "Faults (XID) in the kernel's log within a day."],
  ["gpu_findings", "none", "finding level", "1: this is wrong with it."],
];

const CHECK = metricsOf("gpu-check", "0.1.0", [
  ...OF_NODE.map(([name, unit, labels, meaning]): Row => [name, "gauge", unit, labels, meaning]),
  ...OF_GPU.map(
    ([name, unit, labels, meaning]): Row => [
      name,
      "gauge",
      unit,
      labels === "" ? "gpu uuid" : `gpu uuid ${labels}`,
      meaning,
    ],
  ),
  [
    "gpu_ecc_errors_total",
    "counter",
    "faults",
    "gpu uuid scope kind",
    "Faults of memory since the driver was loaded (volatile) and in its life (aggregate).",
  ],
]);

const RELAY = metricsOf("alert-relay", "0.1.0", [
  [
    "alert_relay_notifications_total",
    "counter",
    "notifications",
    "channel kind outcome",
    "Notifications of Alertmanager: delivered, or late, refused, full or stopped.",
  ],
  [
    "alert_relay_messages_total",
    "counter",
    "messages",
    "channel kind answer",
    "Messages sent to channels: taken, or again, limited or refused.",
  ],
  [
    "alert_relay_delivery_seconds",
    "histogram",
    "seconds",
    "channel kind",
    "From a notification's arrival until its channel took it.",
  ],
  [
    "alert_relay_queue_length",
    "gauge",
    "notifications",
    "channel kind",
    "Notifications that wait for a channel.",
  ],
  [
    "alert_relay_unauthorized_total",
    "counter",
    "requests",
    "",
    "Requests without the right token.",
  ],
]);

export const SIDECAR_METRICS: readonly Metric[] = [...ARCHIVE, ...RESTORES, ...CHECK, ...RELAY];
