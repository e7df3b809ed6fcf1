/**
 * vLLM's metrics by version (vllm/v1/metrics/loggers.py and its pages on metrics). Its client for
 * Python writes `_total` behind every counter. Pure data.
 */
import { type Metric, metricsOf } from "./metric.ts";

const LABELS = "model_name engine";

export const MODEL_SERVER_METRICS: readonly Metric[] = metricsOf("vllm", "0.8", [
  ["vllm:num_requests_running", "gauge", "requests", LABELS, "Requests that are being computed."],
  ["vllm:num_requests_waiting", "gauge", "requests", LABELS, "Requests that wait to be computed."],
  [
    "vllm:kv_cache_usage_perc",
    "gauge",
    "ratio",
    LABELS,
    "Share of the key-value cache in use, from 0 to 1 (not percent, whatever its name says).",
    { since: "0.9" },
  ],
  [
    "vllm:gpu_cache_usage_perc",
    "gauge",
    "ratio",
    LABELS,
    "The same under its former name.",
    { until: "0.10" },
  ],
  ["vllm:num_preemptions_total", "counter", "requests", LABELS, "Requests that had to give way."],
  ["vllm:prompt_tokens_total", "counter", "tokens", LABELS, "Tokens that were read."],
  ["vllm:generation_tokens_total", "counter", "tokens", LABELS, "Tokens that were made."],
  [
    "vllm:request_success_total",
    "counter",
    "requests",
    `${LABELS} finished_reason`,
    "Requests that ended. Those whose caller left are in none of its reasons: `abort` stays at nought.",
  ],
  [
    "vllm:prefix_cache_queries_total",
    "counter",
    "tokens",
    LABELS,
    "Tokens that the prefix cache was asked for.",
    { since: "0.9" },
  ],
  [
    "vllm:prefix_cache_hits_total",
    "counter",
    "tokens",
    LABELS,
    "Tokens that it had.",
    { since: "0.9" },
  ],
  [
    "vllm:time_to_first_token_seconds",
    "histogram",
    "seconds",
    LABELS,
    "From a request's arrival to its first token.",
  ],
  [
    "vllm:inter_token_latency_seconds",
    "histogram",
    "seconds",
    LABELS,
    "From one token to the next.",
    { since: "0.11" },
  ],
  [
    "vllm:time_per_output_token_seconds",
    "histogram",
    "seconds",
    LABELS,
    "The same under its former name.",
    { until: "0.12" },
  ],
  [
    "vllm:request_time_per_output_token_seconds",
    "histogram",
    "seconds",
    LABELS,
    "Mean time per token of a request.",
    { since: "0.11" },
  ],
  [
    "vllm:e2e_request_latency_seconds",
    "histogram",
    "seconds",
    LABELS,
    "From a request's arrival to its end.",
  ],
  ["vllm:request_queue_time_seconds", "histogram", "seconds", LABELS, "Time in the queue."],
  ["vllm:request_prefill_time_seconds", "histogram", "seconds", LABELS, "Time to read the prompt."],
  ["vllm:request_decode_time_seconds", "histogram", "seconds", LABELS, "Time to make the answer."],
  ["vllm:request_inference_time_seconds", "histogram", "seconds", LABELS, "Both together."],
  ["vllm:request_prompt_tokens", "histogram", "tokens", LABELS, "Tokens of the prompt."],
  ["vllm:request_generation_tokens", "histogram", "tokens", LABELS, "Tokens of the answer."],
  [
    "vllm:iteration_tokens_total",
    "histogram",
    "tokens",
    LABELS,
    "Tokens of one step of the engine; a histogram, whatever the name says.",
  ],
]);

/** The simulator's own: there are no such metrics where a real engine runs. */
export const SIMULATOR_METRICS: readonly Metric[] = metricsOf("vllm", "simulator only", [
  ["simulated", "gauge", "none", "", "1: this model server is simulated, no weights are loaded."],
  [
    "simulated_requests_left_total",
    "counter",
    "requests",
    LABELS,
    "Requests whose caller left; a real engine does not tell.",
  ],
]);
