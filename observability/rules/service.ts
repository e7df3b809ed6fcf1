/** Alerts about what callers see: errors, latency, traffic. */
import { type AlertRule, type RuleGroup, steady, TRAFFIC_MIN } from "./rule.ts";

const traffic = `api:requests:rate5m > ${TRAFFIC_MIN}`;
const ofModel = `model:requests:rate5m > ${TRAFFIC_MIN}`;
const errors = { subject: "errors", owner: "platform", dashboard: "overview" } as const;
const latency = { subject: "latency", owner: "serving", dashboard: "serving" } as const;
const calls = { subject: "traffic", owner: "platform", dashboard: "gateway" } as const;
const access = { subject: "access", owner: "security", dashboard: "gateway" } as const;

/** Three nines leave 43 minutes a month, which is about what one change of the site may cost. */
const ERROR_BUDGET = 0.001;

/** Burns of Google's SRE workbook: so many times faster than the budget lasts a month. */
function burn(factor: number, short: string, long: string): string {
  const bound = Number((factor * ERROR_BUDGET).toPrecision(6));
  return (
    `api:errors:ratio_rate${long} > ${bound} and api:errors:ratio_rate${short} > ${bound}` +
    ` and ${traffic}`
  );
}

const errorAlerts: readonly AlertRule[] = [
  {
    ...errors,
    alert: "APIHighErrorRate",
    expr: `api:errors:ratio_rate5m > 0.05 and ${traffic}`,
    for: "5m",
    severity: "critical",
    summary: "More than 5 % of calls fail",
    description: "{{ $value | humanizePercentage }} of all calls failed during the last 5 minutes.",
  },
  {
    ...errors,
    alert: "ModelErrorRateOver2pct",
    expr: `model:errors:ratio_rate5m > 0.02 and on (model) ${ofModel}`,
    for: "1m",
    severity: "error",
    summary: "More than 2 % of the calls of {{ $labels.model }} fail",
    description: "{{ $value | humanizePercentage }} failed during the last 5 minutes.",
  },
  {
    // A tenant may use what nobody else does: among all calls its failures would not be seen.
    ...errors,
    subject: "tenant-errors",
    dashboard: "usage",
    alert: "TenantErrorRateOver5pct",
    expr: `tenant:errors:ratio_rate5m > 0.05 and on (tenant) tenant:requests:rate5m > ${TRAFFIC_MIN}`,
    for: "5m",
    severity: "error",
    summary: "More than 5 % of the calls of tenant {{ $labels.tenant }} fail",
    description: "{{ $value | humanizePercentage }} failed during the last 5 minutes.",
  },
  {
    ...errors,
    alert: "ErrorBudgetBurnsFast",
    expr: burn(14.4, "5m", "1h"),
    for: "2m",
    severity: "critical",
    summary: "The month's error budget will be gone in two days",
    description: "{{ $value | humanizePercentage }} of the calls of the last hour failed.",
  },
  {
    ...errors,
    alert: "ErrorBudgetBurnsSteadily",
    expr: burn(6, "30m", "6h"),
    for: "15m",
    severity: "error",
    summary: "The month's error budget will be gone in five days",
    description: "{{ $value | humanizePercentage }} of the calls of the last 6 hours failed.",
  },
  {
    ...errors,
    alert: "ErrorBudgetBurnsSlowly",
    expr: burn(3, "2h", "1d"),
    for: "1h",
    severity: "warning",
    summary: "The month's error budget will be gone in ten days",
    description: "{{ $value | humanizePercentage }} of the calls of the last day failed.",
  },
  {
    ...errors,
    alert: "ErrorBudgetUsedUp",
    expr: burn(1, "6h", "3d"),
    for: "3h",
    severity: "info",
    summary: "Errors take the whole error budget",
    description: "{{ $value | humanizePercentage }} of the calls of the last 3 days failed.",
  },
];

const latencyAlerts: readonly AlertRule[] = [
  {
    ...latency,
    alert: "FirstTokenOver500ms",
    expr: `model:first_token_over_500ms:ratio_rate5m > 0.05 and on (model) ${ofModel}`,
    for: "2m",
    severity: "warning",
    summary: "{{ $labels.model }} begins its answers after more than 500 ms",
    description: "{{ $value | humanizePercentage }} of the first tokens came later than 500 ms.",
  },
  {
    ...latency,
    alert: "FirstTokenSlow",
    expr: `model:first_token_seconds:p95_5m > 2 and on (model) ${ofModel}`,
    for: "5m",
    severity: "error",
    summary: "{{ $labels.model }} begins its answers late",
    description:
      "The 95th percentile of the time to the first token is {{ $value | humanizeDuration }}.",
  },
  {
    ...latency,
    alert: "EmbeddingsOver500ms",
    expr: `model:embeddings_over_500ms:ratio_rate5m > 0.05 and on (model) ${ofModel}`,
    for: "2m",
    severity: "warning",
    summary: "{{ $labels.model }} takes more than 500 ms for embeddings",
    description: "{{ $value | humanizePercentage }} of the answers took longer than 500 ms.",
  },
  {
    ...latency,
    alert: "RiskDecisionsOver200ms",
    expr: `model:risk_over_200ms:ratio_rate5m > 0.05 and on (model) ${ofModel}`,
    for: "1m",
    severity: "critical",
    summary: "Risk decisions of {{ $labels.model }} take more than 200 ms",
    description:
      "{{ $value | humanizePercentage }} of them took longer: what was promised is 95 of 100 within 200 ms.",
  },
];

const trafficAlerts: readonly AlertRule[] = [
  {
    ...calls,
    alert: "NoTraffic",
    expr: "api:requests:rate5m == 0",
    for: "1h",
    severity: "info",
    summary: "Nobody has called for an hour",
    description: "Usual at night, worth a look by day.",
  },
  {
    // Half a call a second is what one busy program makes: less may stop with it.
    ...calls,
    alert: "TrafficGone",
    expr:
      "api:requests:rate5m < 0.1 * avg_over_time(api:requests:rate5m[1h] offset 1d)" +
      " and avg_over_time(api:requests:rate5m[1h] offset 1d) > 0.5",
    for: "15m",
    severity: "error",
    summary: "Nine of ten calls stay away",
    description:
      "{{ $value | humanize }} calls a second, less than a tenth of this hour yesterday: can callers reach the edge?",
  },
  {
    // Between night and noon lies a factor of three or so; five is something else. A day must be known.
    ...calls,
    alert: "TrafficUnusual",
    expr:
      "api:requests:rate5m > 5 * avg_over_time(api:requests:rate5m[1d] offset 1h)" +
      " and api:requests:rate5m > 1 and present_over_time(api:requests:rate5m[1h] offset 1d)",
    for: "10m",
    severity: "warning",
    summary: "Five times as many calls as usual",
    description: "{{ $value | humanize }} calls a second; the mean of a day is a fifth of it.",
  },
  {
    // /token takes 5 a minute from one address: one a second is many addresses, or a key that expired.
    ...access,
    alert: "CredentialsRefusedOften",
    expr: 'sum(rate(api_requests_total{code="401"}[5m])) > 1',
    for: "5m",
    severity: "warning",
    summary: "Credentials are refused often",
    description: "{{ $value | humanize }} calls a second came with none or a wrong one.",
  },
  {
    ...access,
    alert: "QuotasRefuseMany",
    expr: `sum(rate(gateway_quota_refusals_total[5m])) / (api:requests:rate5m > ${TRAFFIC_MIN}) > 0.2`,
    for: "15m",
    severity: "info",
    summary: "A fifth of the calls is over its quota",
    description: "{{ $value | humanizePercentage }} of the calls were answered with 429.",
  },
];

const gatewayAlerts: readonly AlertRule[] = [
  {
    // Ten times what an engine may have waiting: nobody is waited for, the engine is not there.
    ...{ subject: "queue", owner: "serving", dashboard: "gateway" },
    alert: "GatewayQueueLong",
    expr: `sum by (model) (${steady("api_queue_length")}) > 50`,
    for: "5m",
    severity: "error",
    summary: "Calls of {{ $labels.model }} wait in the gateways",
    description: "{{ $value }} admitted calls have had no first byte for minutes.",
  },
  {
    ...{ subject: "upstream", owner: "serving", dashboard: "serving" },
    alert: "ModelServersFail",
    expr: "sum by (model) (rate(gateway_upstream_faults_total[5m])) > 0.1",
    for: "5m",
    severity: "warning",
    summary: "Servers of {{ $labels.model }} fail calls",
    description: "{{ $value | humanize }} faults a second, most of them hidden by a second try.",
  },
  {
    ...{ subject: "upstream", owner: "serving", dashboard: "serving" },
    alert: "ModelServerLeftAlone",
    expr: `max by (model, target) (${steady("gateway_upstream_ejected")}) > 0`,
    for: "5m",
    severity: "warning",
    summary: "{{ $labels.target }} of {{ $labels.model }} gets no calls",
    description: "It failed too often and has been left alone for minutes.",
  },
  {
    // A young gateway grows to its working set; one that is half as large again as an hour ago leaks.
    ...{ subject: "gateway-memory", owner: "platform", dashboard: "gateway" },
    alert: "GatewayMemoryGrows",
    expr:
      'min_over_time(process_resident_memory_bytes{job="gateway"}[10m])' +
      ' > 1.5 * min_over_time(process_resident_memory_bytes{job="gateway"}[10m] offset 1h)' +
      ' and min_over_time(process_resident_memory_bytes{job="gateway"}[10m]) > 268435456',
    for: "10m",
    severity: "warning",
    summary: "A gateway's memory grows",
    description:
      "{{ $labels.instance }} holds {{ $value | humanize1024 }}B, half as much again as an hour ago.",
  },
  {
    // One stream that stalls is silent four times a minute; a token comes in milliseconds otherwise.
    ...{ subject: "stall", owner: "serving", dashboard: "serving" },
    alert: "StreamsStall",
    expr: "sum by (model) (rate(gateway_stream_silences_total[5m])) > 0.02",
    for: "1m",
    severity: "error",
    summary: "Streams of {{ $labels.model }} stop in the middle",
    description:
      "{{ $value | humanize }} times a second a model server was silent for 15 s after it had begun to answer.",
  },
  {
    // A leak that is too fast for the comparison with an hour ago; at the limit the kernel ends the process.
    ...{ subject: "gateway-memory", owner: "platform", dashboard: "gateway" },
    alert: "GatewayMemoryNearlyFull",
    expr:
      `${steady('process_resident_memory_bytes{job="gateway"}')}` +
      " > 0.8 * (max_over_time(gateway_memory_limit_bytes[3m]) > 0)",
    for: "2m",
    severity: "error",
    summary: "A gateway has nearly used up its memory",
    description:
      "{{ $labels.instance }} holds {{ $value | humanize1024 }}B, four fifths of what it may; then it is ended.",
  },
  {
    ...{ subject: "gateway-restarts", owner: "platform", dashboard: "gateway" },
    alert: "GatewayRestartsOften",
    expr: 'changes(process_start_time_seconds{job="gateway"}[30m]) > 2',
    severity: "error",
    summary: "A gateway restarts again and again",
    description: "{{ $labels.instance }} was started {{ $value }} times in half an hour.",
  },
  {
    ...{ subject: "gateway-load", owner: "platform", dashboard: "gateway" },
    alert: "GatewayLate",
    expr: `${steady('nodejs_eventloop_lag_p99_seconds{job="gateway"}')} > 0.2`,
    for: "5m",
    severity: "warning",
    summary: "A gateway is overloaded",
    description: "{{ $labels.instance }} turns to its work {{ $value | humanizeDuration }} late.",
  },
];

export const service: RuleGroup = {
  name: "api-service",
  rules: [...errorAlerts, ...latencyAlerts, ...trafficAlerts, ...gatewayAlerts],
};
