/**
 * What Redis and PostgreSQL are told by the settings where a site keeps them itself, and how the walls
 * let them be reached. Pure.
 */

import { POSTGRES_PORT } from "../components/postgres.ts";
import { REDIS_PORT } from "../components/redis-replication.ts";
import type { FlowPlaces } from "../components/service-flows.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { otherOf } from "./other-site.ts";
import { httpsPort, SERVICE } from "./places.ts";
import { volumeOf } from "./volumes.ts";

/** Half past one at night where the site is in China; the operator's cron begins with seconds. */
const BACKUP_SCHEDULE = "0 30 17 * * *";
const LEDGER = "ledger";

/** The cloud keeps them. */
export function isManaged({ cloud, site }: Settings): boolean {
  return cloud !== undefined && site.other === undefined;
}

/** null: one pod of ours. */
export function postgresClusterArguments(settings: Settings) {
  const { postgres } = settings;
  if (postgres.kind !== "operator") return null;
  const { instances, resources, backups } = postgres;
  return {
    namespace: SERVICE,
    cluster: "postgres",
    role: "gateway",
    // The operator starts its own manager in the pod, in images that are made for it.
    image: imageReference(settings, "postgres-cluster"),
    instances,
    resources,
    volume: volumeOf(settings, postgres.storage),
    backup: backups === undefined ? undefined : backupOf(backups, LEDGER),
    pair: pairOf(settings),
  };
}

function pairOf({ site, replicationPasswords }: Settings) {
  const other = otherOf(site);
  if (other === null) return null;
  const { name, postgres } = other;
  return {
    self: site.name,
    other: name,
    primary: site.role === "primary" ? site.name : name,
    host: postgres,
    port: POSTGRES_PORT,
    password: site.role === "primary" ? undefined : (replicationPasswords?.postgres ?? UNKNOWN),
  };
}

/** In a plan before it is given (config/needs-for-up.ts): no server accepts it. */
const UNKNOWN = "not-given-yet";

export function redisLink({ site, replicationPasswords }: Settings) {
  const other = otherOf(site);
  if (other === null) return undefined;
  if (site.role === "primary") return { role: "primary" as const };
  const password = replicationPasswords?.redis ?? UNKNOWN;
  return { role: "standby" as const, host: other.redis, port: REDIS_PORT, password };
}

export function backupOf(backups: NonNullable<Settings["postgres"]["backups"]>, archive: string) {
  return {
    destination: backups.destination,
    ...(backups.endpoint === undefined ? {} : { endpoint: backups.endpoint }),
    schedule: BACKUP_SCHEDULE,
    retentionDays: backups.days,
    encryption: "AES256" as const,
    archive,
    secret: backups.secret,
  };
}

/** Where backups go, for the walls. */
export function backupFlow({ postgres: { backups } }: Settings) {
  if (backups === undefined) return {};
  const { ranges, endpoint } = backups;
  return { store: { ranges, ports: [endpoint === undefined ? 443 : httpsPort(endpoint)] } };
}

type StorePlaces = Pick<
  FlowPlaces,
  "managedStores" | "redisReplicated" | "redisLink" | "postgresCluster"
>;

export function storePlaces(settings: Settings): StorePlaces {
  const { cloud, site, redis, postgres, network } = settings;
  if (isManaged(settings)) return { managedStores: networkRanges(cloud) };
  const other = otherOf(site);
  const ranges = other?.ranges ?? [];
  return {
    redisReplicated: redis.replicas > 1,
    ...(other === null
      ? {}
      : {
          redisLink:
            site.role === "primary"
              ? { followers: ranges }
              : { followers: [], followed: { ranges, port: REDIS_PORT } },
        }),
    ...(postgres.kind === "pod"
      ? {}
      : {
          postgresCluster: {
            cluster: "postgres",
            operatorNamespace: postgres.operatorNamespace,
            apiServer: network.apiServer,
            ...(other === null
              ? {}
              : { clientRanges: ranges, other: { ranges, ports: [POSTGRES_PORT] } }),
            ...backupFlow(settings),
          },
        }),
  };
}

/** Where RDS and ElastiCache have their addresses. */
function networkRanges(cloud: Settings["cloud"]): string[] {
  return cloud === undefined ? [] : [cloud.network.range];
}
