/**
 * One setting changed, and exactly the resources that it should touch: what a reviewer of a preview
 * expects. Compared are the inputs of every resource under Pulumi's mocks.
 */
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { changed, committedValues, type Values } from "../config/test-settings.ts";
import { siteProgram } from "./site-program.ts";
import { settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

/** Stack, setting, its new value, and `Type:name` of what is touched; + made, - no longer there. */
type Row = readonly [string, string, unknown, readonly string[]];

/** A key of several regions is another key: whatever names it is touched. Set it from the first day. */
const OF_WEIGHTS_KEY = [
  "Alias:keys-weights",
  "BucketPolicy:weights",
  "BucketServerSideEncryptionConfiguration:weights",
  "Deployment:model-deepseek-r1",
  "Deployment:model-deepseek-r1-distill-llama-70b",
  "Deployment:model-deepseek-r1-distill-qwen-32b",
  "Deployment:model-deepseek-r1-distill-qwen-7b",
  "LeaderWorkerSet:model-deepseek-v3",
  "RayService:model-deepseek-r1-distill-llama-8b",
  "RolePolicy:weights-readers",
];

const ROWS: readonly Row[] = [
  ["prod", "edge.replicas", 4, ["Deployment:edge"]],
  ["prod", "edge.bodyBytesMax", 65536, ["ConfigMap:edge-configuration", "Deployment:edge"]],
  [
    "prod",
    "edge.hosts",
    ["api.deepseek.example.com", "b.example.com"],
    ["Certificate:tls-edge", "ConfigMap:edge-configuration", "Deployment:edge"],
  ],
  ["prod", "gateway.replicas", 7, ["StatefulSet:gateway"]],
  ["prod", "gateway.logLevel", "debug", ["StatefulSet:gateway"]],
  [
    "prod",
    "gateway.longestStreamSeconds",
    900,
    [
      "ConfigMap:edge-configuration",
      "Deployment:edge",
      "Deployment:model-deepseek-r1",
      "Deployment:model-deepseek-r1-distill-llama-70b",
      "Deployment:model-deepseek-r1-distill-qwen-32b",
      "Deployment:model-deepseek-r1-distill-qwen-7b",
      "LeaderWorkerSet:model-deepseek-v3",
      "RayService:model-deepseek-r1-distill-llama-8b",
      "StatefulSet:gateway",
      "TargetGroup:balancer-http",
      "TargetGroup:balancer-https",
    ],
  ],
  [
    "prod",
    "models.0.replicas",
    1,
    [
      "-PodDisruptionBudget:model-deepseek-r1-distill-qwen-7b",
      "Deployment:model-deepseek-r1-distill-qwen-7b",
      "ResourceQuota:limits-deepseek-quota",
    ],
  ],
  ["prod", "models.0.server.batchSizeMax", 64, ["Deployment:model-deepseek-r1-distill-qwen-7b"]],
  ["prod", "models.5.server.batchSizeMax", 64, ["LeaderWorkerSet:model-deepseek-v3"]],
  ["prod", "models.1.server.batchSizeMax", 64, ["RayService:model-deepseek-r1-distill-llama-8b"]],
  ["prod", "quotas", { standard: { requestsPerMinute: 1 } }, ["ConfigMap:gateway-routes"]],
  [
    "prod",
    "network",
    { callerRanges: ["10.0.0.0/8"] },
    [
      "+SecurityGroupIngressRule:balancer-http-10-0-0-0-8",
      "+SecurityGroupIngressRule:balancer-https-10-0-0-0-8",
      "-SecurityGroupIngressRule:balancer-http-0-0-0-0-0",
      "-SecurityGroupIngressRule:balancer-https-0-0-0-0-0",
      "NetworkPolicy:deepseek-allow-edge",
    ],
  ],
  [
    "prod",
    "retention.auditDays",
    400,
    ["BucketObjectLockConfiguration:audit", "BucketPolicy:audit", "StatefulSet:gateway"],
  ],
  ["prod", "monitoring.retentionDays", 31, ["StatefulSet:prometheus"]],
  [
    "prod",
    "monitoring.scrapeSeconds",
    30,
    ["ConfigMap:prometheus-configuration", "StatefulSet:prometheus"],
  ],
  [
    "prod",
    "cloud.pools.1.nodes",
    { min: 2, max: 3 },
    [
      "Deployment:model-deepseek-r1-distill-llama-70b",
      "Deployment:model-deepseek-r1-distill-qwen-32b",
      "Deployment:model-deepseek-r1-distill-qwen-7b",
      "NodeGroup:pool-distills",
      "RayService:model-deepseek-r1-distill-llama-8b",
      "ResourceQuota:limits-deepseek-quota",
    ],
  ],
  ["prod", "cloud.pools.0.release", "1.34.1-20251120", ["NodeGroup:pool-system"]],
  ["prod", "cloud.pools.3.fabric", "shared", ["LaunchTemplate:pool-v3"]],
  [
    "prod",
    "cloud.pools.2.capacity",
    { kind: "reservation", id: "cr-00000000000000001" },
    ["-PlacementGroup:pool-r1", "LaunchTemplate:pool-r1"],
  ],
  ["prod", "cloud.database.instanceClass", "db.m6i.2xlarge", ["Instance:database"]],
  [
    "prod",
    "cloud.database.backupDays",
    14,
    ["Instance:database", "Plan:backups", "VaultLockConfiguration:backups"],
  ],
  [
    "prod",
    "cloud.weightsCopy",
    {
      region: "us-west-2",
      bucket: "prod-standby-weights-123456789012-us-west-2",
      key: "arn:aws:kms:us-west-2:123456789012:key/mrk-0123456789abcdef0123456789abcdef",
    },
    [
      "+BucketReplicationConfig:weights-replication",
      "+Role:weights-replication",
      "+RolePolicy:weights-replication",
      "Key:keys-weights",
      ...OF_WEIGHTS_KEY,
    ],
  ],
  [
    "prod",
    "cloud.weightsKeyOf",
    "arn:aws:kms:us-west-2:123456789012:key/mrk-0123456789abcdef0123456789abcdef",
    ["+ReplicaKey:keys-weights", "-Key:keys-weights", ...OF_WEIGHTS_KEY],
  ],
  ["prod", "cloud.cache.replicas", 1, ["ReplicationGroup:cache"]],
  [
    "prod",
    "cloud.logDays",
    365,
    [
      "LogGroup:database-postgresql",
      "LogGroup:database-upgrade",
      "LogGroup:eks-control-plane",
      "LogGroup:network-flows",
    ],
  ],
  [
    "prod",
    "cloud.auditLock",
    "governance",
    ["BucketObjectLockConfiguration:audit", "VaultLockConfiguration:backups"],
  ],
  [
    "prod",
    "cloud.control.administrators",
    ["arn:aws:iam::123456789012:role/other"],
    [
      "+AccessEntry:eks-role-other",
      "+AccessPolicyAssociation:eks-role-other",
      "-AccessEntry:eks-role-platform",
      "-AccessPolicyAssociation:eks-role-platform",
    ],
  ],
  ["prod", "cloud.control.addons", { coredns: "v1.12.4-eksbuild.1" }, ["Addon:addons-coredns"]],
  [
    "prod",
    "storage.onDestroy",
    "delete",
    [
      "StatefulSet:alertmanager",
      "StatefulSet:gateway",
      "StatefulSet:prometheus",
      "StorageClass:volumes-gp3-encrypted",
    ],
  ],
  [
    "onprem-bank",
    "redis.resources.memory",
    "2Gi",
    ["ConfigMap:redis-configuration", "StatefulSet:redis"],
  ],
  ["onprem-bank", "postgres.instances", 5, ["Cluster:postgres"]],
  [
    "onprem-bank",
    "externalSecrets",
    { store: { name: "bank" }, from: { openbao: "deepseek/openbao", "backup-access": "backups" } },
    [
      "+ExternalSecret:external-secrets-deepseek-backup-access",
      "+ExternalSecret:external-secrets-deepseek-openbao",
      "+ExternalSecrets:external-secrets",
    ],
  ],
  [
    "onprem-bank",
    "rotation",
    { quotas: 1 },
    [
      "+RandomPassword:redis-gateway-1",
      "Secret:gateway-passwords",
      "Secret:redis-users",
      "StatefulSet:redis",
    ],
  ],
  [
    "onprem-bank",
    "rotation",
    { ledger: 1 },
    [
      "+RandomPassword:postgres-gateway-1",
      "-RandomPassword:postgres-gateway",
      "Secret:gateway-passwords",
      "Secret:postgres-role",
    ],
  ],
  [
    "onprem-bank",
    "rotation",
    { tokens: 1, data: 1 },
    [
      "+RandomBytes:gateway-data-key-1",
      "+RandomBytes:gateway-token-secret-1",
      "Secret:gateway-secrets",
    ],
  ],
  [
    "prod",
    "rotation",
    { ledger: 1, quotas: 1 },
    [
      "+RandomPassword:cache-gateway-1",
      "+RandomPassword:database-gateway-1",
      "-RandomPassword:database-gateway",
      "Instance:database",
      "Secret:gateway-passwords",
      "User:cache-gateway",
    ],
  ],
  [
    "onprem-bank",
    "weightsKey.key",
    "other",
    ["Deployment:model-deepseek-finance-13b", "Deployment:model-deepseek-finance-13b-risk"],
  ],
  [
    "onprem-bank",
    "outside",
    { ranges: ["203.0.113.0/24"] },
    // Webhooks may be told from now on, so that a panel shows them.
    [
      "ConfigMap:dashboards-compliance",
      "ConfigMap:dashboards-compliance-en",
      "NetworkPolicy:deepseek-allow-gateway",
    ],
  ],
  [
    "onprem-bank",
    "retention.archive.ranges",
    ["10.0.0.48/28"],
    ["NetworkPolicy:deepseek-allow-gateway"],
  ],
  [
    "onprem-bank",
    "limits.pods",
    70,
    ["ResourceQuota:limits-deepseek-quota", "ResourceQuota:limits-monitoring-quota"],
  ],
  ["onprem-bank", "cluster.clusterIdentifier", "bank-2", ["kubernetes:cluster"]],
  // Programs that read a certificate at their start only are rolled; the others take it as they run.
  [
    "onprem-bank",
    "tls.issuer.name",
    "other",
    [
      "Certificate:tls-alertmanager",
      "Certificate:tls-collector",
      "Certificate:tls-edge",
      "Certificate:tls-gateway",
      "Certificate:tls-grafana",
      "Certificate:tls-log-agent",
      "Certificate:tls-model",
      "Certificate:tls-postgres",
      "Certificate:tls-postgres-replication",
      "Certificate:tls-prometheus",
      "Certificate:tls-redis",
      "Certificate:tls-restore-test",
      "Deployment:edge",
      "Deployment:grafana",
      "StatefulSet:redis",
    ],
  ],
  [
    "onprem-hospital",
    "gpuRuntime.mode",
    "ours",
    [
      "+Certificate:tls-gpu-exporter",
      "+DaemonSet:gpu-runtime-exporter",
      "+DaemonSet:gpu-runtime-plugin",
      "+NetworkPolicy:deepseek-gpu-allow-dcgm-exporter",
      "+NetworkPolicy:deepseek-gpu-allow-dns",
      "+NetworkPolicy:deepseek-gpu-default-deny",
      "+Service:gpu-runtime-metrics",
      "ConfigMap:gpu-runtime-counters",
      "ConfigMap:prometheus-configuration",
      "Namespace:deepseek-gpu",
      "NetworkPolicy:monitoring-allow-prometheus",
      "StatefulSet:prometheus",
    ],
  ],
  ["onprem-hospital", "retention.archive.claim", "other", ["StatefulSet:gateway"]],
  ["onprem-hospital", "patientData.storage", "600Gi", ["Cluster:patients"]],
  [
    "onprem-hospital",
    "patientData.auditors",
    ["audit"],
    ["+Role:patients-auditors", "+RoleBinding:patients-auditors"],
  ],
  ["onprem-hospital", "fineTuning.gpus", 1, ["ConfigMap:fine-tuning-files"]],
  [
    "onprem-hospital",
    "identities",
    [{ name: "first" }, { name: "second" }],
    ["+RandomPassword:key-second", "Secret:gateway-keys"],
  ],
  ["onprem-hospital", "site.quotaShare", 0.4, ["StatefulSet:gateway"]],
  ["onprem-hospital", "site.other.postgres", "db.b.hospital.example", ["Cluster:ledger-copy"]],
];

const stacks = [...new Set(ROWS.map(([stack]) => stack))];
const before = new Map<string, Program>();

beforeAll(async () => {
  for (const stack of stacks) before.set(stack, await programOf(committedValues(stack)));
}, 120_000);

describe("a change of", () => {
  test.each(ROWS)("%s: %s = %j", async (stack, at, value, expected) => {
    const after = await programOf(changed(committedValues(stack), at, value));
    expect(touched(before.get(stack) as Program, after)).toEqual([...expected].sort());
  });
});

async function programOf(values: Values): Promise<Program> {
  const settings = settingsOf(values);
  return runProgram(await siteProgram(settings), settings);
}

function touched(one: Program, other: Program): string[] {
  const [old, now] = [one, other].map(
    ({ resources }) =>
      new Map(
        resources.map(({ type, name, inputs }) => [`${type.split(":").at(-1)}:${name}`, inputs]),
      ),
  ) as [Map<string, unknown>, Map<string, unknown>];
  return [...new Set([...old.keys(), ...now.keys()])]
    .flatMap((key) => {
      if (!old.has(key)) return [`+${key}`];
      if (!now.has(key)) return [`-${key}`];
      return isDeepStrictEqual(old.get(key), now.get(key)) ? [] : [key];
    })
    .sort();
}
