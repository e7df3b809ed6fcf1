/**
 * What the OpenTelemetry Collector tells of itself (go.opentelemetry.io/collector, documentation.md of
 * receivers, processors and exporters), as its exporter for Prometheus calls it. A count of failures is
 * there from the first failure on, one of what a receiver refused from the first record on. Pure data.
 */
import { type Metric, metricsOf, type Row } from "./metric.ts";

const SENT = "exporter server_address server_port url_path";

function ofEach(row: (what: "log_records" | "spans", words: string) => Row): Row[] {
  return [row("log_records", "log records"), row("spans", "spans")];
}

export const COLLECTOR_METRICS: readonly Metric[] = metricsOf("collector", "0.165", [
  ...ofEach((what, words) => [
    `otelcol_receiver_accepted_${what}_total`,
    "counter",
    words,
    "receiver transport",
    "Taken, and kept on the disk or by whoever comes next.",
  ]),
  ...ofEach((what, words) => [
    `otelcol_receiver_refused_${what}_total`,
    "counter",
    words,
    "receiver transport",
    "Not taken since what comes next was full or away. An agent counts what it gave up.",
  ]),
  ...ofEach((what, words) => [
    `otelcol_receiver_failed_${what}_total`,
    "counter",
    words,
    "receiver transport",
    "Not taken for a fault of its own.",
  ]),
  ...ofEach((what, words) => [
    `otelcol_exporter_sent_${what}_total`,
    "counter",
    words,
    SENT,
    "Taken by the store, or by the Collector from an agent.",
  ]),
  ...ofEach((what, words) => [
    `otelcol_exporter_send_failed_${what}_total`,
    "counter",
    words,
    SENT,
    "Given up: refused for good, or waited for a day.",
  ]),
  [
    "otelcol_exporter_enqueue_failed_spans_total",
    "counter",
    "spans",
    "exporter",
    "Attempts to queue where the queue was full.",
  ],
  [
    "otelcol_exporter_queue_size",
    "gauge",
    "bytes",
    "exporter data_type",
    "What waits on the disk for the store.",
  ],
  ["otelcol_exporter_queue_capacity", "gauge", "bytes", "exporter data_type", "The most of it."],
  ["otelcol_process_memory_rss_bytes", "gauge", "bytes", "", "Memory of the process."],
  ["otelcol_process_cpu_seconds_total", "counter", "seconds", "", "Processor time."],
]);
