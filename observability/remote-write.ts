/** Samples that Prometheus writes elsewhere, beside its own disk: which, how many at once, and as whom. Pure. */

export interface RemoteWrite {
  readonly name: string;
  readonly url: string;
  /** PEM; undefined: public authorities. */
  readonly authority?: string | undefined;
  readonly authentication:
    | { readonly kind: "bearer"; readonly token: string }
    | { readonly kind: "basic"; readonly user: string; readonly password: string }
    | { readonly kind: "certificate"; readonly certificate: string; readonly key: string };
  /** Names of metrics, or beginnings of names and `*`. */
  readonly metrics: readonly string[];
  readonly shardsMax: number;
}

/** Prometheus' own figures since 2.53; five sends wait in a shard (prometheus.io/docs/practices/remote_write). */
const SAMPLES_PER_SEND = 2_000;
const CAPACITY = 10_000;

/** What must be kept secret, by the names of the files that Prometheus reads at every request. */
export function remoteWriteFiles({
  authority,
  authentication,
}: RemoteWrite): Record<string, string> {
  const ca = authority === undefined ? {} : { "ca.crt": authority };
  if (authentication.kind === "bearer") return { ...ca, token: authentication.token };
  if (authentication.kind === "basic") return { ...ca, password: authentication.password };
  const { certificate, key } = authentication;
  return { ...ca, "tls.crt": certificate, "tls.key": key };
}

export function remoteWriteSection(remote: RemoteWrite, folder: string): object {
  const { name, url, authority, authentication, metrics, shardsMax } = remote;
  const certificate = { cert_file: `${folder}/tls.crt`, key_file: `${folder}/tls.key` };
  return {
    name,
    url,
    // Elsewhere is somebody else's: what it answers must not send samples to a third place.
    follow_redirects: false,
    ...(authentication.kind === "bearer"
      ? { authorization: { type: "Bearer", credentials_file: `${folder}/token` } }
      : {}),
    ...(authentication.kind === "basic"
      ? { basic_auth: { username: authentication.user, password_file: `${folder}/password` } }
      : {}),
    tls_config: {
      ...(authority === undefined ? {} : { ca_file: `${folder}/ca.crt` }),
      ...(authentication.kind === "certificate" ? certificate : {}),
      // Other people's receivers are not all as new as ours; nothing below 1.2 is spoken.
      min_version: "TLS12",
    },
    write_relabel_configs: [
      { source_labels: ["__name__"], regex: metrics.map(patternOf).join("|"), action: "keep" },
    ],
    queue_config: {
      max_shards: shardsMax,
      max_samples_per_send: SAMPLES_PER_SEND,
      capacity: CAPACITY,
      retry_on_http_429: true,
    },
    metadata_config: { send: false },
  };
}

/** Prometheus anchors expressions itself; names hold nothing that one would have to quote. */
function patternOf(metric: string): string {
  return metric.endsWith("*") ? `${metric.slice(0, -1)}.*` : metric;
}
