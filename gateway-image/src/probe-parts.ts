/** The probes of model servers, with the metrics and log lines that tell of them. */
import type { Clock } from "./base/clock.ts";
import type { Config } from "./config.ts";
import type { RouteTable } from "./proxy/route-table.ts";
import { PROBE_OUTCOMES, TargetProbes } from "./proxy/target-probes.ts";
import type { UpstreamPools } from "./proxy/upstream-pools.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";

export interface ProbeNeeds {
  readonly routes: RouteTable;
  readonly pools: UpstreamPools;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** null: they are switched off. */
export function createProbes(config: Config, needs: ProbeNeeds): TargetProbes | null {
  if (config.GW_PROBES === "off") return null;
  const { routes, pools, clock, metrics, log } = needs;
  return new TargetProbes({
    routes,
    pools,
    clock,
    onProbe: (target, outcome) => metrics.probes.inc({ target, outcome }),
    onHealth: ({ model, host: target }, ejected, changed) => {
      metrics.ejected.set({ model, target }, ejected ? 1 : 0);
      if (!changed) return;
      if (ejected) metrics.ejections.inc({ model });
      if (ejected) log.warn({ model, target }, "a model server fails its probes and is left alone");
      else log.info({ model, target }, "a model server is back, its probes say");
    },
    // A label must not grow with each change of the routes.
    onGone: ({ model, host: target }, last) => {
      metrics.ejected.remove({ model, target });
      if (!last) return;
      for (const outcome of PROBE_OUTCOMES) metrics.probes.remove({ target, outcome });
    },
  });
}
