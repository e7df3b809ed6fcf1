/** Amazon RDS and Aurora: instances, clusters, subnet and parameter groups. */
import type { PropertyMap } from "../../../values.ts";
import { type Making, named, type ServiceTable, SIMULATED_TIME, type TypeTable } from "../table.ts";

const STORAGE = "standard gp2 gp3 io1 io2 aurora aurora-iopt1";
/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide: the default port of each engine. */
const PORTS: Readonly<Record<string, number>> = {
  mysql: 3306,
  mariadb: 3306,
  "aurora-mysql": 3306,
  postgres: 5432,
  "aurora-postgresql": 5432,
};
const MONITORING_INTERVALS = "0 1 5 10 15 30 60";

function portOf(m: Making): number {
  return PORTS[m.text("engine")] ?? 1433;
}

function versionOf(m: Making): string {
  return m.text("engineVersion") === "" ? "simulated" : m.text("engineVersion");
}

function masterSecret(m: Making): PropertyMap[] {
  if (m.inputs.manageMasterUserPassword !== true) return [];
  const secretArn = m.arn("secretsmanager", `secret:rds!${m.uuid("secret")}-${m.base36(6, "arn")}`);
  return [
    { kmsKeyId: m.arn("kms", `key/${m.uuid("secret key")}`), secretArn, secretStatus: "active" },
  ];
}

function shared(m: Making): PropertyMap {
  return {
    backupRetentionPeriod: 1,
    databaseInsightsMode: "standard",
    dbSubnetGroupName: "default",
    engineLifecycleSupport: "open-source-rds-extended-support",
    engineVersion: versionOf(m),
    engineVersionActual: versionOf(m),
    hostedZoneId: `Z${m.base36(13, "zone")}`,
    masterUserSecrets: masterSecret(m),
    networkType: "IPV4",
    port: portOf(m),
    upgradeRolloutOrder: "second",
    vpcSecurityGroupIds: [`sg-${m.hex(17, "default security group")}`],
  };
}

function parameterGroup(source: string, arnKind: string, updates: string): TypeTable {
  return {
    source,
    replaces: "description family name namePrefix",
    updates,
    autoname: { ...named(255), lowercase: true },
    values: { "parameters.applyMethod": "immediate pending-reboot" },
    defaults: { description: "Managed by Pulumi" },
    id: (m) => m.text("name"),
    computed: (m) => ({ arn: m.arn("rds", `${arnKind}:${m.id}`) }),
  };
}

export const RDS: ServiceTable = {
  "aws:rds/instance:Instance": {
    source: "db_instance",
    replaces:
      "availabilityZone backupTarget characterSetName customIamInstanceProfile dbName engine " +
      "identifier identifierPrefix kmsKeyId ncharCharacterSetName restoreToPointInTime s3Import " +
      "snapshotIdentifier storageEncrypted timezone username",
    updates:
      "allocatedStorage allowMajorVersionUpgrade applyImmediately autoMinorVersionUpgrade " +
      "backupRetentionPeriod backupWindow blueGreenUpdate caCertIdentifier copyTagsToSnapshot " +
      "customerOwnedIpEnabled databaseInsightsMode dbSubnetGroupName dedicatedLogVolume " +
      "deleteAutomatedBackups deletionProtection domain domainAuthSecretArn domainDnsIps domainFqdn " +
      "domainIamRoleName domainOu enabledCloudwatchLogsExports engineLifecycleSupport engineVersion " +
      "finalSnapshotIdentifier iamDatabaseAuthenticationEnabled instanceClass iops licenseModel " +
      "maintenanceWindow manageMasterUserPassword masterUserSecretKmsKeyId maxAllocatedStorage " +
      "monitoringInterval monitoringRoleArn multiAz networkType optionGroupName parameterGroupName " +
      "password passwordWo passwordWoVersion performanceInsightsEnabled performanceInsightsKmsKeyId " +
      "performanceInsightsRetentionPeriod port publiclyAccessible replicaMode replicateSourceDb " +
      "skipFinalSnapshot storageThroughput storageType upgradeStorageConfig vpcSecurityGroupIds",
    // Performance Insights cannot change its key once it has one.
    replacesWhen: [
      {
        property: "performanceInsightsKmsKeyId",
        when: (before) => before.performanceInsightsKmsKeyId !== undefined,
      },
    ],
    autoname: {
      property: "identifier",
      lengthMax: 63,
      prefixProperty: "identifierPrefix",
      lowercase: true,
    },
    needsOne: ["engine replicateSourceDb snapshotIdentifier restoreToPointInTime"],
    excludes: ["password manageMasterUserPassword passwordWo"],
    values: {
      storageType: STORAGE,
      monitoringInterval: MONITORING_INTERVALS,
      networkType: "IPV4 DUAL",
      databaseInsightsMode: "standard advanced",
      engineLifecycleSupport:
        "open-source-rds-extended-support open-source-rds-extended-support-disabled",
      replicaMode: "open-read-only mounted",
    },
    ranges: { backupRetentionPeriod: [0, 35] },
    formats: { kmsKeyId: "arn", monitoringRoleArn: "arn", port: "port" },
    defaults: {
      autoMinorVersionUpgrade: true,
      copyTagsToSnapshot: false,
      deleteAutomatedBackups: true,
      monitoringInterval: 0,
      performanceInsightsEnabled: false,
      publiclyAccessible: false,
      skipFinalSnapshot: false,
    },
    protectedBy: "deletionProtection",
    id: (m) => `db-${m.base36(26)}`,
    computed: (m) => {
      const address = `${m.text("identifier")}.${m.hex(12, "host")}.${m.region}.rds.${m.dnsSuffix}.invalid`;
      const port = typeof m.inputs.port === "number" ? m.inputs.port : portOf(m);
      return {
        ...shared(m),
        address,
        allocatedStorage: 0,
        arn: m.arn("rds", `db:${m.text("identifier")}`),
        availabilityZone: `${m.region}a`,
        backupTarget: "region",
        backupRetentionPeriod: 0,
        backupWindow: "03:00-03:30",
        caCertIdentifier: "rds-ca-rsa2048-g1",
        endpoint: `${address}:${port}`,
        kmsKeyId:
          m.inputs.storageEncrypted === true ? m.arn("kms", `key/${m.uuid("default key")}`) : "",
        latestRestorableTime: SIMULATED_TIME,
        licenseModel: "license-included",
        listenerEndpoints: [],
        maintenanceWindow: "sun:04:00-sun:04:30",
        multiAz: false,
        optionGroupName: `default:${m.text("engine")}`,
        parameterGroupName: `default.${m.text("engine")}`,
        replicas: [],
        resourceId: m.id,
        status: "available",
        storageType: "gp2",
      };
    },
  },
  "aws:rds/subnetGroup:SubnetGroup": {
    source: "db_subnet_group",
    replaces: "name namePrefix",
    updates: "description subnetIds",
    autoname: { ...named(255), lowercase: true },
    defaults: { description: "Managed by Pulumi" },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("rds", `subgrp:${m.id}`),
      supportedNetworkTypes: ["IPV4"],
      vpcId: `vpc-${m.hex(17, "vpc of the subnets")}`,
    }),
  },
  "aws:rds/parameterGroup:ParameterGroup": parameterGroup(
    "db_parameter_group",
    "pg",
    "parameters skipDestroy",
  ),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": parameterGroup(
    "rds_cluster_parameter_group",
    "cluster-pg",
    "parameters",
  ),
  "aws:rds/cluster:Cluster": {
    source: "rds_cluster",
    replaces:
      "availabilityZones clusterIdentifier clusterIdentifierPrefix clusterScalabilityType " +
      "databaseName dbSubnetGroupName dbSystemId engineMode kmsKeyId masterUsername " +
      "restoreToPointInTime s3Import snapshotIdentifier sourceRegion storageEncrypted",
    updates:
      "allocatedStorage allowMajorVersionUpgrade applyImmediately autoMinorVersionUpgrade " +
      "backtrackWindow backupRetentionPeriod caCertificateIdentifier clusterMembers " +
      "copyTagsToSnapshot databaseInsightsMode dbClusterInstanceClass dbClusterParameterGroupName " +
      "dbInstanceParameterGroupName deleteAutomatedBackups deletionProtection domain " +
      "domainIamRoleName enableGlobalWriteForwarding enableHttpEndpoint enableLocalWriteForwarding " +
      "enabledCloudwatchLogsExports engineLifecycleSupport engineVersion finalSnapshotIdentifier " +
      "globalClusterIdentifier " +
      "iamDatabaseAuthenticationEnabled iamRoles iops manageMasterUserPassword masterPassword " +
      "masterPasswordWo masterPasswordWoVersion masterUserSecretKmsKeyId monitoringInterval " +
      "monitoringRoleArn networkType performanceInsightsEnabled performanceInsightsKmsKeyId " +
      "performanceInsightsRetentionPeriod port preferredBackupWindow preferredMaintenanceWindow " +
      "replicationSourceIdentifier scalingConfiguration serverlessv2ScalingConfiguration " +
      "skipFinalSnapshot storageType vpcSecurityGroupIds",
    replacesWhen: [
      // Only Aurora changes its engine or its storage type in place.
      { property: "engine", when: () => true },
      { property: "storageType", when: (_, after) => !String(after.engine).startsWith("aurora") },
    ],
    autoname: {
      property: "clusterIdentifier",
      lengthMax: 63,
      prefixProperty: "clusterIdentifierPrefix",
      lowercase: true,
    },
    excludes: ["masterPassword manageMasterUserPassword masterPasswordWo"],
    values: {
      engine: "aurora-mysql aurora-postgresql mysql postgres",
      engineMode: "global parallelquery provisioned serverless",
      monitoringInterval: MONITORING_INTERVALS,
      networkType: "IPV4 DUAL",
      databaseInsightsMode: "standard advanced",
    },
    ranges: { backupRetentionPeriod: [1, 35], backtrackWindow: [0, 259200] },
    formats: { kmsKeyId: "arn", port: "port" },
    defaults: {
      backupRetentionPeriod: 1,
      copyTagsToSnapshot: false,
      deleteAutomatedBackups: true,
      engineMode: "provisioned",
      skipFinalSnapshot: false,
    },
    protectedBy: "deletionProtection",
    id: (m) => m.text("clusterIdentifier"),
    computed: (m) => {
      const host = (kind: string) =>
        `${m.id}.${kind}-${m.hex(12, "host")}.${m.region}.rds.${m.dnsSuffix}.invalid`;
      return {
        ...shared(m),
        arn: m.arn("rds", `cluster:${m.id}`),
        autoMinorVersionUpgrade: true,
        availabilityZones: ["a", "b", "c"].map((zone) => `${m.region}${zone}`),
        caCertificateValidTill: SIMULATED_TIME,
        clusterMembers: [],
        clusterResourceId: `cluster-${m.base36(26, "resource")}`,
        clusterScalabilityType: "standard",
        dbClusterParameterGroupName: `default.${m.text("engine")}`,
        endpoint: host("cluster"),
        kmsKeyId:
          m.inputs.storageEncrypted === true ? m.arn("kms", `key/${m.uuid("default key")}`) : "",
        preferredBackupWindow: "03:00-03:30",
        preferredMaintenanceWindow: "sun:04:00-sun:04:30",
        readerEndpoint: host("cluster-ro"),
      };
    },
  },
  "aws:rds/clusterInstance:ClusterInstance": {
    source: "rds_cluster_instance",
    replaces:
      "availabilityZone clusterIdentifier customIamInstanceProfile dbSubnetGroupName engine " +
      "identifier identifierPrefix",
    updates:
      "applyImmediately autoMinorVersionUpgrade caCertIdentifier copyTagsToSnapshot " +
      "dbParameterGroupName engineVersion forceDestroy instanceClass monitoringInterval " +
      "monitoringRoleArn performanceInsightsEnabled performanceInsightsKmsKeyId " +
      "performanceInsightsRetentionPeriod preferredBackupWindow preferredMaintenanceWindow " +
      "promotionTier publiclyAccessible",
    autoname: {
      property: "identifier",
      lengthMax: 63,
      prefixProperty: "identifierPrefix",
      lowercase: true,
    },
    values: {
      engine: "aurora-mysql aurora-postgresql mysql postgres",
      monitoringInterval: MONITORING_INTERVALS,
    },
    ranges: { promotionTier: [0, 15] },
    defaults: {
      autoMinorVersionUpgrade: true,
      copyTagsToSnapshot: false,
      forceDestroy: false,
      monitoringInterval: 0,
      promotionTier: 0,
    },
    id: (m) => m.text("identifier"),
    computed: (m) => ({
      arn: m.arn("rds", `db:${m.id}`),
      availabilityZone: `${m.region}a`,
      caCertIdentifier: "rds-ca-rsa2048-g1",
      dbParameterGroupName: `default.${m.text("engine")}`,
      dbSubnetGroupName: "default",
      dbiResourceId: `db-${m.base36(26, "resource")}`,
      endpoint: `${m.id}.${m.hex(12, "host")}.${m.region}.rds.${m.dnsSuffix}.invalid`,
      engineVersion: versionOf(m),
      engineVersionActual: versionOf(m),
      kmsKeyId: "",
      networkType: "IPV4",
      port: portOf(m),
      preferredBackupWindow: "03:00-03:30",
      preferredMaintenanceWindow: "sun:04:00-sun:04:30",
      storageEncrypted: false,
      writer: true,
    }),
  },
};
