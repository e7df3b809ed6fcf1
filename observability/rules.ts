/**
 * Recording and alert rules in four severities. An alert says what to do: critical wakes somebody,
 * error is for the same day, warning for the week, info for the record. Pure data.
 */
import { EXPORTER_METRICS, JOBS, METRICS } from "./metrics.ts";

export type Severity = "critical" | "error" | "warning" | "info";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly description: string;
  /** It is about this job alone, and says nothing true where that is not scraped. */
  readonly job?: (typeof JOBS)[keyof typeof JOBS];
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

/** Below one request in 20 s a ratio is one caller's luck, not the service's health. */
const TRAFFIC_MIN = 0.05;

const recordings: RuleGroup = {
  name: "api-recordings",
  rules: [
    { record: "api:requests:rate5m", expr: `sum(rate(${METRICS.requests}[5m]))` },
    {
      record: "model:requests:rate5m",
      expr: `sum by (model) (rate(${METRICS.requests}[5m]))`,
    },
    {
      // Without any error there is no series: the second half makes that a nought.
      record: "api:errors:ratio_rate5m",
      expr:
        `(sum(rate(${METRICS.requests}{status="error"}[5m])) or 0 * api:requests:rate5m)` +
        " / (api:requests:rate5m > 0)",
    },
    {
      record: "model:errors:ratio_rate5m",
      expr:
        `(sum by (model) (rate(${METRICS.requests}{status="error"}[5m])) or 0 * model:requests:rate5m)` +
        " / (model:requests:rate5m > 0)",
    },
    {
      record: "model:first_token_seconds:p95_5m",
      expr: `histogram_quantile(0.95, sum by (model, le) (rate(${METRICS.firstToken}_bucket[5m])))`,
    },
    {
      record: "model:tokens:rate5m",
      expr: `sum by (model, token_type) (rate(${METRICS.tokens}[5m]))`,
    },
  ],
};

/** The bounds of the gateway's own histogram of durations, in seconds (gateway-image/src/telemetry/metrics.ts). */
export const DURATION_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

/** Names under which older dashboards know the same: milliseconds, and tokens that were processed. */
const aliases: RuleGroup = {
  name: "api-aliases",
  rules: [
    {
      // One rule: several that record one name are taken for a mistake.
      record: "api_request_duration_ms_bucket",
      expr: [...DURATION_BUCKETS.map(String), "+Inf"].map(bucketInMs).join(" or "),
    },
    { record: "api_request_duration_ms_sum", expr: `1000 * ${METRICS.duration}_sum` },
    { record: "api_request_duration_ms_count", expr: `${METRICS.duration}_count` },
    {
      record: "api_tokens_processed_total",
      expr: `label_replace(${METRICS.tokens}, "type", "$1", "token_type", "(.*)")`,
    },
  ],
};

function bucketInMs(bound: string): string {
  const inMs = bound === "+Inf" ? bound : String(Math.round(Number(bound) * 1000));
  return `label_replace(${METRICS.duration}_bucket{le="${bound}"}, "le", "${inMs}", "le", ".*")`;
}

const service: RuleGroup = {
  name: "api-service",
  rules: [
    {
      alert: "APIHighErrorRate",
      expr: `api:errors:ratio_rate5m > 0.05 and api:requests:rate5m > ${TRAFFIC_MIN}`,
      for: "5m",
      severity: "critical",
      summary: "More than 5 % of calls fail",
      description:
        "{{ $value | humanizePercentage }} of all calls failed during the last 5 minutes.",
    },
    {
      alert: "ModelErrorRateOver2pct",
      expr: `model:errors:ratio_rate5m > 0.02 and on (model) model:requests:rate5m > ${TRAFFIC_MIN}`,
      for: "1m",
      severity: "error",
      summary: "More than 2 % of the calls of {{ $labels.model }} fail",
      description: "{{ $value | humanizePercentage }} failed during the last 5 minutes.",
    },
    {
      alert: "FirstTokenSlow",
      expr: `model:first_token_seconds:p95_5m > 2 and on (model) model:requests:rate5m > ${TRAFFIC_MIN}`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.model }} begins its answers late",
      description:
        "The 95th percentile of the time to the first token is {{ $value | humanizeDuration }}.",
    },
    {
      alert: "ModelQueueGrows",
      expr: `sum by (model_name) (${METRICS.modelWaiting}) > 5`,
      for: "5m",
      severity: "warning",
      summary: "Requests wait for {{ $labels.model_name }}",
      description:
        "{{ $value }} requests have been waiting on average for 5 minutes: add model servers.",
    },
    {
      alert: "ModelMemoryNearlyFull",
      expr: `max by (model_name) (${METRICS.modelCache}) > 0.95`,
      for: "5m",
      severity: "warning",
      summary: "The key-value cache of {{ $labels.model_name }} is nearly full",
      description: "{{ $value | humanizePercentage }} in use: long prompts will be preempted.",
    },
  ],
};

const stores: RuleGroup = {
  name: "stores",
  rules: [
    {
      alert: "LedgerRowsLost",
      expr: `increase(${METRICS.ledgerLost}[10m]) > 0`,
      severity: "critical",
      summary: "Usage was not recorded",
      description:
        "{{ $value | humanize }} rows of the ledger were lost by {{ $labels.instance }}.",
    },
    {
      alert: "LedgerBehind",
      expr: `max(${METRICS.ledgerRows}) > 1000`,
      for: "5m",
      severity: "error",
      summary: "The ledger is written late",
      description: "{{ $value }} rows wait in a gateway: PostgreSQL is slow or away.",
    },
    {
      alert: "QuotaStoreFailing",
      expr: `sum(rate(${METRICS.quotaStoreFailures}[5m])) > 0.1`,
      for: "2m",
      severity: "error",
      summary: "Redis fails, so calls are refused",
      description: "{{ $value | humanize }} failures a second.",
    },
    {
      alert: "RedisMemoryNearlyFull",
      job: JOBS.redis,
      expr: `max(${EXPORTER_METRICS.redisMemory}) / max(${EXPORTER_METRICS.redisMemoryMax} > 0) > 0.9`,
      for: "5m",
      severity: "warning",
      summary: "Redis' memory is nearly full",
      description:
        "{{ $value | humanizePercentage }} in use. Nothing is dropped to make room: at the end calls are refused.",
    },
    {
      alert: "PostgresConnectionsNearlyUsedUp",
      job: JOBS.postgres,
      expr: `sum(${EXPORTER_METRICS.postgresConnections}) / max(${EXPORTER_METRICS.postgresConnectionsMax}) > 0.8`,
      for: "5m",
      severity: "warning",
      summary: "PostgreSQL's connections are nearly used up",
      description: "{{ $value | humanizePercentage }} in use: gateways will wait for the ledger.",
    },
    {
      alert: "SettingsNotTaken",
      expr: `increase(${METRICS.reloadFailures}[15m]) > 0`,
      severity: "warning",
      summary: "A new {{ $labels.file }} was refused by {{ $labels.instance }}",
      description: "The former version stays in force; its log says why.",
    },
  ],
};

const targets: RuleGroup = {
  name: "targets",
  rules: [
    {
      alert: "GatewayAway",
      // A target that is gone for good has no `up` at all, so its absence counts, too.
      expr: `absent(up{job="${JOBS.gateway}"} == 1)`,
      for: "1m",
      severity: "critical",
      summary: "No gateway answers",
      description: "Nobody can call the service.",
    },
    {
      alert: "ModelServersAway",
      job: JOBS.modelServer,
      expr: `absent(up{job="${JOBS.modelServer}"} == 1)`,
      for: "2m",
      severity: "critical",
      summary: "No model server answers",
      description: "Every call will be refused.",
    },
    {
      // nginx itself answers the scrape, in front of its exporter.
      alert: "EdgeAway",
      expr: `absent(up{job="${JOBS.edge}"} == 1)`,
      for: "1m",
      severity: "critical",
      summary: "No edge answers",
      description: "Nobody can reach the gateway, unless only the edge's exporter is gone.",
    },
    {
      alert: "RedisAway",
      job: JOBS.redis,
      expr: `absent(${EXPORTER_METRICS.redisUp} == 1)`,
      for: "1m",
      severity: "critical",
      summary: "Redis does not answer",
      description: "Quotas cannot be counted, so calls are refused.",
    },
    {
      alert: "PostgresAway",
      job: JOBS.postgres,
      expr: `absent(${EXPORTER_METRICS.postgresUp} == 1)`,
      for: "2m",
      severity: "critical",
      summary: "PostgreSQL does not answer",
      description: "Usage waits in the gateways' memory until it is back.",
    },
    {
      alert: "TargetDown",
      expr: "up == 0",
      for: "5m",
      severity: "error",
      summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer its scrape",
      description: "Its metrics have been missing for 5 minutes.",
    },
    {
      alert: "AlertmanagerAway",
      expr: `absent(up{job="${JOBS.alertmanager}"} == 1)`,
      for: "5m",
      severity: "error",
      summary: "Alerts reach nobody",
      description: "Alertmanager does not answer its scrape.",
    },
    {
      alert: "NoTraffic",
      expr: "api:requests:rate5m == 0",
      for: "1h",
      severity: "info",
      summary: "Nobody has called for an hour",
      description: "Usual at night, worth a look by day.",
    },
    {
      alert: "Watchdog",
      expr: "vector(1)",
      severity: "info",
      summary: "The way of alerts works",
      description: "Always firing. Whoever receives it must raise the alarm when it stops.",
    },
  ],
};

export const RULE_GROUPS: readonly RuleGroup[] = [recordings, aliases, service, stores, targets];
