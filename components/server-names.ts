/** The host names each program's certificate must carry: every name by which somebody calls it. */
import type { ServerName } from "./certificates.ts";

export interface ServerPlaces {
  readonly service: string;
  readonly monitoring: string;
  /** Names by which callers from outside know the edge. */
  readonly hosts: readonly string[];
  /** Services of the model servers. */
  readonly models: readonly string[];
  /** By which another site calls the stores; absent: none does. */
  readonly reach?: { readonly redis?: string | undefined; readonly postgres: string } | undefined;
}

export function serverNames(places: ServerPlaces): ServerName[] {
  const { service, monitoring, hosts, models, reach } = places;
  const inService = (program: string, services = [program], outside: readonly string[] = []) => ({
    program,
    namespace: service,
    hosts: [...services.map((name) => `${name}.${service}.svc`), ...outside],
  });
  const inMonitoring = (program: string) => ({
    program,
    namespace: monitoring,
    hosts: [`${program}.${monitoring}.svc`],
  });
  return [
    { program: "edge", namespace: service, hosts },
    inService("gateway"),
    inService("model", [...models]),
    // A replicated Redis' members are called by names of their own below the Service's.
    inService("redis", ["redis", "*.redis"], reach?.redis === undefined ? [] : [reach.redis]),
    // The second one where an operator keeps the Service of the instance that is written to.
    inService("postgres", ["postgres", "postgres-rw"], reach === undefined ? [] : [reach.postgres]),
    inMonitoring("prometheus"),
    inMonitoring("alertmanager"),
  ];
}
