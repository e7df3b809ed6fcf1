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
import { isWatchedElsewhere } from "./watcher.ts";

/** Half past one at night where the site is in China; the operator's cron begins with seconds. */
const BACKUP_SCHEDULE = "0 30 17 * * *";
export const LEDGER = "ledger";
export const LEDGER_COPY = "ledger-copy";

/** The cloud keeps them. */
export function isManaged({ cloud, site }: Settings): boolean {
  return cloud !== undefined && site.other === undefined;
}

/** An operator of the cluster keeps the ledger. */
export function hasPostgresCluster(settings: Settings): boolean {
  return settings.postgres.kind === "operator" && !isManaged(settings);
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
    generation: settings.rotation.ledger,
    backup: backups === undefined ? undefined : backupOf(backups, LEDGER),
    pair: pairOf(settings),
    followed: settings.site.other?.serves === true,
    watched: !isWatchedElsewhere(settings),
  };
}

/**
 * The other site's ledger, to be read where both serve: it streams from there, and nothing of this site
 * asks it. null: none.
 */
export function ledgerCopyArguments(settings: Settings) {
  const other = otherOf(settings.site);
  if (other?.serves !== true) return null;
  const { postgres } = settings;
  return {
    namespace: SERVICE,
    cluster: LEDGER_COPY,
    role: "gateway",
    image: imageReference(settings, "postgres-cluster"),
    // Two: so it is there when it is needed, which is when it cannot be made again.
    instances: 2,
    resources: postgres.resources,
    volume: volumeOf(settings, postgres.storage),
    pair: {
      self: settings.site.name,
      other: other.name,
      primary: other.name,
      host: other.postgres,
      port: POSTGRES_PORT,
    },
  };
}

function pairOf({ site, replicationPasswords }: Settings) {
  const other = otherOf(site);
  if (other === null || other.serves) return null;
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
  if (other === null || other.serves) return undefined;
  if (site.role === "primary") return { role: "primary" as const };
  if (other.redis === undefined) throw new Error(`nothing is known of the Redis of ${other.name}`);
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
  "managedStores" | "redisReplicated" | "redisLink" | "postgresCluster" | "ledgerCopy"
>;

export function storePlaces(settings: Settings): StorePlaces {
  const { cloud, site, redis, postgres, network } = settings;
  if (isManaged(settings)) return { managedStores: networkRanges(cloud) };
  const other = otherOf(site);
  const ranges = other?.ranges ?? [];
  const asked = { operatorNamespace: postgres.operatorNamespace, apiServer: network.apiServer };
  const origin = { other: { ranges, ports: [POSTGRES_PORT] } };
  return {
    redisReplicated: redis.replicas > 1,
    ...(other === null || other.serves ? {} : { redisLink: linkPlaces(site.role, ranges) }),
    ...(postgres.kind === "pod"
      ? {}
      : {
          postgresCluster: {
            cluster: "postgres",
            ...asked,
            ...(other === null ? {} : { clientRanges: ranges }),
            ...(other === null || other.serves ? {} : origin),
            ...backupFlow(settings),
          },
        }),
    ...(other?.serves === true
      ? { ledgerCopy: { cluster: LEDGER_COPY, ...asked, ...origin } }
      : {}),
  };
}

function linkPlaces(role: Settings["site"]["role"], ranges: readonly string[]) {
  if (role === "primary") return { followers: ranges };
  return { followers: [], followed: { ranges, port: REDIS_PORT } };
}

/** Where RDS and ElastiCache have their addresses. */
function networkRanges(cloud: Settings["cloud"]): string[] {
  return cloud === undefined ? [] : [cloud.network.range];
}
