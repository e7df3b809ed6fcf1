/** The flows of the service, as a table. What is not in it is denied. */
import { ALERTMANAGER, ALERTMANAGER_PORT } from "./alertmanager.ts";
import { BALANCED_PORT, EDGE, EDGE_PORTS } from "./edge.ts";
import { METRICS_PORTS } from "./exporters.ts";
import type { End, Flow } from "./flows.ts";
import { GATEWAY, GATEWAY_PORTS } from "./gateway.ts";
import { ARCHIVE_PORT } from "./gateway-archive.ts";
import { GRAFANA, GRAFANA_PORT } from "./grafana.ts";
import { POSTGRES, POSTGRES_PORT } from "./postgres.ts";
import { type PostgresClusterFlows, postgresClusterFlows } from "./postgres-cluster-flows.ts";
import { PROMETHEUS, PROMETHEUS_PORT } from "./prometheus.ts";
import { REDIS } from "./redis.ts";
import { REDIS_PORT, SENTINEL_PORT } from "./redis-replication.ts";
import { RESTORE_TEST, RESTORE_TEST_PORT } from "./restore-test.ts";
import { MODEL_PORT, MODEL_SERVER } from "./serving/model-component.ts";
import { identityFlow } from "./serving/weights-flows.ts";

export interface FlowPlaces {
  /** The namespace that serves, and the one that watches. */
  readonly service: string;
  readonly monitoring: string;
  readonly callerRanges: readonly string[];
  /** Where a balancer in front of the edge connects from; absent: there is none. */
  readonly balancerRanges?: readonly string[] | undefined;
  /** What gateways may call beyond the cluster; empty: nothing. */
  readonly outside: { readonly ranges: readonly string[]; readonly ports: readonly number[] };
  /** Where gateways fetch the keys of outside issuers of tokens. */
  readonly tokenIssuers?: readonly FlowPlaces["outside"][] | undefined;
  /** Where Alertmanager reaches those who are told. */
  readonly channels?: FlowPlaces["outside"] | undefined;
  /** Where Prometheus writes samples beside its own disk. */
  readonly remoteWrite?: FlowPlaces["outside"] | undefined;
  /** Who opens our Grafana, and where it asks who they are; absent: there is none. */
  readonly grafana?:
    | { readonly callerRanges: readonly string[]; readonly provider: FlowPlaces["outside"] }
    | undefined;
  /** The cluster's own Prometheus, beside ours or instead of it. */
  readonly watcher?: { readonly end: End; readonly alone: boolean } | undefined;
  /** Where gateways' audit trail is archived; absent: nowhere, or on a volume. */
  readonly archive?:
    | (FlowPlaces["outside"] & {
        readonly except: readonly string[];
        /** Pods have roles of AWS. */
        readonly podIdentity: boolean;
      })
    | undefined;
  /** Redis is three pods that follow and watch each other; absent: one. */
  readonly redisReplicated?: boolean | undefined;
  /** The other site's Redis: who follows this one, or whom this one follows. */
  readonly redisLink?:
    | {
        readonly followers: readonly string[];
        readonly followed?:
          | { readonly ranges: readonly string[]; readonly port: number }
          | undefined;
      }
    | undefined;
  /** Archivers beside gateways are scraped, wherever they archive to. */
  readonly archived?: boolean | undefined;
  /** The archive from which backups are tried; absent: nothing tries them. */
  readonly restoreTest?: FlowPlaces["outside"] | undefined;
  /** The API server, where gateways make Jobs of fine-tuning; absent: they do not reach it. */
  readonly apiServer?: FlowPlaces["outside"] | undefined;
  /** Redis and PostgreSQL are the cloud's, somewhere in these ranges; absent: pods. */
  readonly managedStores?: readonly string[];
  /** PostgreSQL is a cluster of CloudNativePG; absent: one pod of ours. */
  readonly postgresCluster?:
    | Omit<PostgresClusterFlows, "namespace" | "clients" | "watchers">
    | undefined;
  /** A copy of another site's ledger, which streams from there; no program comes in. */
  readonly ledgerCopy?:
    | Omit<PostgresClusterFlows, "namespace" | "clients" | "watchers">
    | undefined;
}

export function serviceFlows(places: FlowPlaces): Flow[] {
  const { service, monitoring, callerRanges, balancerRanges, outside } = places;
  const at = (namespace: string) => (program: string) => ({ namespace, program });
  const [serving, watching] = [at(service), at(monitoring)];
  const edge = Object.values(EDGE_PORTS);
  const { api } = GATEWAY_PORTS;
  return [
    { name: "callers-to-edge", from: { ranges: callerRanges }, to: serving(EDGE), ports: edge },
    ...(balancerRanges === undefined
      ? []
      : [
          {
            name: "balancer-to-edge",
            from: { ranges: balancerRanges },
            to: serving(EDGE),
            ports: [BALANCED_PORT, EDGE_PORTS.http],
          },
        ]),
    { name: "edge-to-gateway", from: serving(EDGE), to: serving(GATEWAY), ports: [api] },
    ...storeFlows(places),
    { name: "models", from: serving(GATEWAY), to: serving(MODEL_SERVER), ports: [MODEL_PORT] },
    ...outward("outside", serving(GATEWAY), outside),
    ...(places.tokenIssuers ?? []).flatMap((place, at) =>
      outward(`token-issuer-${at + 1}`, serving(GATEWAY), place),
    ),
    ...outward("fine-tuning", serving(GATEWAY), places.apiServer),
    ...archiveFlows(serving(GATEWAY), places.archive),
    ...metricsFlows(places),
    ...restoreFlows(places),
    ...(places.watcher?.alone === true
      ? []
      : [
          {
            name: "alerts",
            from: watching(PROMETHEUS),
            to: watching(ALERTMANAGER),
            ports: [ALERTMANAGER_PORT],
          },
          ...outward("remote-write", watching(PROMETHEUS), places.remoteWrite),
          ...outward("alert-channels", watching(ALERTMANAGER), places.channels),
        ]),
    ...grafanaFlows(watching(GRAFANA), watching(PROMETHEUS), places.grafana),
  ];
}

/** Whoever scrapes: ours, the cluster's own, or both. */
export function watchersOf({ monitoring, watcher }: Pick<FlowPlaces, "monitoring" | "watcher">) {
  const ours: End = { namespace: monitoring, program: PROMETHEUS };
  return [
    ...(watcher?.alone === true ? [] : [{ end: ours, suffix: "" }]),
    ...(watcher === undefined ? [] : [{ end: watcher.end, suffix: "-of-cluster" }]),
  ];
}

function metricsFlows(places: FlowPlaces): Flow[] {
  const { service } = places;
  const archive = places.archived === true ? [ARCHIVE_PORT] : [];
  const rows = [
    ["gateway-metrics", GATEWAY, [GATEWAY_PORTS.metrics, ...archive]],
    ["model-metrics", MODEL_SERVER, [MODEL_PORT]],
    ["edge-metrics", EDGE, [METRICS_PORTS.edge]],
  ] as const;
  return watchersOf(places).flatMap(({ end, suffix }) =>
    rows.map(([name, program, ports]) => ({
      ...{ name: `${name}${suffix}`, from: end, ports },
      to: { namespace: service, program },
    })),
  );
}

function restoreFlows(places: FlowPlaces): Flow[] {
  const { service, restoreTest } = places;
  if (restoreTest === undefined) return [];
  const own = { namespace: service, program: RESTORE_TEST };
  return [
    ...outward("restore-test-archive", own, restoreTest),
    ...watchersOf(places).map(({ end, suffix }) => ({
      ...{ name: `restore-test-metrics${suffix}`, from: end, to: own, ports: [RESTORE_TEST_PORT] },
    })),
  ];
}

function storeFlows(places: FlowPlaces): Flow[] {
  const { service, managedStores } = places;
  const gateway = { namespace: service, program: GATEWAY };
  if (managedStores !== undefined) {
    const to = { ranges: managedStores };
    return [
      { name: "quotas", from: gateway, to, ports: [REDIS_PORT] },
      { name: "ledger", from: gateway, to, ports: [POSTGRES_PORT] },
    ];
  }
  const redis = { namespace: service, program: REDIS };
  return [
    ...redisFlows(gateway, redis, places.redisReplicated === true),
    ...watchersOf(places).map(({ end, suffix }) => ({
      ...{ name: `redis-metrics${suffix}`, from: end, to: redis, ports: [METRICS_PORTS.redis] },
    })),
    ...linkFlows(redis, places.redisLink),
    ...ledgerFlows(places),
    ...copyFlows(places),
  ];
}

function grafanaFlows(grafana: End, prometheus: End, places: FlowPlaces["grafana"]): Flow[] {
  if (places === undefined) return [];
  const from = { ranges: places.callerRanges };
  return [
    { name: "people-to-grafana", from, to: grafana, ports: [GRAFANA_PORT] },
    { name: "dashboards", from: grafana, to: prometheus, ports: [PROMETHEUS_PORT] },
    ...outward("sign-in", grafana, places.provider),
  ];
}

function archiveFlows(gateway: End, archive: FlowPlaces["archive"]): Flow[] {
  if (archive === undefined) return [];
  const { ranges, except, ports, podIdentity } = archive;
  return [
    ...(podIdentity ? [identityFlow(gateway)] : []),
    { name: "audit-archive", from: gateway, to: { ranges, except }, ports },
  ];
}

function outward(name: string, from: End, to: FlowPlaces["outside"] | undefined): Flow[] {
  if (to === undefined || to.ranges.length === 0) return [];
  return [{ name, from, to: { ranges: to.ranges }, ports: to.ports }];
}

/** A new primary may be any member, and any sentinel may be asked which one it is. */
function redisFlows(gateway: End, redis: End, replicated: boolean): Flow[] {
  const ports = replicated ? [REDIS_PORT, SENTINEL_PORT] : [REDIS_PORT];
  const quotas = { name: "quotas", from: gateway, to: redis, ports };
  if (!replicated) return [quotas];
  return [quotas, { name: "redis-members", from: redis, to: redis, ports }];
}

function linkFlows(redis: End, link: FlowPlaces["redisLink"]): Flow[] {
  if (link === undefined) return [];
  const { followers, followed } = link;
  const ranges = { ranges: followers };
  const incoming = { name: "redis-followers", from: ranges, to: redis, ports: [REDIS_PORT] };
  const to = followed && { ranges: followed.ranges, ports: [followed.port] };
  return [...(followers.length === 0 ? [] : [incoming]), ...outward("redis-origin", redis, to)];
}

function copyFlows({ service, monitoring, ledgerCopy }: FlowPlaces): Flow[] {
  if (ledgerCopy === undefined) return [];
  const watchers = [{ namespace: monitoring, program: PROMETHEUS }];
  return postgresClusterFlows({ ...ledgerCopy, namespace: service, clients: [], watchers });
}

function ledgerFlows(places: FlowPlaces): Flow[] {
  const { service, postgresCluster } = places;
  const gateway = { namespace: service, program: GATEWAY };
  const watchers = watchersOf(places);
  if (postgresCluster !== undefined) {
    const peers = {
      ...{ namespace: service, clients: [gateway] },
      watchers: watchers.map(({ end }) => end),
    };
    return postgresClusterFlows({ ...postgresCluster, ...peers });
  }
  const to = { namespace: service, program: POSTGRES };
  return [
    { name: "ledger", from: gateway, to, ports: [POSTGRES_PORT] },
    ...watchers.map(({ end, suffix }) => ({
      ...{ name: `postgres-metrics${suffix}`, from: end, to, ports: [METRICS_PORTS.postgres] },
    })),
  ];
}
