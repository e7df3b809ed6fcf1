/** Alerts about model servers, in vLLM's own names where it counts what they ask. */
import { type AlertRule, type RuleGroup, steady } from "./rule.ts";

const model = { owner: "serving", dashboard: "serving" } as const;

const alerts: readonly AlertRule[] = [
  {
    ...model,
    subject: "queue",
    alert: "ModelQueueGrows",
    expr: `sum by (model_name) (${steady("vllm:num_requests_waiting")}) > 5`,
    for: "5m",
    severity: "warning",
    summary: "Requests wait for {{ $labels.model_name }}",
    description: "At least {{ $value }} requests have been waiting for minutes: add model servers.",
  },
  {
    ...model,
    subject: "queue",
    alert: "ModelQueueSlow",
    expr:
      "(sum by (model_name) (rate(vllm:request_queue_time_seconds_count[5m]))" +
      ' - sum by (model_name) (rate(vllm:request_queue_time_seconds_bucket{le="5.0"}[5m])))' +
      " / (sum by (model_name) (rate(vllm:request_queue_time_seconds_count[5m])) > 0.05) > 0.05",
    for: "10m",
    severity: "error",
    summary: "Requests of {{ $labels.model_name }} queue for more than 5 s",
    description: "{{ $value | humanizePercentage }} of them did during the last 5 minutes.",
  },
  {
    ...model,
    subject: "cache",
    alert: "ModelMemoryNearlyFull",
    expr: `max by (model_name) (${steady("vllm:kv_cache_usage_perc")}) > 0.95`,
    for: "5m",
    severity: "warning",
    summary: "The key-value cache of {{ $labels.model_name }} is nearly full",
    description: "{{ $value | humanizePercentage }} in use: long prompts will be preempted.",
  },
  {
    ...model,
    subject: "cache",
    alert: "ModelPreempts",
    expr: "sum by (model_name) (rate(vllm:num_preemptions_total[5m])) > 0.5",
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.model_name }} computes answers twice",
    description: "{{ $value | humanize }} requests a second give way to others and begin anew.",
  },
  {
    ...model,
    subject: "stall",
    alert: "ModelStalled",
    expr:
      `sum by (model_name, instance) (${steady("vllm:num_requests_running")}) > 0` +
      " and on (model_name, instance)" +
      " sum by (model_name, instance) (rate(vllm:generation_tokens_total[5m])) == 0",
    for: "2m",
    severity: "critical",
    summary: "{{ $labels.model_name }} makes no token",
    description:
      "{{ $labels.instance }} has {{ $value }} requests and has not answered any for 5 minutes.",
  },
  {
    ...model,
    subject: "latency",
    alert: "TokensSlow",
    expr: "histogram_quantile(0.95, sum by (model_name, le) (rate(vllm:inter_token_latency_seconds_bucket[5m]))) > 0.2",
    for: "10m",
    severity: "warning",
    summary: "Tokens of {{ $labels.model_name }} come slowly",
    description: "The 95th percentile between two tokens is {{ $value | humanizeDuration }}.",
  },
  {
    ...model,
    subject: "latency",
    alert: "TokenThroughputDropped",
    expr:
      "model_name:tokens_per_request:rate5m" +
      " < 0.5 * avg_over_time(model_name:tokens_per_request:rate5m[1h] offset 1h)",
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.model_name }} is half as fast as it was",
    description: "A request gets {{ $value | humanize }} tokens a second.",
  },
  {
    ...model,
    subject: "aborts",
    alert: "ModelAborts",
    // vLLM itself counts nobody who left: its `abort` stayed at nought on a real one (docs/serving.md).
    expr:
      'sum by (model) (rate(api_requests_total{code="499"}[5m]))' +
      " / (model:requests:rate5m > 0.05) > 0.1",
    for: "10m",
    severity: "info",
    summary: "Callers of {{ $labels.model }} give up",
    description: "{{ $value | humanizePercentage }} of the answers were broken off.",
  },
  {
    ...model,
    subject: "scaling",
    job: "keda",
    alert: "ScalerFails",
    expr: "sum by (scaledObject) (increase(keda_scaler_errors_total[10m])) > 0",
    for: "10m",
    severity: "warning",
    summary: "{{ $labels.scaledObject }} is not scaled",
    description:
      "KEDA has had {{ $value | humanize }} questions in vain: no replica comes or goes.",
  },
];

export const serving: RuleGroup = { name: "model-servers", rules: alerts };
