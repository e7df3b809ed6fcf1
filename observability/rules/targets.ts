/** Alerts about what is not there, and about the way of alerts itself. */
import type { AlertRule, RuleGroup } from "./rule.ts";

const away = { subject: "away", owner: "platform", dashboard: "overview" } as const;
const watching = { ...away, subject: "monitoring" } as const;

const targetAlerts: readonly AlertRule[] = [
  {
    ...away,
    alert: "GatewayAway",
    // A target that is gone for good has no `up` at all, so its absence counts, too.
    expr: 'absent(up{job="gateway"} == 1)',
    for: "1m",
    severity: "critical",
    summary: "No gateway answers",
    description: "Nobody can call the service.",
  },
  {
    ...away,
    owner: "serving",
    alert: "ModelServersAway",
    job: "model-server",
    expr: 'absent(up{job="model-server"} == 1)',
    for: "2m",
    severity: "critical",
    summary: "No model server answers",
    description: "Every call will be refused.",
  },
  {
    // nginx itself answers the scrape, in front of its exporter.
    ...away,
    dashboard: "edge",
    alert: "EdgeAway",
    job: "edge",
    expr: 'absent(up{job="edge"} == 1)',
    for: "1m",
    severity: "critical",
    summary: "No edge answers",
    description: "Nobody can reach the gateway, unless only the edge's exporter is gone.",
  },
  {
    ...away,
    dashboard: "edge",
    alert: "AddressAway",
    job: "blackbox",
    expr: "max_over_time(probe_success[3m]) == 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }} cannot be reached from outside",
    description: "The probe has failed for minutes, whatever the inside says.",
  },
  {
    ...watching,
    alert: "TargetDown",
    expr: "max_over_time(up[3m]) == 0",
    for: "2m",
    severity: "error",
    summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer its scrape",
    description: "Its metrics have been missing for 5 minutes.",
  },
  {
    ...watching,
    alert: "ScrapesFailOften",
    expr: "avg_over_time(up[15m]) < 0.8 and max_over_time(up[5m]) == 1",
    for: "5m",
    severity: "warning",
    summary: "{{ $labels.job }} at {{ $labels.instance }} answers only now and then",
    description: "{{ $value | humanizePercentage }} of the scrapes of 15 minutes succeeded.",
  },
  {
    ...watching,
    alert: "AlertmanagerAway",
    job: "alertmanager",
    expr: 'absent(up{job="alertmanager"} == 1)',
    for: "5m",
    severity: "error",
    summary: "Alerts reach nobody",
    description: "Alertmanager does not answer its scrape.",
  },
  {
    ...watching,
    alert: "AlertsNotDelivered",
    expr: "sum by (integration) (rate(alertmanager_notifications_failed_total[5m])) > 0",
    for: "5m",
    severity: "error",
    summary: "A channel does not take alerts ({{ $labels.integration }})",
    description: "{{ $value | humanize }} notifications a second fail.",
  },
  {
    // Its own subject: it explains that nothing is relayed, and nothing else.
    ...watching,
    subject: "relay",
    alert: "AlertRelayAway",
    job: "alert-relay",
    expr: 'absent(up{job="alert-relay"} == 1)',
    for: "2m",
    severity: "critical",
    summary: "No relay of alerts answers",
    description: "Channels behind it are told nothing; Alertmanager goes on trying.",
  },
  {
    ...watching,
    subject: "relay",
    alert: "AlertsNotRelayed",
    job: "alert-relay",
    // What a relay that ends hands to the other one is delivered by that.
    expr:
      "sum by (channel, kind) (increase(alert_relay_notifications_total" +
      '{outcome=~"late|refused|full"}[5m])) > 0',
    for: "5m",
    severity: "error",
    summary: "{{ $labels.channel }} ({{ $labels.kind }}) does not take alerts",
    description: "{{ $value | humanize }} times in 5 minutes. Alertmanager goes on trying.",
  },
  {
    ...watching,
    alert: "AlertsDropped",
    expr: "increase(prometheus_notifications_dropped_total[10m]) > 0",
    for: "1m",
    severity: "error",
    summary: "Prometheus drops alerts",
    description: "{{ $value | humanize }} alerts found no Alertmanager.",
  },
  {
    ...watching,
    alert: "RulesFail",
    expr: "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[10m])) > 0",
    for: "5m",
    severity: "error",
    summary: "Rules cannot be evaluated",
    description:
      "{{ $labels.rule_group }}: {{ $value | humanize }} in 10 minutes. Its alerts are blind.",
  },
  {
    ...watching,
    alert: "RulesLate",
    expr: "sum by (rule_group) (increase(prometheus_rule_group_iterations_missed_total[10m])) > 0",
    for: "10m",
    severity: "warning",
    summary: "Rules are evaluated too slowly",
    description:
      "{{ $labels.rule_group }} left out {{ $value | humanize }} evaluations in 10 minutes.",
  },
  {
    ...watching,
    alert: "MonitoringSettingsRefused",
    expr: "max_over_time(prometheus_config_last_reload_successful[3m]) == 0",
    for: "5m",
    severity: "warning",
    summary: "Prometheus refused its settings",
    description: "{{ $labels.instance }} goes on with the former ones.",
  },
  {
    ...watching,
    // Its own: a graver alert of the same subject would silence the heartbeat.
    subject: "heartbeat",
    alert: "Watchdog",
    expr: "vector(1)",
    severity: "info",
    summary: "The way of alerts works",
    description: "Always firing. Whoever receives it must raise the alarm when it stops.",
  },
];

const keptAlerts: readonly AlertRule[] = [
  {
    ...watching,
    alert: "SamplesGoEarly",
    expr: "increase(prometheus_tsdb_size_retentions_total[6h]) > 0",
    severity: "warning",
    summary: "Prometheus' disk is too small for its retention",
    description:
      "Samples went before their time: {{ $labels.instance }} holds less than it should.",
  },
  {
    // Before the first sample was taken there is no time of it: then it is that of 1970.
    ...watching,
    subject: "remote-write",
    alert: "RemoteWriteBehind",
    expr:
      "time() - max by (remote_name) (" +
      "max_over_time(prometheus_remote_storage_queue_highest_sent_timestamp_seconds[3m])" +
      " or 0 * max_over_time(prometheus_remote_storage_samples_pending[3m])) > 300",
    for: "10m",
    severity: "warning",
    summary: "Samples reach {{ $labels.remote_name }} late",
    description:
      "The newest one there is {{ $value | humanizeDuration }} old; after two hours samples are lost there.",
  },
  {
    ...watching,
    subject: "remote-write",
    alert: "RemoteWriteLosesSamples",
    expr: "sum by (remote_name) (increase(prometheus_remote_storage_samples_failed_total[15m])) > 0",
    for: "5m",
    severity: "error",
    summary: "{{ $labels.remote_name }} refuses samples for good",
    description: "{{ $value | humanize }} samples of 15 minutes are missing there.",
  },
];

export const targets: RuleGroup = { name: "targets", rules: [...targetAlerts, ...keptAlerts] };
