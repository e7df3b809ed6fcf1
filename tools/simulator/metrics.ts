/**
 * The metrics that vLLM exposes, by its names, labels (model_name, engine) and bucket bounds
 * (vllm/v1/metrics/loggers.py), in the Prometheus text format. Only those with a real value here.
 */
const TTFT_BOUNDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
  160, 640, 2560,
];
const INTER_TOKEN_BOUNDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const REQUEST_BOUNDS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];

/** Name → its bounds; null: lengths, whose bounds the longest context decides. */
const HISTOGRAMS = {
  "vllm:time_to_first_token_seconds": TTFT_BOUNDS,
  "vllm:inter_token_latency_seconds": INTER_TOKEN_BOUNDS,
  "vllm:e2e_request_latency_seconds": REQUEST_BOUNDS,
  "vllm:request_queue_time_seconds": REQUEST_BOUNDS,
  "vllm:request_prompt_tokens": null,
  "vllm:request_generation_tokens": null,
} as const;
const FINISHED_REASONS = ["stop", "length", "abort", "error"] as const;

export type HistogramName = keyof typeof HISTOGRAMS;
export type FinishedReason = (typeof FINISHED_REASONS)[number];

interface Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum: number;
}

export class ModelMetrics {
  running = 0;
  waiting = 0;
  /** Tokens held by running requests; the KV cache's fill is this by the configured capacity. */
  tokensHeld = 0;
  promptTokens = 0;
  generationTokens = 0;
  /** Tokens that the prefix cache was asked for, and those that it had. */
  prefixQueries = 0;
  prefixHits = 0;
  readonly model: string;
  readonly #capacityTokens: number;
  readonly #finished = new Map<FinishedReason, number>(FINISHED_REASONS.map((r) => [r, 0]));
  readonly #histograms = new Map<HistogramName, Histogram>();

  constructor(model: string, contextTokensMax: number, capacityTokens: number) {
    this.model = model;
    this.#capacityTokens = capacityTokens;
    for (const [name, fixed] of Object.entries(HISTOGRAMS)) {
      const bounds = fixed ?? lengthBounds(contextTokensMax);
      this.#histograms.set(name as HistogramName, {
        bounds,
        counts: Array.from({ length: bounds.length + 1 }, () => 0),
        sum: 0,
      });
    }
  }

  finished(reason: FinishedReason): void {
    this.#finished.set(reason, (this.#finished.get(reason) ?? 0) + 1);
  }

  observe(name: HistogramName, value: number): void {
    const histogram = this.#histograms.get(name);
    if (histogram === undefined) return;
    const at = histogram.bounds.findIndex((bound) => value <= bound);
    const slot = at === -1 ? histogram.bounds.length : at;
    histogram.counts[slot] = (histogram.counts[slot] ?? 0) + 1;
    histogram.sum += value;
  }

  get kvCacheUsage(): number {
    return Math.min(1, this.tokensHeld / this.#capacityTokens);
  }

  finishedCounts(): ReadonlyMap<FinishedReason, number> {
    return this.#finished;
  }

  histogram(name: HistogramName): Histogram | undefined {
    return this.#histograms.get(name);
  }
}

/** 1, 2, 5, 10, 20, 50 … up to the longest context, as vLLM's build_1_2_5_buckets makes them. */
function lengthBounds(most: number): number[] {
  const bounds: number[] = [];
  for (let power = 1; power <= most; power *= 10) {
    bounds.push(...[1, 2, 5].map((step) => step * power).filter((bound) => bound <= most));
  }
  return bounds;
}

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly value: (metrics: ModelMetrics) => number;
}

const FAMILIES: readonly Family[] = [
  {
    name: "vllm:num_requests_running",
    type: "gauge",
    help: "Number of requests in model execution batches.",
    value: (m) => m.running,
  },
  {
    name: "vllm:num_requests_waiting",
    type: "gauge",
    help: "Number of requests waiting to be processed.",
    value: (m) => m.waiting,
  },
  {
    name: "vllm:kv_cache_usage_perc",
    type: "gauge",
    help: "KV-cache usage. 1 means 100 percent usage.",
    value: (m) => m.kvCacheUsage,
  },
  {
    name: "vllm:num_preemptions_total",
    type: "counter",
    help: "Cumulative number of preemptions (always 0: simulated).",
    value: () => 0,
  },
  {
    name: "vllm:prompt_tokens_total",
    type: "counter",
    help: "Number of prefill tokens processed.",
    value: (m) => m.promptTokens,
  },
  {
    name: "vllm:generation_tokens_total",
    type: "counter",
    help: "Number of generation tokens processed.",
    value: (m) => m.generationTokens,
  },
  {
    name: "vllm:prefix_cache_queries_total",
    type: "counter",
    help: "Prefix cache queries, in terms of number of queried tokens.",
    value: (m) => m.prefixQueries,
  },
  {
    name: "vllm:prefix_cache_hits_total",
    type: "counter",
    help: "Prefix cache hits, in terms of number of cached tokens.",
    value: (m) => m.prefixHits,
  },
];

/** The page of /metrics. */
export function renderMetrics(all: readonly ModelMetrics[]): string {
  const lines: string[] = [];
  for (const family of FAMILIES) {
    lines.push(`# HELP ${family.name} ${family.help}`, `# TYPE ${family.name} ${family.type}`);
    for (const metrics of all) {
      lines.push(`${family.name}{${labels(metrics)}} ${family.value(metrics)}`);
    }
  }
  const success = "vllm:request_success_total";
  lines.push(`# HELP ${success} Count of finished requests.`, `# TYPE ${success} counter`);
  for (const metrics of all) {
    for (const [reason, count] of metrics.finishedCounts()) {
      // A real one has the series and never counts in it: who left, it forgets (docs/serving.md).
      const told = reason === "abort" ? 0 : count;
      lines.push(`${success}{${labels(metrics)},finished_reason="${reason}"} ${told}`);
    }
  }
  for (const name of Object.keys(HISTOGRAMS) as HistogramName[]) {
    const unit = name.endsWith("_seconds") ? "seconds" : "tokens";
    lines.push(`# HELP ${name} Histogram in ${unit}.`, `# TYPE ${name} histogram`);
    for (const metrics of all) lines.push(...histogramLines(name, metrics));
  }
  const left = "simulated_requests_left_total";
  lines.push(`# HELP ${left} Requests whose caller left.`, `# TYPE ${left} counter`);
  for (const metrics of all) {
    lines.push(`${left}{${labels(metrics)}} ${metrics.finishedCounts().get("abort") ?? 0}`);
  }
  lines.push("# HELP simulated 1: this model server is simulated, no weights are loaded.");
  lines.push("# TYPE simulated gauge", "simulated 1", "");
  return lines.join("\n");
}

function labels(metrics: ModelMetrics): string {
  return `model_name="${metrics.model}",engine="0"`;
}

function histogramLines(name: HistogramName, metrics: ModelMetrics): string[] {
  const histogram = metrics.histogram(name);
  if (histogram === undefined) return [];
  let total = 0;
  const buckets = histogram.counts.map((count, index) => {
    total += count;
    const bound = histogram.bounds[index];
    const le = bound === undefined ? "+Inf" : bound.toFixed(1 + decimals(bound));
    return `${name}_bucket{${labels(metrics)},le="${le}"} ${total}`;
  });
  return [
    ...buckets,
    `${name}_sum{${labels(metrics)}} ${histogram.sum}`,
    `${name}_count{${labels(metrics)}} ${total}`,
  ];
}

/** Python's client writes 1 as "1.0" and 0.001 as "0.001"; the label must be the same text. */
function decimals(bound: number): number {
  const [, fraction = ""] = String(bound).split(".");
  return Math.max(0, fraction.length - 1);
}
