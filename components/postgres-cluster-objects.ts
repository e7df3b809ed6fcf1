/**
 * What CloudNativePG is asked for, as plain objects: a cluster with synchronous replicas, its object
 * store of backups, and their schedule. Field names: api/v1 of github.com/cloudnative-pg/cloudnative-pg
 * 1.30 and api/v1 of github.com/cloudnative-pg/plugin-barman-cloud. Pure.
 */
import type * as pulumi from "@pulumi/pulumi";
import type { Resources } from "./pod-template.ts";
import { postgresSharedMebibytes } from "./sizing/quantity.ts";

export const CLUSTER_API = "postgresql.cnpg.io/v1";
export const OBJECT_STORE_API = "barmancloud.cnpg.io/v1";
const BARMAN = "barman-cloud.cloudnative-pg.io";
/** By which the operator's pods, and those of its jobs, are known. */
export const CLUSTER_LABEL = "cnpg.io/cluster";
/** The user by which instances and other sites replicate; it proves itself by certificate. */
const REPLICATION_USER = "streaming_replica";
/** An estimate: barman-cloud holds parts of an upload in memory, two streams at a time. */
const SIDECAR = {
  requests: { cpu: "100m", memory: "512Mi" },
  limits: { memory: "512Mi" },
} as const;
const RESTORED = "restored-from";

export interface BackupSettings {
  /** Such as s3://backups/ledger. */
  readonly destination: string;
  /** Of a store that is not AWS'. */
  readonly endpoint?: string;
  /** Cron with seconds in front, as the operator reads it. */
  readonly schedule: string;
  readonly retentionDays: number;
  /** What the store encrypts with; asked for with each object, whatever the bucket's default. */
  readonly encryption: "AES256" | "aws:kms";
  /** The folder of this cluster there; another one after a restore, since an archive is never mixed. */
  readonly archive: string;
}

export interface RestoreSettings {
  /** The folder of the cluster that is brought back. */
  readonly archive: string;
  /** RFC 3339; absent: as far as the archive goes. */
  readonly time?: string;
}

/** Two sites, each other's standby. Both declare the same names. */
export interface SiteSettings {
  /** This cluster's name in the pair, the other one's, and which of the two is written to. */
  readonly self: string;
  readonly other: string;
  readonly primary: string;
  /** Where the other one is reached; its certificate carries the host. */
  readonly host: string;
  readonly port: number;
  /** What the former primary gave out when it was demoted: with it nothing is lost. */
  readonly promotionToken?: string;
}

export interface ClusterNames {
  readonly cluster: string;
  /** Role and database are called the same. */
  readonly role: string;
  readonly image: pulumi.Input<string>;
  /** Secrets: the role's, the server's certificate, and the replicating client's where sites are two. */
  readonly password: pulumi.Input<string>;
  readonly certificate: pulumi.Input<string>;
  readonly replication?: pulumi.Input<string> | undefined;
}

export interface ClusterSettings {
  readonly instances: number;
  readonly resources: Resources;
  readonly storage: string;
  readonly storageClass: string | undefined;
  readonly backup: BackupSettings | undefined;
  readonly restore: RestoreSettings | undefined;
  readonly site: SiteSettings | undefined;
}

export function clusterSpec(names: ClusterNames, settings: ClusterSettings): object {
  const { instances, resources, site, backup, restore } = settings;
  const { storage: size, storageClass } = settings;
  const external = [...otherSite(names, site), ...restoredArchive(names, restore)];
  return {
    instances,
    imageName: names.image,
    // Its password is null, so that it comes in through the pod's own socket only.
    enableSuperuserAccess: false,
    primaryUpdateMethod: "switchover",
    primaryUpdateStrategy: "unsupervised",
    enablePDB: true,
    certificates: certificates(names),
    bootstrap: bootstrap(names, settings),
    ...(site === undefined ? {} : { replica: replicaOf(site) }),
    ...(external.length === 0 ? {} : { externalClusters: external }),
    postgresql: postgresql(names.role, instances, resources.memory),
    storage: { size, ...(storageClass === undefined ? {} : { storageClass }) },
    resources: {
      requests: { cpu: resources.cpu, memory: resources.memory },
      limits: { memory: resources.memory },
    },
    affinity: {
      enablePodAntiAffinity: true,
      // Two of three on one node would go together, and with them what a commit waits for.
      podAntiAffinityType: instances > 1 ? "required" : "preferred",
      topologyKey: "kubernetes.io/hostname",
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { [CLUSTER_LABEL]: names.cluster } },
      },
    ],
    monitoring: { tls: { enabled: true } },
    ...(backup === undefined ? {} : { plugins: [archiver(names, backup)] }),
  };
}

/** The server's own is ours; the operator makes the replicas' unless two sites must know each other. */
function certificates({ certificate, replication }: ClusterNames): object {
  return {
    serverTLSSecret: certificate,
    serverCASecret: certificate,
    ...(replication === undefined
      ? {}
      : { replicationTLSSecret: replication, clientCASecret: replication }),
  };
}

function bootstrap(names: ClusterNames, { restore, site }: ClusterSettings): object {
  const owner = { database: names.role, owner: names.role, secret: { name: names.password } };
  if (restore !== undefined) {
    const { time } = restore;
    const target = time === undefined ? {} : { recoveryTarget: { targetTime: time } };
    return { recovery: { source: RESTORED, ...owner, ...target } };
  }
  if (site !== undefined && site.primary !== site.self) {
    return { pg_basebackup: { source: site.other, ...owner } };
  }
  const own = [
    `REVOKE ALL ON DATABASE ${names.role} FROM PUBLIC`,
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    `ALTER SCHEMA public OWNER TO ${names.role}`,
  ];
  return {
    initdb: { ...owner, dataChecksums: true, encoding: "UTF8", postInitApplicationSQL: own },
  };
}

function postgresql(role: string, instances: number, memory: string): object {
  return {
    // A commit waits for one replica, and is refused rather than kept at one place only; a replica
    // is promoted only where it is sure to have every commit.
    ...(instances < 2
      ? {}
      : {
          synchronous: {
            method: "any",
            number: 1,
            dataDurability: "required",
            failoverQuorum: true,
          },
        }),
    parameters: {
      max_connections: "100",
      shared_buffers: `${postgresSharedMebibytes(memory)}MB`,
      ssl_min_protocol_version: "TLSv1.3",
      password_encryption: "scram-sha-256",
      // The ledger is money: a row that was acknowledged is on disk.
      fsync: "on",
      synchronous_commit: "on",
      log_connections: "on",
      log_disconnections: "on",
      // Statements can hold values of callers, so none is written, not even a failed one.
      log_statement: "none",
      log_min_error_statement: "panic",
      log_timezone: "UTC",
      timezone: "UTC",
      // A segment is shipped after this, full or not: what a lost site may cost.
      archive_timeout: "5min",
    },
    // Before the operator's last line, which lets everyone in with a password, also without TLS.
    pg_hba: [`hostssl ${role} ${role} all scram-sha-256`, "host all all all reject"],
  };
}

function replicaOf({ self, other, primary, promotionToken }: SiteSettings): object {
  const token = promotionToken === undefined ? {} : { promotionToken };
  return { self, primary, source: other, ...token };
}

function otherSite(names: ClusterNames, site: SiteSettings | undefined): object[] {
  if (site === undefined) return [];
  const { other, host, port } = site;
  const connectionParameters = {
    host,
    port: String(port),
    user: REPLICATION_USER,
    dbname: "postgres",
    sslmode: "verify-full",
    ssl_min_protocol_version: "TLSv1.3",
  };
  const keyOf = (key: string) => ({ name: names.replication, key });
  return [
    {
      name: other,
      connectionParameters,
      sslCert: keyOf("tls.crt"),
      sslKey: keyOf("tls.key"),
      sslRootCert: { name: names.certificate, key: "ca.crt" },
    },
  ];
}

function restoredArchive(names: ClusterNames, restore: RestoreSettings | undefined): object[] {
  if (restore === undefined) return [];
  const parameters = { barmanObjectName: names.cluster, serverName: restore.archive };
  return [{ name: RESTORED, plugin: { name: BARMAN, parameters } }];
}

function archiver({ cluster }: ClusterNames, { archive }: BackupSettings): object {
  const parameters = { barmanObjectName: cluster, serverName: archive };
  return { name: BARMAN, isWALArchiver: true, parameters };
}

export function objectStoreSpec(
  backup: BackupSettings,
  credentials: pulumi.Input<string>,
  authority: pulumi.Input<string> | undefined,
): object {
  const { destination, endpoint, retentionDays, encryption } = backup;
  const kept = { compression: "gzip", encryption };
  const keyOf = (key: string) => ({ name: credentials, key });
  return {
    retentionPolicy: `${retentionDays}d`,
    // Of the plugin's container in each instance's pod; without it the namespace's default for a
    // careless container (128 MiB) holds.
    instanceSidecarConfiguration: { resources: SIDECAR },
    configuration: {
      destinationPath: destination,
      ...(endpoint === undefined ? {} : { endpointURL: endpoint }),
      ...(authority === undefined ? {} : { endpointCA: { name: authority, key: "ca.crt" } }),
      s3Credentials: {
        accessKeyId: keyOf("access-key-id"),
        secretAccessKey: keyOf("secret-access-key"),
      },
      wal: kept,
      data: kept,
    },
  };
}

export function scheduleSpec(cluster: string, { schedule }: BackupSettings): object {
  return {
    schedule,
    // The first one at once: until there is one nothing can be restored.
    immediate: true,
    cluster: { name: cluster },
    method: "plugin",
    pluginConfiguration: { name: BARMAN },
    target: "prefer-standby",
    // Backups outlive the schedule.
    backupOwnerReference: "none",
  };
}
