/** Alerts about the audit trail, certificates and settings: what an auditor asks for. */
import { type AlertRule, type RuleGroup, steady, TRAFFIC_MIN } from "./rule.ts";

const audit = { subject: "audit", owner: "security", dashboard: "compliance" } as const;
const certificates = { ...audit, subject: "certificates", owner: "platform" } as const;
const access = { subject: "keys", owner: "security", dashboard: "compliance" } as const;
const DAY = 86_400;

const auditAlerts: readonly AlertRule[] = [
  {
    ...audit,
    alert: "AuditChainBroken",
    expr: "max by (instance) (max_over_time(gateway_audit_chain_faults[3m])) > 0",
    severity: "critical",
    summary: "The audit trail was changed",
    description: "{{ $labels.instance }} found {{ $value }} faults in its part of the trail.",
  },
  {
    ...audit,
    alert: "AuditEventsLost",
    expr: "increase(gateway_audit_lost_total[10m]) > 0",
    severity: "critical",
    summary: "Events of the audit trail are lost",
    description: "{{ $value | humanize }} events of {{ $labels.instance }} could not be recorded.",
  },
  {
    // Heads are anchored every ten seconds (gateway-image/src/limits.ts); so much could be cut off unseen.
    ...audit,
    alert: "AuditLate",
    expr: `max by (instance) (${steady("gateway_audit_lag_seconds")}) > 120`,
    for: "2m",
    severity: "error",
    summary: "The audit trail is anchored late",
    description:
      "The oldest event of {{ $labels.instance }} without an anchor is {{ $value | humanizeDuration }} old.",
  },
  {
    ...audit,
    alert: "AuditAnchorsFail",
    expr: "sum by (instance) (increase(gateway_audit_anchor_failures_total[10m])) > 0",
    for: "10m",
    severity: "error",
    summary: "Heads of the audit trail are kept nowhere else",
    description:
      "{{ $value | humanize }} anchors of {{ $labels.instance }} were not taken in 10 minutes.",
  },
  {
    ...audit,
    alert: "AuditSilent",
    expr: `sum(rate(gateway_audit_events_total[10m])) == 0 and api:requests:rate5m > ${TRAFFIC_MIN}`,
    for: "5m",
    severity: "critical",
    summary: "Calls are served and none is recorded",
    description: "The audit trail has had no event for 10 minutes although there is traffic.",
  },
  {
    ...audit,
    subject: "traces",
    dashboard: "gateway",
    owner: "platform",
    alert: "SpansLost",
    expr: "sum(rate(gateway_spans_lost_total[5m])) > 0",
    for: "10m",
    severity: "info",
    summary: "Traces have holes",
    description: "{{ $value | humanize }} spans a second find no collector.",
  },
];

const archiveAlerts: readonly AlertRule[] = [
  {
    // Late is what its archiver takes for late: an hour (tools/audit-archive/limits.ts).
    ...audit,
    alert: "AuditArchiveLate",
    job: "audit-archive",
    expr: `max by (instance) (${steady("audit_archive_late_days")}) > 0`,
    for: "5m",
    severity: "error",
    summary: "The audit trail is archived late",
    description:
      "{{ $value }} days of {{ $labels.instance }} are not in the archive: they stand on its volume alone.",
  },
  {
    ...audit,
    alert: "AuditArchiveAway",
    job: "audit-archive",
    expr: 'absent(up{job="audit-archive"} == 1)',
    for: "5m",
    severity: "error",
    summary: "Nobody archives the audit trail",
    description: "No archiver answers its scrape: the trail grows on the gateways' volumes alone.",
  },
];

const keyAlerts: readonly AlertRule[] = [
  {
    // Those who call with it are told so in every answer, from the same day on.
    ...access,
    alert: "KeyExpires",
    expr: `max by (kind) (${steady("gateway_keys_expiring")}) > 0`,
    for: "10m",
    severity: "info",
    summary: "Keys end within two weeks ({{ $labels.kind }})",
    description: "{{ $value }} keys have no successor yet.",
  },
  {
    ...access,
    alert: "KeyExpiresNow",
    expr: `min by (kind) (max_over_time(gateway_key_earliest_end_seconds[3m])) - time() < ${3 * DAY}`,
    for: "10m",
    severity: "warning",
    summary: "A key ends within three days ({{ $labels.kind }})",
    description: "The first one ends in {{ $value | humanizeDuration }}; then its callers get 401.",
  },
];

const certificateAlerts: readonly AlertRule[] = [
  {
    ...certificates,
    alert: "GatewayCertificateExpires",
    expr: `min by (instance) (max_over_time(gateway_certificate_expires_seconds[3m])) - time() < ${21 * DAY}`,
    for: "10m",
    severity: "warning",
    summary: "A certificate expires within three weeks",
    description:
      "That of {{ $labels.instance }} is valid for {{ $value | humanizeDuration }} more.",
  },
  {
    ...certificates,
    alert: "GatewayCertificateExpiresNow",
    expr: `min by (instance) (max_over_time(gateway_certificate_expires_seconds[3m])) - time() < ${3 * DAY}`,
    for: "10m",
    severity: "critical",
    summary: "A certificate expires within three days",
    description:
      "That of {{ $labels.instance }} is valid for {{ $value | humanizeDuration }} more; then no call gets through.",
  },
  {
    ...certificates,
    alert: "AddressCertificateExpires",
    job: "blackbox",
    expr: `min by (instance) (max_over_time(probe_ssl_earliest_cert_expiry[3m])) - time() < ${21 * DAY}`,
    for: "10m",
    severity: "warning",
    summary: "A certificate of {{ $labels.instance }} expires within three weeks",
    description: "It is valid for {{ $value | humanizeDuration }} more.",
  },
  {
    // A first failure is a new series with the value 1, in which no increase is seen.
    ...{ subject: "settings", owner: "platform", dashboard: "gateway" },
    alert: "SettingsNotTaken",
    expr:
      "increase(gateway_reload_failures_total[15m]) > 0" +
      " or (last_over_time(gateway_reload_failures_total[3m])" +
      " unless last_over_time(gateway_reload_failures_total[3m] offset 15m)) > 0",
    severity: "warning",
    summary: "A new {{ $labels.file }} was refused by {{ $labels.instance }}",
    description: "The former version stays in force; its log says why.",
  },
];

export const records: RuleGroup = {
  name: "records",
  rules: [...auditAlerts, ...archiveAlerts, ...keyAlerts, ...certificateAlerts],
};
