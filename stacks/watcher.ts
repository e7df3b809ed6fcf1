/** Who watches a site: its own Prometheus, the cluster's, or both. Pure. */
import { PROMETHEUS } from "../components/prometheus.ts";
import type { FlowPlaces } from "../components/service-flows.ts";
import type { Settings } from "../config/schema.ts";

/** Nothing of the stack's own watches. */
export function isWatchedElsewhere({ monitoring }: Settings): boolean {
  return monitoring.operator?.mode === "instead";
}

export function watcherOf(settings: Settings): FlowPlaces["watcher"] {
  const { operator } = settings.monitoring;
  if (operator === undefined) return undefined;
  const { namespace, pods } = operator;
  const end = { namespace, program: PROMETHEUS, labels: pods };
  return { end, alone: isWatchedElsewhere(settings) };
}
