/**
 * How large Prometheus must be for what it watches: series, samples a second, memory, disk. Series are
 * counted as if every bounded label were used up, since a Prometheus that dies of too many is missed
 * exactly when many things go wrong. Pure.
 */
import { mebibytes } from "./quantity.ts";

/** What is scraped. Counts are pods. */
export interface Watched {
  readonly models: number;
  readonly gateways: number;
  /** Replicas of engines, of all models together. */
  readonly modelServers: number;
  readonly edges: number;
  readonly redis: number;
  readonly postgres: number;
  /** Of CloudNativePG. */
  readonly postgresInstances: number;
  /** Audit archivers; one beside each gateway, or none. */
  readonly archivers: number;
  /** GPUs, or slices of them, that our Prometheus is told of. */
  readonly gpus: number;
  /** Collectors, and the agents that read the log files of each node. */
  readonly collectors: number;
  readonly agents: number;
  /** Pods of the relay of alerts, and the channels that each of them tells. */
  readonly relays: number;
  readonly relayedChannels: number;
  /** Samples are written elsewhere, too. */
  readonly remoteWrite: boolean;
}

export interface MonitoringSize {
  readonly series: number;
  readonly samplesPerSecond: number;
  readonly memoryMebibytes: number;
  readonly diskMebibytes: number;
}

/** The gateway's bound of the label `user`, and `anonymous` and `other` (gateway-image/src/limits.ts). */
const USERS = 202;
/** Its bound of the label `tenant`, and the same two. */
const TENANTS = 102;
/** A caller asks for a few models; that every one asks for all of 64 is not foreseen. */
const MODELS_OF_USER = 4;
/** Of one caller and model: 200, 400, 429 and 502 are met in ordinary life. */
const CODES = 4;
/** success, client_error, error. */
const STATUSES = 3;

const GATEWAY = {
  /** What it exposes before its first call: 93 were counted. */
  atRest: 100,
  /** 30 of its 61 paths are asked for without a model, in two statuses: a histogram is 21 series. */
  endpoints: 30 * 2 * 21,
  /** Chat, completions and embeddings in three statuses, 21 series each. */
  durations: 3 * 3 * 21,
  /** Histograms of the first token (18), speed (15), and waits in three classes (15 each). */
  histograms: 18 + 15 + 3 * 15,
  /** Tokens by direction, queue, faults by reason, hedges by outcome, ejections, probes. */
  counters: 24,
} as const;

/**
 * vLLM's page: sixteen histograms with 5 to 22 bounds make 290 series, counters and gauges 40, those of
 * its HTTP server and of Python the rest (vllm/v1/metrics/loggers.py of 0.10).
 */
const MODEL_SERVER = 500;
/** Counted of Debian's exporters before real servers: 201 of Redis, 555 of PostgreSQL with two databases. */
const REDIS = 250;
const POSTGRES = 700;
/** CloudNativePG's default queries and what Go says of its manager, by their list; not counted before a running one. */
const POSTGRES_INSTANCE = 300;
/** nginx' seven counters, and what Go says of the exporter itself. */
const EDGE = 60;
const ARCHIVER = 5;
/** 26 counters (serving/gpu-counters.ts), and a series for each of four faults (XID) in its life. */
const GPU = 30;
/** `up` and four others about each scrape (prometheus.io/docs/concepts/jobs_instances). */
const SCRAPE = 5;
/** 40 were counted of a Collector of lines and spans on the local stack; failures add a few. An agent is the same program. */
const COLLECTOR = 60;
/** Five outcomes, four answers, a histogram of eight bounds, a queue (tools/alert-relay/metrics.ts). */
const RELAYED_CHANNEL = 21;
/** Prometheus 2.42 exposes 324 series with one job, Alertmanager 0.25 fewer. */
const PROMETHEUS = 600;
const ALERTMANAGER = 400;
/** Recordings of the whole service and two of each tenant, and alerts that are pending or fire. */
const RULES = 400;
/** Recordings of a model, and copies of its durations in milliseconds (observability/rules/recordings.ts). */
const RULES_OF_MODEL = 20;

/**
 * A rollout gives every pod a new address and so new series; the old ones stay in memory until the head
 * is cut, two to three hours later (prometheus.io/docs/prometheus/latest/storage).
 */
const CHURN = 2;
/** In the head, samples and remote write's share included: robustperception.io/why-does-prometheus-use-so-much-ram. */
const SERIES_KIBIBYTES = 3;
/** "~25% increased memory usage": prometheus.io/docs/practices/remote_write, "Memory usage". */
const REMOTE_WRITE = 1.25;
/** Prometheus 2.42 itself: 60 MiB resident were seen with one target. */
const PROGRAM_MEBIBYTES = 64;
/** Of the memory, for one query; so much is kept free for it. */
const QUERY_SHARE = 0.25;
/** A time and a value. */
const QUERY_SAMPLE_BYTES = 16;
/** Prometheus' own bound (--query.max-samples). */
const QUERY_SAMPLES_MAX = 50_000_000;
/** Go collects before the kernel ends it. */
const GO_SHARE = 0.9;

/** "1-2 bytes per sample", of which the worse: prometheus.io/docs/prometheus/latest/storage. */
const SAMPLE_BYTES = 2;
/**
 * Blocks grow to a tenth of the retention and go as a whole, and a merged one stands beside its parts
 * until it is complete (the same page, "Compaction"): a tenth each.
 */
const BLOCKS_OVERHEAD = 1.2;
/** Id, time and value of a sample in the log of writes: robustperception.io/how-much-space-does-the-wal-take-up. */
const LOG_SAMPLE_BYTES = 13;
/** It covers two hours at least, and the head is cut after three. */
const LOG_SECONDS = 3 * 3_600;
/** "at most 80-85% of your allocated Prometheus disk space": the same page, "Right-Sizing Retention Size". */
const DISK_SHARE = 0.8;
const DAY_SECONDS = 86_400;
const MEBIBYTE = 1_048_576;

export function monitoringSize(
  watched: Watched,
  {
    retentionDays,
    scrapeSeconds,
  }: { readonly retentionDays: number; readonly scrapeSeconds: number },
): MonitoringSize {
  const series = seriesOf(watched);
  const samplesPerSecond = Math.ceil(series / scrapeSeconds);
  const blocks = retentionDays * DAY_SECONDS * samplesPerSecond * SAMPLE_BYTES * BLOCKS_OVERHEAD;
  const log = LOG_SECONDS * samplesPerSecond * LOG_SAMPLE_BYTES;
  const written = watched.remoteWrite ? REMOTE_WRITE : 1;
  const head = (series * CHURN * SERIES_KIBIBYTES * written) / 1_024;
  return {
    series,
    samplesPerSecond,
    memoryMebibytes: Math.ceil((PROGRAM_MEBIBYTES + head) / (1 - QUERY_SHARE)),
    diskMebibytes: Math.ceil((blocks + log) / DISK_SHARE / MEBIBYTE),
  };
}

/** What the program is told, so that neither a query nor the disk ends it. */
export function prometheusLimits({
  memory,
  storage,
}: {
  readonly memory: string;
  readonly storage: string;
}) {
  const samples = Math.floor((mebibytes(memory) * QUERY_SHARE * MEBIBYTE) / QUERY_SAMPLE_BYTES);
  return {
    goMebibytes: Math.floor(mebibytes(memory) * GO_SHARE),
    querySamples: Math.min(QUERY_SAMPLES_MAX, samples),
    blocksMebibytes: Math.floor(mebibytes(storage) * DISK_SHARE),
  };
}

/** In steps in which people give memory and disks. */
export function asQuantity(needed: number): string {
  if (needed <= 1_024) return `${Math.ceil(needed / 64) * 64}Mi`;
  return `${Math.ceil(needed / 1_024)}Gi`;
}

export function seriesOf(watched: Watched): number {
  const { models, gateways, modelServers, edges, redis, postgres, archivers, gpus } = watched;
  const collecting = watched.collectors + watched.agents;
  // Prometheus and Alertmanager are two of them; every GPU may have a node of its own.
  const stores = redis + postgres + watched.postgresInstances;
  const served = gateways + modelServers + edges + stores + archivers + gpus;
  const targets = served + collecting + watched.relays + 2;
  return (
    gateways * gatewaySeries(models) +
    modelServers * MODEL_SERVER +
    edges * EDGE +
    redis * REDIS +
    postgres * POSTGRES +
    watched.postgresInstances * POSTGRES_INSTANCE +
    archivers * ARCHIVER +
    gpus * GPU +
    collecting * COLLECTOR +
    watched.relays * watched.relayedChannels * RELAYED_CHANNEL +
    PROMETHEUS +
    ALERTMANAGER +
    targets * SCRAPE +
    RULES +
    models * RULES_OF_MODEL
  );
}

/** Of one pod, the copies that rules make of its durations included. */
export function gatewaySeries(models: number): number {
  const calls = USERS * Math.min(models, MODELS_OF_USER) * CODES + TENANTS * STATUSES;
  const durations = GATEWAY.endpoints + models * GATEWAY.durations;
  const ofModels = models * (GATEWAY.histograms + GATEWAY.counters);
  return GATEWAY.atRest + calls + 2 * durations + ofModels;
}
