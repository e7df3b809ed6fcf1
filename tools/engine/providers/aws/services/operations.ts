/** What keeps a service running: images (ECR), secrets, logs and alarms, backups. */
import { type Making, named, type ServiceTable } from "../table.ts";

/** Retention periods that CloudWatch Logs takes, in days; 0 keeps for ever. */
const RETENTION_DAYS =
  "0 1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653";

function secretVersionId(m: Making): string {
  return m.uuid("version");
}

export const OPERATIONS: ServiceTable = {
  "aws:ecr/repository:Repository": {
    source: "ecr_repository",
    replaces: "encryptionConfigurations name",
    updates:
      "forceDelete imageScanningConfiguration imageTagMutability imageTagMutabilityExclusionFilters",
    autoname: { property: "name", lengthMax: 256, lowercase: true },
    values: {
      imageTagMutability: "MUTABLE IMMUTABLE IMMUTABLE_WITH_EXCLUSION MUTABLE_WITH_EXCLUSION",
      "encryptionConfigurations.encryptionType": "AES256 KMS KMS_DSSE",
    },
    defaults: { imageTagMutability: "MUTABLE" },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("ecr", `repository/${m.id}`),
      registryId: m.account,
      repositoryUrl: `${m.account}.dkr.ecr.${m.region}.${m.dnsSuffix}/${m.id}`,
    }),
  },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    source: "ecr_lifecycle_policy",
    replaces: "policy repository",
    updates: "",
    formats: { policy: "json" },
    id: (m) => m.text("repository"),
    computed: (m) => ({ registryId: m.account }),
  },
  "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": {
    source: "ecr_pull_through_cache_rule",
    replaces: "ecrRepositoryPrefix upstreamRegistryUrl upstreamRepositoryPrefix",
    updates: "credentialArn customRoleArn",
    formats: { credentialArn: "arn", customRoleArn: "arn" },
    id: (m) => m.text("ecrRepositoryPrefix"),
    computed: (m) => ({ registryId: m.account }),
  },
  "aws:secretsmanager/secret:Secret": {
    source: "secretsmanager_secret",
    replaces: "name namePrefix type",
    updates:
      "description forceOverwriteReplicaSecret kmsKeyId policy recoveryWindowInDays replicas",
    autoname: named(512),
    formats: { policy: "json" },
    // 0 deletes at once; otherwise 7 to 30 days. The check below lets the whole range pass.
    ranges: { recoveryWindowInDays: [0, 30] },
    defaults: { forceOverwriteReplicaSecret: false, recoveryWindowInDays: 30 },
    // Secrets Manager adds six characters of its own to the ARN.
    id: (m) => m.arn("secretsmanager", `secret:${m.text("name")}-${m.base36(6)}`),
    computed: (m) => ({ arn: m.id }),
  },
  "aws:secretsmanager/secretVersion:SecretVersion": {
    source: "secretsmanager_secret_version",
    replaces: "secretBinary secretId secretString secretStringWo secretStringWoVersion",
    updates: "versionStages",
    needsOne: ["secretBinary secretString secretStringWo"],
    excludes: ["secretBinary secretString secretStringWo"],
    id: (m) => `${m.text("secretId")}|${secretVersionId(m)}`,
    computed: (m) => ({
      arn: m.text("secretId"),
      hasSecretStringWo: "secretStringWo" in m.inputs,
      secretArn: m.text("secretId"),
      versionId: m.id.split("|").at(-1) ?? "",
      versionStages: ["AWSCURRENT"],
    }),
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    source: "cloudwatch_log_group",
    replaces: "logGroupClass name namePrefix",
    updates: "deletionProtectionEnabled kmsKeyId retentionInDays skipDestroy",
    autoname: named(512),
    values: {
      logGroupClass: "STANDARD INFREQUENT_ACCESS DELIVERY",
      retentionInDays: RETENTION_DAYS,
    },
    formats: { kmsKeyId: "arn" },
    defaults: { retentionInDays: 0, skipDestroy: false },
    protectedBy: "deletionProtectionEnabled",
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("logs", `log-group:${m.id}`),
      deletionProtectionEnabled: false,
      logGroupClass: "STANDARD",
    }),
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    source: "cloudwatch_metric_alarm",
    replaces: "name",
    // PutMetricAlarm writes the whole alarm anew under its name.
    updates:
      "actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm dimensions " +
      "evaluateLowSampleCountPercentiles evaluationCriteria evaluationInterval evaluationPeriods " +
      "extendedStatistic insufficientDataActions metricName metricQueries namespace okActions " +
      "period statistic threshold thresholdMetricId treatMissingData unit warmUpConfiguration",
    autoname: { property: "name", lengthMax: 255 },
    values: {
      comparisonOperator:
        "GreaterThanOrEqualToThreshold GreaterThanThreshold LessThanThreshold " +
        "LessThanOrEqualToThreshold LessThanLowerOrGreaterThanUpperThreshold " +
        "LessThanLowerThreshold GreaterThanUpperThreshold",
      statistic: "SampleCount Average Sum Minimum Maximum",
      treatMissingData: "missing ignore breaching notBreaching",
    },
    needsOne: ["metricName metricQueries evaluationCriteria"],
    excludes: ["metricName metricQueries", "statistic extendedStatistic"],
    ranges: { evaluationPeriods: [1, 86400] },
    defaults: { actionsEnabled: true, treatMissingData: "missing" },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("cloudwatch", `alarm:${m.id}`),
      evaluateLowSampleCountPercentiles: "",
    }),
  },
  "aws:backup/vault:Vault": {
    source: "backup_vault",
    replaces: "kmsKeyArn name",
    updates: "forceDestroy",
    autoname: { property: "name", lengthMax: 50 },
    formats: { kmsKeyArn: "arn" },
    defaults: { forceDestroy: false },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("backup", `backup-vault:${m.id}`),
      kmsKeyArn: m.arn("kms", `key/${m.uuid("default key")}`),
      recoveryPoints: 0,
    }),
  },
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": {
    source: "backup_vault_lock_configuration",
    replaces: "backupVaultName changeableForDays maxRetentionDays minRetentionDays",
    updates: "",
    ranges: { changeableForDays: [3, 36500] },
    id: (m) => m.text("backupVaultName"),
    computed: (m) => ({ backupVaultArn: m.arn("backup", `backup-vault:${m.id}`) }),
  },
  "aws:backup/plan:Plan": {
    source: "backup_plan",
    replaces: "name",
    updates: "advancedBackupSettings rules scanSettings",
    autoname: { property: "name", lengthMax: 50 },
    changesOnUpdate: "version",
    id: (m) => m.uuid(),
    computed: (m) => ({
      arn: m.arn("backup", `backup-plan:${m.id}`),
      // Every change of a plan makes a new version of it, known only afterwards.
      version: m.base36(48, `version ${JSON.stringify(m.inputs.rules ?? [])}`),
    }),
  },
  "aws:backup/selection:Selection": {
    source: "backup_selection",
    replaces: "conditions iamRoleArn name notResources planId resources selectionTags",
    updates: "",
    autoname: { property: "name", lengthMax: 50 },
    values: { "selectionTags.type": "STRINGEQUALS" },
    formats: { iamRoleArn: "arn" },
    id: (m) => m.uuid(),
    computed: () => ({ conditions: [], notResources: [] }),
  },
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": {
    source: "backup_restore_testing_plan",
    replaces: "name",
    updates:
      "recoveryPointSelection scheduleExpression scheduleExpressionTimezone startWindowHours",
    values: {
      "recoveryPointSelection.algorithm": "RANDOM_WITHIN_WINDOW LATEST_WITHIN_WINDOW",
      "recoveryPointSelection.recoveryPointTypes": "CONTINUOUS SNAPSHOT",
    },
    ranges: { "recoveryPointSelection.selectionWindowDays": [1, 365], startWindowHours: [1, 168] },
    autoname: { property: "name", lengthMax: 50 },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("backup", `restore-testing-plan:${m.id}-${m.uuid("arn")}`),
      scheduleExpressionTimezone: "Etc/UTC",
      startWindowHours: 24,
    }),
  },
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": {
    source: "backup_restore_testing_selection",
    replaces: "name protectedResourceType restoreTestingPlanName",
    updates:
      "iamRoleArn protectedResourceArns protectedResourceConditions restoreMetadataOverrides " +
      "validationWindowHours",
    formats: { iamRoleArn: "arn" },
    ranges: { validationWindowHours: [0, 168] },
    autoname: { property: "name", lengthMax: 50 },
    id: (m) => `${m.text("name")}:${m.text("restoreTestingPlanName")}`,
    computed: () => ({ protectedResourceArns: [], validationWindowHours: 0 }),
  },
};
