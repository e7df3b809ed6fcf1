/**
 * Objects of the Prometheus operator (monitoring.coreos.com/v1), for a cluster whose own Prometheus scrapes what is
 * there: who is scraped, over TLS 1.3 and verified, under the names that our rules use. Pure.
 */

/** A Service's or a pod's port that answers Prometheus. */
export type Monitored = Port & (Verified | Plain);

interface Verified {
  /** In the certificate; a pod's address is in none. */
  readonly serverName: string;
  /** In the same namespace, with ca.crt. */
  readonly authoritySecret: string;
}

/** Of somebody else's that speaks no TLS: samples whose names begin so, and no other. */
interface Plain {
  readonly plain: string;
}

interface Port {
  readonly name: string;
  readonly namespace: string;
  /** `pods` that stand behind no Service of their own. */
  readonly of: "service" | "pods";
  readonly selector: Readonly<Record<string, string>>;
  /** By its name. */
  readonly port: string;
  readonly job: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: /metrics. */
  readonly path?: string;
}

export const OPERATOR_API = "monitoring.coreos.com/v1";

export function monitorObject(
  monitored: Monitored,
  scrapeSeconds: number,
  labels: Readonly<Record<string, string>>,
) {
  const { name, namespace, of, selector } = monitored;
  const [kind, field] =
    of === "service"
      ? (["ServiceMonitor", "endpoints"] as const)
      : (["PodMonitor", "podMetricsEndpoints"] as const);
  return {
    apiVersion: OPERATOR_API,
    kind,
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      selector: { matchLabels: { ...selector } },
      namespaceSelector: { matchNames: [namespace] },
      [field]: [endpoint(monitored, scrapeSeconds)],
    },
  };
}

function endpoint(monitored: Monitored, seconds: number) {
  const { port, job, labels, path } = monitored;
  const written = Object.entries({ job, ...labels });
  return {
    port,
    ...(path === undefined ? {} : { path }),
    interval: `${seconds}s`,
    scrapeTimeout: "5s",
    ...("plain" in monitored ? believed(monitored) : verified(monitored)),
    // The operator would name the job after the Service.
    relabelings: written.map(([targetLabel, replacement]) => ({ targetLabel, replacement })),
  };
}

function verified({ authoritySecret, serverName }: Verified) {
  const ca = { secret: { name: authoritySecret, key: "ca.crt" } };
  return { scheme: "https", tlsConfig: { ca, serverName, minVersion: "TLS13" } };
}

function believed({ plain }: Plain) {
  const keep = { sourceLabels: ["__name__"], regex: `${plain}.*`, action: "keep" };
  return { scheme: "http", metricRelabelings: [keep] };
}
