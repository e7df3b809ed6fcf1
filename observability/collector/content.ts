/**
 * What a log record or a span may carry when it leaves: a list of names, whatever a program writes. What
 * is in no list is dropped, at every depth of a record; what looks like a credential is masked. Pure data.
 */

/** Fields of a line, as the gateway, the edge and the programs of this package write them. */
const LINE_FIELDS = [
  ...["level", "time", "timestamp", "message", "site", "instance", "where", "fix", "what"],
  // One line for each call (gateway-image/src/steps/observe.ts), without prompt_hash and prompt_sealed.
  ...[
    "request_id",
    "call_id",
    "trace_id",
    "user",
    "key",
    "method_of_identity",
    "tenant",
    "address",
  ],
  ...["method", "endpoint", "model", "target", "hedge", "prompt_tokens", "completion_tokens"],
  ...["usage_source", "latency_ms", "first_byte_ms", "status", "code", "error"],
  // Why something failed; never a stack, which may quote what was asked.
  ...["cause", "name", "rows", "file", "state", "fine_tuning", "port", "metrics_port", "version"],
  // The edge's line for each request (components/nginx-configuration.ts): the path without its query.
  ...["host", "path", "protocol", "tls", "bytes", "seconds", "upstream_status", "upstream_seconds"],
] as const;

/** Whose line it is: what the name of its file says. */
const LOG_SOURCES = [
  ...["k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name"],
  ...["k8s.container.restart_count", "log.iostream"],
] as const;

const SOURCES = ["service.name", "service.version", "service.instance.id", "deployment.site"];

/** As the gateway names them (gateway-image/src/steps/trace.ts); OpenTelemetry's own words where it has some. */
const SPAN_FIELDS = [
  ...["http.request.method", "http.route", "http.response.status_code", "server.address"],
  ...["error.type", "user.id", "gateway.request_id", "gateway.call_id", "gateway.tenant"],
  ...["gateway.hedge", "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.model"],
  ...["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"],
] as const;

export const LOG_KEYS: readonly string[] = [...LINE_FIELDS, ...LOG_SOURCES, ...SOURCES];
export const SPAN_KEYS: readonly string[] = [...SPAN_FIELDS, ...SOURCES];

/** In lines that are no JSON, and in what an allowed field holds: expressions of RE2. */
export const MASKED_VALUES: readonly string[] = [
  // Keys of this gateway and of its providers.
  "sk-[A-Za-z0-9_-]{8,}",
  // Credentials of HTTP, and signed tokens.
  "(?i)(bearer|basic)\\s+[A-Za-z0-9._~+/=-]{8,}",
  "eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*",
  // Users and passwords in addresses.
  "://[^/@\\s:]+:[^/@\\s]+@",
  "-----BEGIN [A-Z ]*PRIVATE KEY-----",
];
