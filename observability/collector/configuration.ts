/**
 * The OpenTelemetry Collector's configuration in its two parts: an agent on each node reads the pods' log
 * files, and one Collector of the site takes their records and the gateways' spans, keeps them on its disk
 * and sends them to a store. Nobody is told that a record was taken before that disk has it. An agent keeps
 * its queue beside its places in the files: both outlive its process and end with its pod, and the next one
 * reads the files anew. So a record comes at least once, or is counted as lost. Pure.
 */
import { stringify } from "yaml";
import { LOG_KEYS, MASKED_VALUES, SPAN_KEYS } from "./content.ts";

export const COLLECTOR_PORTS = { otlp: 4318, metrics: 8888, health: 13_133 } as const;
/** Within the pod only: its own metrics, before they are served with TLS. */
const OWN_METRICS_PORT = 4319;
/**
 * Without it lines wait in memory for up to 100 ms after their place in the file was noted, and a kill at
 * that moment loses them (github.com/open-telemetry/opentelemetry-collector-contrib/issues/35456).
 */
export const COLLECTOR_FEATURES = "stanza.synchronousLogEmitter";
const MEBIBYTE = 1_048_576;

export interface CollectorPlaces {
  /** ca.crt, tls.crt and tls.key. */
  readonly tlsFolder: string;
  /** Where it keeps what must outlive it. */
  readonly dataFolder: string;
  /** Of another Collector on the same machine, in tests. */
  readonly ports?: typeof COLLECTOR_PORTS | Readonly<Record<keyof typeof COLLECTOR_PORTS, number>>;
  readonly ownMetricsPort?: number;
}

export interface AgentSettings extends CollectorPlaces {
  /** Where kubelet keeps the pods' log files. */
  readonly podsFolder: string;
  readonly namespaces: readonly string[];
  /** `<namespace>_<pod>` as files are called: what the Collector says of a store that is away would feed itself. */
  readonly excluded: readonly string[];
  readonly site: string;
  /** The site's Collector, as in https://collector.monitoring.svc:4318. */
  readonly collector: string;
}

export interface Store {
  /** The whole address at which it takes OTLP over HTTP, as in https://loki.example.org/otlp/v1/logs. */
  readonly url: string;
  /** Who signs its certificate; absent: the public authorities of the image. */
  readonly authorityFile?: string | undefined;
  /** Read again when it changes. */
  readonly tokenFile?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface CollectorSettings extends CollectorPlaces {
  readonly stores: { readonly logs?: Store | undefined; readonly traces?: Store | undefined };
  /** Of the volume under `dataFolder`. */
  readonly diskMebibytes: number;
}

/**
 * Shares of the volume. The rest is for the database's own pages, which are 4 KiB at least and are reused
 * but not given back before it is nearly empty.
 */
const QUEUE_SHARES = { logs: 0.5, traces: 0.2 } as const;
/** An agent's, which is on its node's disk: some minutes of lines; then it waits, and the files are the queue. */
export const AGENT_QUEUE_MEBIBYTES = 128;
/** How far a database may outgrow its queue: beyond it a record is refused, and the disk is never full. */
const PAGES_FACTOR = 1.3;
/** Waits grow from one second to half a minute; after a day a record is given up, and counted. */
const RETRY = {
  enabled: true,
  ...{ initial_interval: "1s", max_interval: "30s", max_elapsed_time: "24h" },
} as const;

export function agentConfiguration(settings: AgentSettings): string {
  return render({
    extensions: {
      ...health(settings),
      "file_storage/offsets": database(settings, "offsets", false),
      "file_storage/queue": {
        ...database(settings, "queue", false),
        ...bounded(settings.dataFolder, "queue", AGENT_QUEUE_MEBIBYTES * PAGES_FACTOR),
      },
    },
    receivers: { ...ownReceiver(settings), file_log: podLogs(settings) },
    processors: { ...limiter(), "redaction/logs": redaction(LOG_KEYS) },
    exporters: {
      "otlp_http/collector": {
        endpoint: settings.collector,
        tls: { ca_file: `${settings.tlsFolder}/ca.crt`, min_version: "1.3" },
        timeout: "10s",
        retry_on_failure: RETRY,
        sending_queue: queue("queue", AGENT_QUEUE_MEBIBYTES),
      },
      ...ownExporter(settings),
    },
    service: {
      ...serviceOf(["health_check", "file_storage/offsets", "file_storage/queue"], settings),
      pipelines: {
        ...ownPipeline(),
        logs: {
          receivers: ["file_log"],
          processors: ["memory_limiter", "redaction/logs"],
          exporters: ["otlp_http/collector"],
        },
      },
    },
  });
}

export function collectorConfiguration(settings: CollectorSettings): string {
  const stores = Object.entries(settings.stores).flatMap(([signal, store]) =>
    store === undefined ? [] : [{ signal: signal as Signal, store }],
  );
  const signed = stores.filter(({ store }) => store.tokenFile !== undefined);
  const keys = { logs: LOG_KEYS, traces: SPAN_KEYS };
  const made = <Value>(kind: string, of: (one: (typeof stores)[number]) => Value, list = stores) =>
    Object.fromEntries(list.map((one) => [`${kind}/${one.signal}`, of(one)]));
  const more = {
    ...made("file_storage", ({ signal }) => queueDatabase(settings, signal)),
    ...made("bearertokenauth", ({ store }) => ({ filename: store.tokenFile }), signed),
  };
  return render({
    extensions: { ...health(settings), ...more },
    receivers: { ...ownReceiver(settings), otlp: ingest(settings) },
    processors: { ...limiter(), ...made("redaction", ({ signal }) => redaction(keys[signal])) },
    exporters: {
      ...made("otlp_http", ({ signal, store }) => toStore(signal, store, settings.diskMebibytes)),
      ...ownExporter(settings),
    },
    service: {
      ...serviceOf(["health_check", ...Object.keys(more)], settings),
      pipelines: {
        ...ownPipeline(),
        ...Object.fromEntries(stores.map(({ signal }) => [signal, pipelineOf(signal)])),
      },
    },
  });
}

type Signal = keyof typeof QUEUE_SHARES;

function pipelineOf(signal: Signal): object {
  return {
    receivers: ["otlp"],
    processors: ["memory_limiter", `redaction/${signal}`],
    exporters: [`otlp_http/${signal}`],
  };
}

/** The lines of the site's own pods. */
function podLogs(settings: AgentSettings): object {
  const { podsFolder, namespaces, excluded, site } = settings;
  return {
    include: namespaces.map((namespace) => `${podsFolder}/${namespace}_*/*/*.log`),
    exclude: excluded.map((pod) => `${podsFolder}/${pod}*/*/*.log`),
    // A new agent reads what kubelet still has: twice rather than never.
    start_at: "beginning",
    include_file_path: true,
    include_file_name: false,
    storage: "file_storage/offsets",
    // Longer lines come in pieces; the longest of ours is a sealed prompt, which is dropped anyway.
    max_log_size: "1MiB",
    retry_on_failure: RETRY,
    resource: { "deployment.site": site },
    operators: lineOperators(),
  };
}

/** A line of ours becomes a record with fields, at every depth of which names are looked up in the list. */
function lineOperators(): object[] {
  const isRecord = 'type(body) == "map"';
  return [
    { type: "container" },
    {
      type: "copy",
      from: 'resource["k8s.container.name"]',
      to: 'resource["service.name"]',
    },
    {
      type: "json_parser",
      parse_to: "body",
      if: 'body startsWith "{" and body endsWith "}"',
      // Not JSON after all: it stays the text that it is.
      on_error: "send_quiet",
    },
    {
      type: "severity_parser",
      parse_from: "body.level",
      if: `${isRecord} and type(body.level) == "string"`,
      on_error: "send_quiet",
    },
    {
      type: "trace_parser",
      trace_id: { parse_from: "body.trace_id" },
      if: `${isRecord} and type(body.trace_id) == "string"`,
      on_error: "send_quiet",
    },
  ];
}

function ingest({ tlsFolder, ports = COLLECTOR_PORTS }: CollectorPlaces): object {
  return {
    protocols: {
      http: {
        endpoint: `0.0.0.0:${ports.otlp}`,
        tls: serverTls(tlsFolder),
        // The largest batch of an agent is a hundred lines of up to 1 MiB, and they are seldom that long.
        max_request_body_size: 16 * MEBIBYTE,
      },
    },
  };
}

function toStore(signal: Signal, store: Store, diskMebibytes: number): object {
  const { url, authorityFile, tokenFile, headers } = store;
  return {
    [`${signal}_endpoint`]: url,
    tls: {
      min_version: "1.3",
      ...(authorityFile === undefined ? {} : { ca_file: authorityFile }),
    },
    ...(headers === undefined ? {} : { headers }),
    ...(tokenFile === undefined ? {} : { auth: { authenticator: `bearertokenauth/${signal}` } }),
    timeout: "30s",
    retry_on_failure: RETRY,
    sending_queue: queue(signal, Math.floor(diskMebibytes * QUEUE_SHARES[signal])),
  };
}

function queue(storage: string, mebibytes: number): object {
  return {
    storage: `file_storage/${storage}`,
    sizer: "bytes",
    queue_size: mebibytes * MEBIBYTE,
    // Each holds one batch in memory.
    num_consumers: 4,
    // Batches are made behind the queue, where a record is still on the disk; before it, they would be lost.
    batch: { flush_timeout: "1s", min_size: MEBIBYTE / 4, max_size: MEBIBYTE },
  };
}

/** `lasting`: what was acknowledged outlives a power cut, too. An agent's line is flushed with its file, by the runtime. */
function database({ dataFolder }: CollectorPlaces, name: string, lasting = true): object {
  return {
    directory: `${dataFolder}/${name}`,
    create_directory: true,
    fsync: lasting,
    // Damaged by a power cut, it is put aside: an agent then reads its files anew.
    ...(lasting ? {} : { recreate: true }),
    // A predecessor that still ends holds the lock.
    timeout: "10s",
  };
}

function queueDatabase(settings: CollectorSettings, signal: Signal): object {
  const share = settings.diskMebibytes * QUEUE_SHARES[signal] * PAGES_FACTOR;
  return { ...database(settings, signal), ...bounded(settings.dataFolder, signal, share) };
}

function bounded(dataFolder: string, name: string, share: number): object {
  return {
    max_size: Math.floor(share) * MEBIBYTE,
    // A copy is made while hardly anything is in it, so that it needs no second disk.
    compaction: {
      on_rebound: true,
      directory: `${dataFolder}/${name}`,
      cleanup_on_start: true,
      rebound_needed_threshold_mib: Math.min(100, Math.floor(share / 2)),
      rebound_trigger_threshold_mib: Math.min(10, Math.floor(share / 8)),
    },
  };
}

/** Of the container's memory; above it senders are told to wait. */
function limiter(): object {
  return {
    memory_limiter: { check_interval: "1s", limit_percentage: 75, spike_limit_percentage: 20 },
  };
}

function redaction(keys: readonly string[]): object {
  return {
    allow_all_keys: false,
    allowed_keys: keys,
    blocked_values: MASKED_VALUES,
    // Names of what was dropped would tell of it.
    summary: "silent",
  };
}

function health({ tlsFolder, ports = COLLECTOR_PORTS }: CollectorPlaces): object {
  return { health_check: { endpoint: `0.0.0.0:${ports.health}`, tls: serverTls(tlsFolder) } };
}

/**
 * A renewed certificate is taken at the first handshake after this; two small files are read for it. It
 * says nothing of authorities, which are read at the start alone.
 */
const RELOAD = "10s";

function serverTls(folder: string): object {
  const files = { cert_file: `${folder}/tls.crt`, key_file: `${folder}/tls.key` };
  return { ...files, min_version: "1.3", reload_interval: RELOAD };
}

/**
 * The Collector's own page of metrics cannot be served with TLS. So it tells them to itself over the pod's
 * loopback, and the exporter for Prometheus, which can, shows them.
 */
function ownReceiver({ ownMetricsPort = OWN_METRICS_PORT }: CollectorPlaces): object {
  return {
    "otlp/own": { protocols: { http: { endpoint: `127.0.0.1:${ownMetricsPort}` } } },
  };
}

function ownExporter({ tlsFolder, ports = COLLECTOR_PORTS }: CollectorPlaces): object {
  return {
    prometheus: {
      endpoint: `0.0.0.0:${ports.metrics}`,
      tls: serverTls(tlsFolder),
      without_scope_info: true,
      // What it no longer tells is gone after a missed turn or two, and is not shown as if it went on.
      metric_expiration: "45s",
    },
  };
}

function ownPipeline(): object {
  return { "metrics/own": { receivers: ["otlp/own"], exporters: ["prometheus"] } };
}

function serviceOf(
  extensions: readonly string[],
  { ownMetricsPort = OWN_METRICS_PORT }: CollectorPlaces,
): object {
  const exporter = {
    otlp: {
      protocol: "http/protobuf",
      endpoint: `http://127.0.0.1:${ownMetricsPort}/v1/metrics`,
      temporality_preference: "cumulative",
    },
  };
  return {
    extensions,
    telemetry: {
      logs: { level: "info", encoding: "json" },
      metrics: { level: "normal", readers: [{ periodic: { interval: 15_000, exporter } }] },
      // Prometheus says itself which target a sample is of.
      resource: { "service.name": null, "service.version": null, "service.instance.id": null },
    },
  };
}

/** A dollar would begin the name of a variable; nothing of ours is to be filled in. */
function render(document: object): string {
  const text = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  return text.replaceAll("$", "$$$$");
}
