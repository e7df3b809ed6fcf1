/** The flows of the service, as a table. What is not in it is denied. */
import { ALERTMANAGER, ALERTMANAGER_PORT } from "./alertmanager.ts";
import { BALANCED_PORT, EDGE, EDGE_PORTS } from "./edge.ts";
import { METRICS_PORTS } from "./exporters.ts";
import type { Flow } from "./flows.ts";
import { GATEWAY, GATEWAY_PORTS } from "./gateway.ts";
import { POSTGRES, POSTGRES_PORT } from "./postgres.ts";
import { PROMETHEUS } from "./prometheus.ts";
import { REDIS, REDIS_PORT } from "./redis.ts";
import { MODEL_PORT, MODEL_SERVER } from "./serving/model-server.ts";

export interface FlowPlaces {
  /** The namespace that serves, and the one that watches. */
  readonly service: string;
  readonly monitoring: string;
  readonly callerRanges: readonly string[];
  /** Where a balancer in front of the edge connects from; absent: there is none. */
  readonly balancerRanges?: readonly string[] | undefined;
  /** What gateways may call beyond the cluster; empty: nothing. */
  readonly outside: { readonly ranges: readonly string[]; readonly ports: readonly number[] };
}

export function serviceFlows(places: FlowPlaces): Flow[] {
  const { service, monitoring, callerRanges, balancerRanges, outside } = places;
  const at = (namespace: string) => (program: string) => ({ namespace, program });
  const [serving, watching] = [at(service), at(monitoring)];
  const edge = Object.values(EDGE_PORTS);
  const { api, metrics } = GATEWAY_PORTS;
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
    { name: "quotas", from: serving(GATEWAY), to: serving(REDIS), ports: [REDIS_PORT] },
    { name: "ledger", from: serving(GATEWAY), to: serving(POSTGRES), ports: [POSTGRES_PORT] },
    { name: "models", from: serving(GATEWAY), to: serving(MODEL_SERVER), ports: [MODEL_PORT] },
    ...(outside.ranges.length === 0
      ? []
      : [
          {
            name: "outside",
            from: serving(GATEWAY),
            to: { ranges: outside.ranges },
            ports: outside.ports,
          },
        ]),
    {
      name: "gateway-metrics",
      from: watching(PROMETHEUS),
      to: serving(GATEWAY),
      ports: [metrics],
    },
    {
      name: "model-metrics",
      from: watching(PROMETHEUS),
      to: serving(MODEL_SERVER),
      ports: [MODEL_PORT],
    },
    ...([EDGE, REDIS, POSTGRES] as const).map((program) => ({
      name: `${program}-metrics`,
      from: watching(PROMETHEUS),
      to: serving(program),
      ports: [METRICS_PORTS[program]],
    })),
    {
      name: "alerts",
      from: watching(PROMETHEUS),
      to: watching(ALERTMANAGER),
      ports: [ALERTMANAGER_PORT],
    },
  ];
}
