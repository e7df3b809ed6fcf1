/** What the Collector and its agents are told by the settings, and how the walls let them through. Pure. */
import {
  COLLECTOR,
  COLLECTOR_INGEST_PORT,
  COLLECTOR_METRICS_PORT,
  collectorAddress,
} from "../components/collector.ts";
import type { End, Flow } from "../components/flows.ts";
import { GATEWAY } from "../components/gateway.ts";
import { LOG_AGENT, LOG_AGENT_METRICS, LOGS_NAMESPACE_EXEMPTION } from "../components/log-agent.ts";
import { watchersOf } from "../components/service-flows.ts";
import { hostOf } from "../components/stateful-program.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { GPU_NAMESPACE, httpsPort, LOGS_NAMESPACE, MONITORING, SERVICE } from "./places.ts";
import { volumeOf } from "./volumes.ts";
import { watcherOf } from "./watcher.ts";

export function hasCollector({ monitoring }: Settings): boolean {
  return monitoring.logs !== undefined || monitoring.traces !== undefined;
}

/** null: lines stay on their nodes, and gateways trace nothing or to elsewhere. */
export function collectorArguments(settings: Settings) {
  if (!hasCollector(settings)) return null;
  const { logs, traces, collector } = settings.monitoring;
  const { replicas, resources, storage } = collector;
  return {
    namespace: MONITORING,
    image: imageReference(settings, "collector"),
    ...{ replicas, resources, stores: { logs, traces } },
    volume: volumeOf(settings, storage),
  };
}

export function logAgentArguments(settings: Settings) {
  const { logs, collector } = settings.monitoring;
  if (logs === undefined) return null;
  return {
    namespace: LOGS_NAMESPACE,
    image: imageReference(settings, "collector"),
    ...collector.agent,
    // Not the patients': what trains on their records may quote them when it fails.
    namespaces: [SERVICE, MONITORING, GPU_NAMESPACE],
    collectorNamespace: MONITORING,
    site: settings.site.name,
  };
}

/** The namespace of the agents, and why they may do more than others there. */
export function logNamespaces({ monitoring }: Settings): Readonly<Record<string, string>> {
  return monitoring.logs === undefined ? {} : { [LOGS_NAMESPACE]: LOGS_NAMESPACE_EXEMPTION };
}

/** What gateways are told: the Collector of the site goes before one elsewhere. */
export function outsideArguments({ outside, monitoring }: Settings): Settings["outside"] {
  if (monitoring.traces === undefined) return outside;
  const { samplePercent } = monitoring.traces;
  return {
    ...outside,
    traces: { url: `${collectorAddress(MONITORING)}/v1/traces`, samplePercent },
  };
}

export function collectorServers(settings: Settings) {
  const named = (program: string, namespace: string, service: string) => ({
    ...{ program, namespace },
    hosts: [hostOf(service, namespace)],
  });
  return [
    ...(hasCollector(settings) ? [named(COLLECTOR, MONITORING, COLLECTOR)] : []),
    ...(settings.monitoring.logs === undefined
      ? []
      : [named(LOG_AGENT, LOGS_NAMESPACE, LOG_AGENT_METRICS)]),
  ];
}

export function collectorFlows(settings: Settings): Flow[] {
  if (!hasCollector(settings)) return [];
  const { logs, traces } = settings.monitoring;
  const collector = { namespace: MONITORING, program: COLLECTOR };
  const agent = { namespace: LOGS_NAMESPACE, program: LOG_AGENT };
  const gateway = { namespace: SERVICE, program: GATEWAY };
  const watchers = watchersOf({ monitoring: MONITORING, watcher: watcherOf(settings) });
  const watched = (name: string, to: End) =>
    watchers.map(({ end, suffix }) => ({
      name: `${name}${suffix}`,
      from: end,
      to,
      ports: metrics,
    }));
  const [ingest, metrics] = [[COLLECTOR_INGEST_PORT], [COLLECTOR_METRICS_PORT]];
  const stores = [
    ["log-store", logs],
    ["trace-store", traces],
  ] as const;
  return [
    ...(logs === undefined
      ? []
      : [
          { name: "log-lines", from: agent, to: collector, ports: ingest },
          ...watched("log-agent-metrics", agent),
        ]),
    ...(traces === undefined
      ? []
      : [{ name: "spans", from: gateway, to: collector, ports: ingest }]),
    ...watched("collector-metrics", collector),
    ...stores.flatMap(([name, store]) =>
      store === undefined
        ? []
        : [{ name, from: collector, to: { ranges: store.ranges }, ports: [httpsPort(store.url)] }],
    ),
  ];
}
