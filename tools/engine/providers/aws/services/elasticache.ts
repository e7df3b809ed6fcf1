/** Amazon ElastiCache: replication groups of Redis OSS and Valkey, their users and groups. */
import type { ConditionalReplacement, Making, ServiceTable } from "../table.ts";

/** Engine versions compare as numbers: "7.1" < "7.10". */
function older(after: unknown, before: unknown): boolean {
  const parts = (version: unknown) =>
    String(version ?? "")
      .split(".")
      .map(Number);
  const [a, b] = [parts(after), parts(before)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index] ?? 0, b[index] ?? 0];
    if (left !== right) return left < right;
  }
  return false;
}

function clustered(m: Making): boolean {
  const groups = m.inputs.numNodeGroups;
  return typeof groups === "number" && groups > 1;
}

function nodes(m: Making): number {
  const { numCacheClusters, numNodeGroups, replicasPerNodeGroup } = m.inputs;
  if (typeof numCacheClusters === "number") return numCacheClusters;
  const groups = typeof numNodeGroups === "number" ? numNodeGroups : 1;
  return groups * (1 + (typeof replicasPerNodeGroup === "number" ? replicasPerNodeGroup : 0));
}

/** Valkey does not go back to Redis. */
const NO_WAY_BACK: ConditionalReplacement = {
  property: "engine",
  when: (_, after) => after.engine === "redis",
};

export const ELASTICACHE: ServiceTable = {
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    source: "elasticache_replication_group",
    replaces:
      "atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId networkType " +
      "nodeGroupConfigurations port replicationGroupId securityGroupNames snapshotArns " +
      "snapshotName subnetGroupName",
    updates:
      "applyImmediately authToken authTokenUpdateStrategy authTokenWo authTokenWoVersion " +
      "autoMinorVersionUpgrade automaticFailoverEnabled clusterMode description engine " +
      "engineVersion finalSnapshotIdentifier ipDiscovery logDeliveryConfigurations " +
      "maintenanceWindow multiAzEnabled nodeType notificationTopicArn numCacheClusters " +
      "numNodeGroups parameterGroupName preferredCacheClusterAzs replicasPerNodeGroup " +
      "securityGroupIds snapshotRetentionLimit snapshotWindow transitEncryptionEnabled " +
      "transitEncryptionMode userGroupIds",
    replacesWhen: [
      NO_WAY_BACK,
      // No engine goes back a version.
      { property: "engineVersion", when: (a, b) => older(b.engineVersion, a.engineVersion) },
      {
        property: "transitEncryptionEnabled",
        when: (_, after) =>
          typeof after.engineVersion === "string" && older(after.engineVersion, "7.0.5"),
      },
    ],
    autoname: { property: "replicationGroupId", lengthMax: 40, lowercase: true },
    excludes: [
      "authToken userGroupIds",
      "numCacheClusters numNodeGroups",
      "numCacheClusters replicasPerNodeGroup",
      "nodeGroupConfigurations preferredCacheClusterAzs",
    ],
    values: {
      engine: "redis valkey",
      authTokenUpdateStrategy: "SET ROTATE DELETE",
      clusterMode: "enabled disabled compatible",
      ipDiscovery: "ipv4 ipv6",
      networkType: "ipv4 ipv6 dual_stack",
      transitEncryptionMode: "preferred required",
      "logDeliveryConfigurations.destinationType": "cloudwatch-logs kinesis-firehose",
      "logDeliveryConfigurations.logFormat": "json text",
      "logDeliveryConfigurations.logType": "slow-log engine-log",
    },
    ranges: { snapshotRetentionLimit: [0, 35], replicasPerNodeGroup: [0, 5] },
    formats: { notificationTopicArn: "arn", port: "port" },
    defaults: { automaticFailoverEnabled: false, engine: "redis", multiAzEnabled: false },
    id: (m) => m.text("replicationGroupId"),
    computed: (m) => {
      const host = (lead: string) =>
        `${lead}${m.id}.${m.hex(6, "host")}.${m.region}.cache.${m.dnsSuffix}.invalid`;
      const count = nodes(m);
      return {
        arn: m.arn("elasticache", `replicationgroup:${m.id}`),
        atRestEncryptionEnabled: m.text("engine") === "valkey",
        autoMinorVersionUpgrade: true,
        clusterEnabled: clustered(m),
        clusterMode: clustered(m) ? "enabled" : "disabled",
        configurationEndpointAddress: clustered(m) ? host("clustercfg.") : "",
        engineVersion: m.text("engine") === "valkey" ? "8.0" : "7.1",
        engineVersionActual: m.text("engine") === "valkey" ? "8.0.0" : "7.1.0",
        ipDiscovery: "ipv4",
        maintenanceWindow: "sun:05:00-sun:06:00",
        memberClusters: Array.from(
          { length: count },
          (_, index) => `${m.id}-${String(index + 1).padStart(3, "0")}`,
        ),
        networkType: "ipv4",
        nodeType: "cache.t3.micro",
        numCacheClusters: count,
        numNodeGroups: 1,
        parameterGroupName: `default.${m.text("engine")}7`,
        primaryEndpointAddress: clustered(m) ? "" : host("master."),
        readerEndpointAddress: clustered(m) ? "" : host("replica."),
        replicasPerNodeGroup: Math.max(0, count - 1),
        snapshotWindow: "03:00-04:00",
        subnetGroupName: "default",
        transitEncryptionEnabled: m.text("engine") === "valkey",
        transitEncryptionMode: m.inputs.transitEncryptionEnabled === true ? "required" : "",
      };
    },
  },
  "aws:elasticache/subnetGroup:SubnetGroup": {
    source: "elasticache_subnet_group",
    replaces: "name",
    updates: "description subnetIds",
    autoname: { property: "name", lengthMax: 255, lowercase: true },
    defaults: { description: "Managed by Pulumi" },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("elasticache", `subnetgroup:${m.id}`),
      vpcId: `vpc-${m.hex(17, "vpc of the subnets")}`,
    }),
  },
  "aws:elasticache/parameterGroup:ParameterGroup": {
    source: "elasticache_parameter_group",
    replaces: "description family name",
    updates: "parameters",
    autoname: { property: "name", lengthMax: 255, lowercase: true },
    defaults: { description: "Managed by Pulumi" },
    id: (m) => m.text("name"),
    computed: (m) => ({ arn: m.arn("elasticache", `parametergroup:${m.id}`) }),
  },
  "aws:elasticache/user:User": {
    source: "elasticache_user",
    replaces: "userId userName",
    updates:
      "accessString authenticationMode engine noPasswordRequired passwords passwordsWo " +
      "passwordsWoVersion",
    replacesWhen: [NO_WAY_BACK],
    values: {
      engine: "redis valkey",
      "authenticationMode.type": "password no-password-required iam",
    },
    excludes: ["authenticationMode noPasswordRequired", "authenticationMode passwords"],
    defaults: { noPasswordRequired: false },
    id: (m) => m.text("userId"),
    computed: (m) => ({
      arn: m.arn("elasticache", `user:${m.id}`),
      authenticationMode: {
        passwordCount: m.list("passwords").length,
        type: m.list("passwords").length > 0 ? "password" : "no-password",
      },
    }),
  },
  "aws:elasticache/userGroup:UserGroup": {
    source: "elasticache_user_group",
    replaces: "userGroupId",
    updates: "engine userIds",
    replacesWhen: [NO_WAY_BACK],
    values: { engine: "redis valkey" },
    id: (m) => m.text("userGroupId"),
    computed: (m) => ({ arn: m.arn("elasticache", `usergroup:${m.id}`) }),
  },
};
