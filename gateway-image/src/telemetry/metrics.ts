/** The gateway's metrics: names and labels that dashboards and alerts are written against. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { limits } from "../limits.ts";

/** From a cached risk decision (0.2 s is its deadline) to the longest stream of ten minutes. */
const DURATION_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];
const FIRST_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 20, 60, 120];

const RATE_BUCKETS = [1, 2, 5, 10, 20, 30, 50, 75, 100, 200, 500, 1_000];
const WAIT_BUCKETS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const JOB_BUCKETS = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(version: string) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = makerOf(registry);
  make.gauge("gateway_build_info", "Always 1.", ["version"]).set({ version }, 1);
  return {
    registry,
    userLabel: createBoundedLabel(limits.userLabelsMax),
    tenantLabel: createBoundedLabel(limits.tenantLabelsMax),
    ...callMetrics(make),
    ...jobMetrics(make),
    ...recordMetrics(make),
    ...neighbourMetrics(make),
  };
}

/** Of each call. */
function callMetrics(make: Maker) {
  return {
    requests: make.counter("api_requests_total", "Requests that ended.", [
      "endpoint",
      "model",
      "status",
      "code",
      "user",
    ]),
    tenantRequests: make.counter("api_tenant_requests_total", "Requests that ended, by tenant.", [
      "tenant",
      "status",
    ]),
    duration: make.histogram(
      "api_request_duration_seconds",
      "From the first header to the last byte.",
      ["endpoint", "model", "status"],
      DURATION_BUCKETS,
    ),
    firstToken: make.histogram(
      "api_time_to_first_token_seconds",
      "From the first header to the first event of a streamed answer.",
      ["model"],
      FIRST_TOKEN_BUCKETS,
    ),
    tokens: make.counter("api_token_usage_total", "Tokens by direction.", ["model", "token_type"]),
    concurrent: make.gauge("api_concurrent_requests", "Requests under way.", ["endpoint"]),
    sockets: make.gauge("gateway_sockets_open", "WebSocket connections.", []),
    queue: make.gauge("api_queue_length", "Admitted requests without a first byte yet.", ["model"]),
    quotaRefusals: make.counter("gateway_quota_refusals_total", "Answers 429.", ["reason"]),
    quotaWait: make.histogram(
      "gateway_quota_wait_seconds",
      "How long calls over a limit waited to be let in.",
      ["outcome"],
      WAIT_BUCKETS,
    ),
    queueWait: make.histogram(
      "gateway_queue_wait_seconds",
      "How long calls waited for their turn at a model that takes only so many.",
      ["model", "class"],
      WAIT_BUCKETS,
    ),
    tokensPerSecond: make.histogram(
      "api_tokens_per_second",
      "Of a streamed answer, from its first event to its end.",
      ["model"],
      RATE_BUCKETS,
    ),
    reservations: make.counter("gateway_reservations_total", "Calls before their limits.", [
      "outcome",
    ]),
    cache: make.counter("gateway_cache_total", "Questions that may have been asked before.", [
      "outcome",
    ]),
    filterVerdicts: make.counter(
      "gateway_filter_verdicts_total",
      "Words of the word lists that were met.",
      ["direction", "mode"],
    ),
  };
}

/** Of what is computed later. */
function jobMetrics(make: Maker) {
  return {
    jobs: make.counter("gateway_jobs_total", "Asynchronous jobs that ended.", ["state"]),
    jobAge: make.histogram(
      "gateway_job_seconds",
      "From a job's acceptance to its end.",
      [],
      JOB_BUCKETS,
    ),
    fineTunings: make.counter("gateway_fine_tuning_jobs_total", "Those that ended.", ["state"]),
    fineTuningFaults: make.counter(
      "gateway_fine_tuning_failures_total",
      "Times the store or the cluster did not answer as it should.",
      [],
    ),
    webhooks: make.counter("gateway_webhooks_total", "Webhooks that were told.", ["outcome"]),
  };
}

/** Of what may not be lost. */
function recordMetrics(make: Maker) {
  return {
    ledgerRows: make.gauge("gateway_ledger_queue_rows", "Rows not yet in the ledger.", []),
    ledgerLost: make.counter("gateway_ledger_lost_total", "Rows that will never be written.", []),
    ledgerFaults: make.counter(
      "gateway_ledger_write_failures_total",
      "Batches to be tried again.",
      [],
    ),
    ledgerLag: make.gauge(
      "gateway_ledger_lag_seconds",
      "Age of the oldest row that the ledger does not have yet.",
      [],
    ),
    auditLag: make.gauge(
      "gateway_audit_lag_seconds",
      "Age of the oldest event that no anchor holds yet.",
      [],
    ),
    writeAheadBytes: make.gauge(
      "gateway_write_ahead_bytes",
      "Rows on the disk, owed to the ledger.",
      [],
    ),
    memoryLimit: make.gauge(
      "gateway_memory_limit_bytes",
      "Memory that the process may hold before it is ended; 0: as much as the machine has.",
      [],
    ),
    auditChainFaults: make.gauge(
      "gateway_audit_chain_faults",
      "Faults that the last check of the own audit trail found.",
      [],
    ),
    certificateExpires: make.gauge(
      "gateway_certificate_expires_seconds",
      "When a certificate that it serves with ends, in seconds since 1970.",
      // Without a label there would be a series, and the year 1970, where TLS is off.
      ["certificate"],
    ),
    // Of kinds of keys, not of keys: there may be as many as there are callers.
    keysExpiring: make.gauge(
      "gateway_keys_expiring",
      "Keys in force that end within 14 days and have no successor.",
      ["kind"],
    ),
    keyEarliestEnd: make.gauge(
      "gateway_key_earliest_end_seconds",
      "When the first of them ends, in seconds since 1970.",
      ["kind"],
    ),
    auditEvents: make.counter("gateway_audit_events_total", "Events of the audit trail.", [
      "outcome",
    ]),
    auditLost: make.counter("gateway_audit_lost_total", "Events that could not be recorded.", []),
    auditFaults: make.counter(
      "gateway_audit_anchor_failures_total",
      "Anchors that were not taken.",
      [],
    ),
  };
}

/** Of the stores, model servers and files that the gateway needs. */
function neighbourMetrics(make: Maker) {
  return {
    quotaFaults: make.counter("gateway_quota_store_failures_total", "Redis did not answer.", []),
    directoryFaults: make.counter(
      "gateway_directory_failures_total",
      "Times the directory's store did not answer.",
      [],
    ),
    upstreamFaults: make.counter("gateway_upstream_faults_total", "Faults of model servers.", [
      "model",
      "reason",
    ]),
    hedges: make.counter("gateway_hedges_total", "Calls whose server kept silent for too long.", [
      "model",
      "outcome",
    ]),
    ejections: make.counter("gateway_upstream_ejections_total", "Times a target was left alone.", [
      "model",
    ]),
    streamSilences: make.counter(
      "gateway_stream_silences_total",
      "Times that a model server was silent for 15 s in the middle of a stream.",
      ["model"],
    ),
    ejected: make.gauge("gateway_upstream_ejected", "1: the target is left alone.", [
      "model",
      "target",
    ]),
    probes: make.counter("gateway_upstream_probes_total", "Probes of the site's model servers.", [
      "target",
      "outcome",
    ]),
    spansLost: make.counter("gateway_spans_lost_total", "Spans that no collector took.", []),
    reloadFaults: make.counter("gateway_reload_failures_total", "New versions refused.", ["file"]),
  };
}

type Maker = ReturnType<typeof makerOf>;

function makerOf(registry: Registry) {
  const registers = [registry];
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Counter({ name, help, labelNames: [...labelNames], registers }),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge({ name, help, labelNames: [...labelNames], registers }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      buckets: number[],
    ) => new Histogram({ name, help, labelNames: [...labelNames], buckets, registers }),
  };
}

/** The first `max` by name, all later ones together: a label must not grow for ever. */
function createBoundedLabel(max: number): (name: string | null) => string {
  const known = new Set<string>();
  return (name) => {
    if (name === null) return "anonymous";
    if (known.has(name)) return name;
    if (known.size >= max) return "other";
    known.add(name);
    return name;
  };
}
