/**
 * Who talks to a cluster of CloudNativePG, and to whom its pods talk: the operator, each other, the API
 * server that its instances ask who the primary is, the object store, and the other site.
 */
import { METRICS_PORTS } from "./exporters.ts";
import type { End, Flow } from "./flows.ts";
import { POSTGRES_PORT } from "./postgres.ts";
import { CLUSTER_LABEL } from "./postgres-cluster-objects.ts";

/** The instance manager's, at which operator and instances ask for its state. */
const STATUS_PORT = 8_000;

export interface PostgresClusterFlows {
  readonly namespace: string;
  readonly cluster: string;
  /** Where the operator runs: `cnpg-system`, unless it was installed elsewhere. */
  readonly operatorNamespace: string;
  /** Programs of ours that come in. */
  readonly clients: readonly End[];
  /** Addresses from which others come in: the other site's, or a hospital's own programs. */
  readonly clientRanges?: readonly string[];
  /** The API server: the Service's address is translated before policies are asked. */
  readonly apiServer: { readonly ranges: readonly string[]; readonly ports: readonly number[] };
  readonly store?: { readonly ranges: readonly string[]; readonly ports: readonly number[] };
  /** The other site's cluster. */
  readonly other?: { readonly ranges: readonly string[]; readonly ports: readonly number[] };
  readonly watchers: readonly End[];
}

/** The pods of a cluster, as the operator labels them. */
function clusterEnd(namespace: string, cluster: string): End {
  return { namespace, program: cluster, labels: { [CLUSTER_LABEL]: cluster } };
}

export function postgresClusterFlows(args: PostgresClusterFlows): Flow[] {
  const own = clusterEnd(args.namespace, args.cluster);
  const named = (what: string) => `${args.cluster}-${what}`;
  const operator: End = {
    namespace: args.operatorNamespace,
    program: "cloudnative-pg",
    labels: { "app.kubernetes.io/name": "cloudnative-pg" },
  };
  const to = (what: string, peer: PostgresClusterFlows["store"]): Flow[] =>
    peer === undefined || peer.ranges.length === 0
      ? []
      : [{ name: named(what), from: own, to: { ranges: peer.ranges }, ports: peer.ports }];
  const ranges = args.clientRanges ?? [];
  return [
    ...args.clients.map((from) => ({
      name: named(`of-${from.program}`),
      from,
      to: own,
      ports: [POSTGRES_PORT],
    })),
    ...(ranges.length === 0
      ? []
      : [{ name: named("clients"), from: { ranges }, to: own, ports: [POSTGRES_PORT] }]),
    { name: named("members"), from: own, to: own, ports: [POSTGRES_PORT, STATUS_PORT] },
    { name: named("operator"), from: operator, to: own, ports: [POSTGRES_PORT, STATUS_PORT] },
    ...to("api-server", args.apiServer),
    ...to("store", args.store),
    ...to("other-site", args.other),
    ...args.watchers.map((from) => ({
      name: named("metrics"),
      from,
      to: own,
      ports: [METRICS_PORTS.postgres],
    })),
  ];
}
