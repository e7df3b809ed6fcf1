/**
 * The fields of CloudNativePG's and its Barman plugin's objects that we use, strictly, as their Go types
 * have them: https://github.com/cloudnative-pg/cloudnative-pg/blob/v1.30.0/api/v1/cluster_types.go,
 * …/scheduledbackup_types.go, and https://github.com/cloudnative-pg/plugin-barman-cloud (api/v1/
 * objectstore_types.go, with barman-cloud's pkg/api/config.go). A field of another name is refused.
 */
import { z } from "zod";

const text = z.string().min(1);
const named = z.strictObject({ name: text });
const keyed = z.strictObject({ name: text, key: text });
const quantities = z.strictObject({ cpu: text.optional(), memory: text.optional() });
const labels = z.record(z.string(), z.string());
const plugin = {
  name: text,
  enabled: z.boolean().optional(),
  parameters: z.record(z.string(), z.string()).optional(),
};
const owner = { database: text.optional(), owner: text.optional(), secret: named.optional() };

const initdb = z.strictObject({
  ...owner,
  dataChecksums: z.boolean().optional(),
  encoding: text.optional(),
  postInitApplicationSQL: z.array(text).optional(),
});
const recovery = z.strictObject({
  ...owner,
  source: text.optional(),
  recoveryTarget: z.strictObject({ targetTime: text.optional() }).optional(),
});
const pgBaseBackup = z.strictObject({ ...owner, source: text });

const synchronous = z.strictObject({
  method: z.enum(["any", "first"]),
  number: z.int().min(1),
  dataDurability: z.enum(["required", "preferred"]).optional(),
  failoverQuorum: z.boolean(),
});

const externalCluster = z.strictObject({
  name: text,
  connectionParameters: z.record(z.string(), z.string()).optional(),
  sslCert: keyed.optional(),
  sslKey: keyed.optional(),
  sslRootCert: keyed.optional(),
  plugin: z.strictObject(plugin).optional(),
});

export const clusterFields = z.strictObject({
  instances: z.int().min(1),
  imageName: text,
  enableSuperuserAccess: z.boolean(),
  primaryUpdateMethod: z.enum(["restart", "switchover"]),
  primaryUpdateStrategy: z.enum(["supervised", "unsupervised"]),
  enablePDB: z.boolean(),
  certificates: z.strictObject({
    serverTLSSecret: text.optional(),
    serverCASecret: text.optional(),
    replicationTLSSecret: text.optional(),
    clientCASecret: text.optional(),
  }),
  bootstrap: z.union([
    z.strictObject({ initdb }),
    z.strictObject({ recovery }),
    z.strictObject({ pg_basebackup: pgBaseBackup }),
  ]),
  replica: z
    .strictObject({
      self: text.optional(),
      primary: text.optional(),
      source: text,
      promotionToken: text.optional(),
    })
    .optional(),
  externalClusters: z.array(externalCluster).optional(),
  postgresql: z.strictObject({
    synchronous: synchronous.optional(),
    parameters: z.record(z.string(), z.string()),
    pg_hba: z.array(text),
  }),
  storage: z.strictObject({ size: text, storageClass: text.optional() }),
  resources: z.strictObject({ requests: quantities, limits: quantities }),
  affinity: z.strictObject({
    enablePodAntiAffinity: z.boolean(),
    podAntiAffinityType: z.enum(["preferred", "required"]),
    topologyKey: text,
  }),
  topologySpreadConstraints: z.array(
    z.strictObject({
      maxSkew: z.int(),
      topologyKey: text,
      whenUnsatisfiable: z.enum(["ScheduleAnyway", "DoNotSchedule"]),
      labelSelector: z.strictObject({ matchLabels: labels }),
    }),
  ),
  monitoring: z.strictObject({ tls: z.strictObject({ enabled: z.boolean() }) }),
  plugins: z.array(z.strictObject({ ...plugin, isWALArchiver: z.boolean().optional() })).optional(),
});

export const scheduledBackupFields = z.strictObject({
  schedule: z.string().regex(/^(\S+ ){5}\S+$/),
  immediate: z.boolean().optional(),
  cluster: named,
  method: z.enum(["barmanObjectStore", "volumeSnapshot", "plugin"]),
  pluginConfiguration: named.optional(),
  target: z.enum(["primary", "prefer-standby"]).optional(),
  backupOwnerReference: z.enum(["none", "self", "cluster"]).optional(),
});

const kept = z.strictObject({
  compression: z.enum(["bzip2", "gzip", "snappy"]).optional(),
  encryption: z.enum(["AES256", "aws:kms"]).optional(),
});

export const objectStoreFields = z.strictObject({
  retentionPolicy: z.string().regex(/^[1-9][0-9]*[dwm]$/),
  instanceSidecarConfiguration: z.strictObject({
    resources: z.strictObject({ requests: quantities, limits: quantities }),
  }),
  configuration: z.strictObject({
    destinationPath: text,
    endpointURL: text.optional(),
    endpointCA: keyed.optional(),
    s3Credentials: z.strictObject({ accessKeyId: keyed, secretAccessKey: keyed }),
    wal: kept,
    data: kept,
  }),
});

/** Parameters that the operator sets or refuses (pkg/postgres/configuration.go, 1.30), of those we might name. */
export const FIXED_PARAMETERS = [
  "archive_command",
  "archive_mode",
  "hba_file",
  "hot_standby",
  "listen_addresses",
  "log_destination",
  "logging_collector",
  "port",
  "restore_command",
  "shared_preload_libraries",
  "ssl",
  "ssl_ca_file",
  "ssl_cert_file",
  "ssl_key_file",
  "synchronous_standby_names",
  "unix_socket_directories",
];
