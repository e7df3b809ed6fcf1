/** Alerts about log lines and traces on their way to their stores: what waits, and what is lost. */
import { type AlertRule, type RuleGroup, steady } from "./rule.ts";

const subject = { subject: "collecting", owner: "platform", dashboard: "overview" } as const;
const ofCollector = { ...subject, job: "collector" } as const;
const ofAgents = { ...subject, job: "log-agent" } as const;

/**
 * Failures are counted in a series that begins with the first of them, in which no increase is seen. So
 * a series that was not there 15 minutes ago counts whole, the others by what they grew.
 */
function given(counter: string): string {
  return (
    `sum by (instance) ((last_over_time(${counter}[3m])` +
    ` unless last_over_time(${counter}[3m] offset 15m)) or increase(${counter}[15m])) > 0`
  );
}

const collectorAlerts: readonly AlertRule[] = [
  {
    ...ofCollector,
    alert: "CollectorAway",
    expr: 'absent(up{job="collector"} == 1)',
    for: "5m",
    severity: "error",
    summary: "No Collector answers",
    description: "Lines wait in the files of their nodes, which kubelet rotates; spans are lost.",
  },
  {
    ...ofAgents,
    alert: "LogAgentsAway",
    expr: 'absent(up{job="log-agent"} == 1)',
    for: "5m",
    severity: "error",
    summary: "No agent reads log files",
    description: "Lines wait in the files of their nodes, which kubelet rotates.",
  },
  {
    ...ofCollector,
    alert: "CollectorLosesLines",
    expr: given("otelcol_exporter_send_failed_log_records_total"),
    severity: "error",
    summary: "Log lines were given up",
    description:
      "{{ $value | humanize }} records of {{ $labels.instance }} were refused by the store, or waited for a day.",
  },
  {
    ...ofCollector,
    alert: "CollectorLosesSpans",
    expr: given("otelcol_exporter_send_failed_spans_total"),
    severity: "warning",
    summary: "Spans were given up",
    description:
      "{{ $value | humanize }} spans of {{ $labels.instance }} were refused by the store, or waited for a day.",
  },
  {
    ...ofAgents,
    alert: "LogAgentLosesLines",
    expr:
      'sum by (instance) (increase(otelcol_receiver_refused_log_records_total{job="log-agent"}[15m]))' +
      ' + sum by (instance) (increase(otelcol_receiver_failed_log_records_total{job="log-agent"}[15m])) > 0',
    severity: "error",
    summary: "An agent gave up log lines",
    description: "{{ $value | humanize }} lines of {{ $labels.instance }} were taken by nobody.",
  },
  {
    // Beyond it, what comes is refused; an hour of ordinary load should still find room.
    ...ofCollector,
    alert: "CollectorQueueNearlyFull",
    expr:
      `max by (instance, exporter) (${steady("otelcol_exporter_queue_size")})` +
      ` / max by (instance, exporter) (${steady("otelcol_exporter_queue_capacity")}) > 0.8`,
    for: "5m",
    severity: "warning",
    summary: "A queue of the Collector is nearly full",
    description:
      "{{ $labels.exporter }} of {{ $labels.instance }} is at {{ $value | humanizePercentage }}: its store is slow or away.",
  },
  {
    ...ofCollector,
    alert: "CollectorRefuses",
    // Of spans the gateways count what they could not send (SpansLost).
    expr: 'sum by (instance) (rate(otelcol_receiver_refused_log_records_total{job="collector"}[5m])) > 0',
    for: "5m",
    severity: "error",
    summary: "The Collector takes no more",
    description:
      "{{ $labels.instance }} refuses {{ $value | humanize }} records a second: its queue or its memory is full.",
  },
];

export const collecting: RuleGroup = { name: "collecting", rules: collectorAlerts };
