/** Series that alerts and dashboards share, and names under which older dashboards know the same. */
import type { RecordingRule, RuleGroup } from "./rule.ts";

/** Windows of the error budget's alerts; the shortest is also that of all others. */
const BUDGET_WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] as const;

/**
 * Without any error there is no series: the second half makes that a nought. Without traffic the
 * divisor is empty, and so is the ratio: nought by nought would be no number.
 */
function errorRatio(window: string): RecordingRule {
  const all = `sum(rate(api_requests_total[${window}]))`;
  const failed = `sum(rate(api_requests_total{status="error"}[${window}]))`;
  return {
    record: `api:errors:ratio_rate${window}`,
    expr: `(${failed} or 0 * ${all}) / (${all} > 0)`,
  };
}

/** Of those that were observed, which share lies above a bound of the histogram. */
function shareOver(histogram: string, bound: string, matcher = ""): string {
  const all = `sum by (model) (rate(${histogram}_count${matcher && `{${matcher}}`}[5m]))`;
  const within = `sum by (model) (rate(${histogram}_bucket{${matcher && `${matcher}, `}le="${bound}"}[5m]))`;
  return `(${all} - ${within}) / (${all} > 0)`;
}

export const recordings: RuleGroup = {
  name: "api-recordings",
  rules: [
    { record: "api:requests:rate5m", expr: "sum(rate(api_requests_total[5m]))" },
    { record: "model:requests:rate5m", expr: "sum by (model) (rate(api_requests_total[5m]))" },
    ...BUDGET_WINDOWS.map(errorRatio),
    {
      record: "model:errors:ratio_rate5m",
      expr:
        '(sum by (model) (rate(api_requests_total{status="error"}[5m])) or 0 * model:requests:rate5m)' +
        " / (model:requests:rate5m > 0)",
    },
    {
      record: "tenant:requests:rate5m",
      expr: "sum by (tenant) (rate(api_tenant_requests_total[5m]))",
    },
    {
      record: "tenant:errors:ratio_rate5m",
      expr:
        '(sum by (tenant) (rate(api_tenant_requests_total{status="error"}[5m])) or 0 * tenant:requests:rate5m)' +
        " / (tenant:requests:rate5m > 0)",
    },
    {
      record: "model:first_token_seconds:p95_5m",
      expr: "histogram_quantile(0.95, sum by (model, le) (rate(api_time_to_first_token_seconds_bucket[5m])))",
    },
    {
      // A share instead of a quantile: at the edge of a bucket a quantile says the edge.
      record: "model:first_token_over_500ms:ratio_rate5m",
      expr: shareOver("api_time_to_first_token_seconds", "0.5"),
    },
    {
      // Embeddings are answered whole; of what is streamed only the first token can be late.
      record: "model:embeddings_over_500ms:ratio_rate5m",
      expr: shareOver("api_request_duration_seconds", "0.5", 'endpoint="/v1/embeddings"'),
    },
    {
      record: "model:risk_over_200ms:ratio_rate5m",
      expr: shareOver("api_request_duration_seconds", "0.2", 'endpoint="/v1/risk/decisions"'),
    },
    {
      record: "model:tokens:rate5m",
      expr: "sum by (model, token_type) (rate(api_token_usage_total[5m]))",
    },
    {
      // Fewer callers make fewer tokens; what one request gets is the engine's own speed.
      record: "model_name:tokens_per_request:rate5m",
      expr:
        "sum by (model_name) (rate(vllm:generation_tokens_total[5m]))" +
        " / (sum by (model_name) (avg_over_time(vllm:num_requests_running[5m])) > 0)",
    },
  ],
};

/** The bounds of the gateway's own histogram of durations, in seconds (gateway-image/src/telemetry/metrics.ts). */
export const DURATION_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

export const aliases: RuleGroup = {
  name: "api-aliases",
  rules: [
    {
      // One rule: several that record one name are taken for a mistake.
      record: "api_request_duration_ms_bucket",
      expr: [...DURATION_BUCKETS.map(String), "+Inf"].map(bucketInMs).join(" or "),
    },
    { record: "api_request_duration_ms_sum", expr: "1000 * api_request_duration_seconds_sum" },
    { record: "api_request_duration_ms_count", expr: "api_request_duration_seconds_count" },
    {
      record: "api_tokens_processed_total",
      expr: 'label_replace(api_token_usage_total, "type", "$1", "token_type", "(.*)")',
    },
  ],
};

/** Prometheus 3 writes the bound 1 as 1.0. */
function bucketInMs(bound: string): string {
  const inMs = bound === "+Inf" ? bound : String(Math.round(Number(bound) * 1000));
  const whole = /^\d+$/.test(bound);
  const matcher = whole ? `le=~"${bound}([.]0)?"` : `le="${bound}"`;
  return `label_replace(api_request_duration_seconds_bucket{${matcher}}, "le", "${inMs}", "le", ".*")`;
}
