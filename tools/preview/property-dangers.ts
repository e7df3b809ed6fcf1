/**
 * Changes in place that a reviewer must see although nothing is replaced: what is kept for a shorter time,
 * opened to more people, or stops for a moment. Data; a path is matched with the numbers of lists left out.
 */
import type { Asset, Consequence } from "./asset-dangers.ts";

/** How a value changes. `shrinks` and `grows` compare numbers, with Kubernetes' units. */
export type Movement = "shrinks" | "changes" | "opens" | "is false" | "is true" | "is weaker";

export interface PropertyDanger extends Consequence {
  /** Names the rule in tests and reports. */
  readonly id: string;
  readonly type: string;
  readonly path: RegExp;
  /** Asked for when a resource of this type comes or goes: where such a value stands. */
  readonly at?: string;
  readonly when: Movement;
  readonly asset: Asset;
  readonly source: string;
}

const RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide";
const NONE = "none";

export const PROPERTY_DANGERS: readonly PropertyDanger[] = [
  {
    id: "audit-lock-shorter",
    type: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    path: /^rule\.defaultRetention\.(days|years)$/,
    when: "shrinks",
    asset: "audit trail",
    says: "locks new objects for a shorter time; those that are locked stay so",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
  },
  {
    id: "audit-lock-weaker",
    type: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    path: /^rule\.defaultRetention\.mode$/,
    when: "is weaker",
    asset: "audit trail",
    says: "lets whoever has the right delete locked objects",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
  },
  {
    id: "logs-shorter",
    type: "aws:cloudwatch/logGroup:LogGroup",
    path: /^retentionInDays$/,
    when: "shrinks",
    asset: "audit trail",
    says: "deletes older events: they are marked at once and cannot be had back",
    downtime: NONE,
    source:
      "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
  },
  {
    id: "backups-shorter",
    type: "aws:rds/instance:Instance",
    path: /^backupRetentionPeriod$/,
    when: "shrinks",
    asset: "data",
    says: "forgets backups that are older than the new time",
    downtime: NONE,
    source: `${RDS}/USER_WorkingWithAutomatedBackups.BackupRetention.html`,
  },
  {
    id: "backup-plan-shorter",
    type: "aws:backup/plan:Plan",
    path: /^rules\.lifecycle\.deleteAfter$/,
    when: "shrinks",
    asset: "data",
    says: "keeps new recovery points for a shorter time",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/about-backup-plans.html",
  },
  {
    id: "vault-lock-weaker",
    type: "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    path: /^(minRetentionDays|changeableForDays)$/,
    when: "changes",
    asset: "data",
    says: "changes how long recovery points are held against everybody",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
  },
  {
    id: "database-restarts",
    type: "aws:rds/instance:Instance",
    path: /^instanceClass$/,
    when: "changes",
    asset: "data",
    says: "changes its machine: the standby first, then it takes over",
    downtime: "60 to 120 s where it stands in two zones, else until the machine has changed",
    source: `${RDS}/Concepts.MultiAZSingleStandby.html`,
  },
  {
    id: "database-single",
    type: "aws:rds/instance:Instance",
    path: /^multiAz$/,
    when: "is false",
    asset: "data",
    says: "has no standby in another zone any more: a lost zone is a restore",
    downtime: NONE,
    source: `${RDS}/Concepts.MultiAZSingleStandby.html`,
  },
  {
    id: "database-unprotected",
    type: "aws:rds/instance:Instance",
    path: /^deletionProtection$/,
    when: "is false",
    asset: "data",
    says: "can be deleted by a single call",
    downtime: NONE,
    source: `${RDS}/USER_DeleteInstance.html`,
  },
  {
    id: "database-no-final-snapshot",
    type: "aws:rds/instance:Instance",
    path: /^skipFinalSnapshot$/,
    when: "is true",
    asset: "data",
    says: "leaves no snapshot behind when it is deleted",
    downtime: NONE,
    source: `${RDS}/USER_DeleteInstance.html`,
  },
  {
    id: "database-public",
    type: "aws:rds/instance:Instance",
    path: /^publiclyAccessible$/,
    when: "is true",
    asset: "access",
    says: "gets a public address",
    downtime: NONE,
    source: `${RDS}/USER_VPC.WorkingWithRDSInstanceinaVPC.html`,
  },
  {
    id: "cache-single",
    type: "aws:elasticache/replicationGroup:ReplicationGroup",
    path: /^(automaticFailoverEnabled|multiAzEnabled)$/,
    when: "is false",
    asset: "data",
    says: "does not fail over by itself any more",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html",
  },
  {
    id: "key-not-rotated",
    type: "aws:kms/key:Key",
    path: /^enableKeyRotation$/,
    when: "is false",
    asset: "key",
    says: "is not rotated any more",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
  },
  {
    id: "key-deleted-sooner",
    type: "aws:kms/key:Key",
    path: /^deletionWindowInDays$/,
    when: "shrinks",
    asset: "key",
    says: "leaves less time to notice that it was deleted",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
  },
  {
    id: "key-policy",
    type: "aws:kms/key:Key",
    path: /^policy$/,
    when: "changes",
    asset: "key",
    says: "may be used by others than before",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
  },
  {
    id: "control-plane-public",
    type: "aws:eks/cluster:Cluster",
    path: /^vpcConfig\.endpointPublicAccess$/,
    when: "is true",
    asset: "access",
    says: "answers from the internet",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  },
  {
    id: "control-plane-ranges",
    type: "aws:eks/cluster:Cluster",
    path: /^vpcConfig\.publicAccessCidrs/,
    when: "opens",
    asset: "access",
    says: "may be asked from any address",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  },
  {
    id: "balancer-public",
    type: "aws:lb/loadBalancer:LoadBalancer",
    path: /^internal$/,
    when: "is false",
    asset: "access",
    says: "faces the internet",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/introduction.html",
  },
  {
    id: "ingress-open",
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    path: /^cidrIpv[46]$/,
    at: "cidrIpv4",
    when: "opens",
    asset: "access",
    says: "lets any address in, as far as the network has a way there",
    downtime: NONE,
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  },
  {
    id: "bucket-public",
    type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    path: /^(blockPublicAcls|blockPublicPolicy|ignorePublicAcls|restrictPublicBuckets)$/,
    when: "is false",
    asset: "access",
    says: "no longer keeps a bucket from being made public",
    downtime: NONE,
    source:
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
  },
  {
    id: "nodes-fewer",
    type: "aws:eks/nodeGroup:NodeGroup",
    path: /^scalingConfig\.(minSize|maxSize|desiredSize)$/,
    when: "shrinks",
    asset: "GPU nodes",
    says: "may have fewer nodes: pods on those that go must find another place",
    downtime: "for models that find none",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html",
  },
  {
    id: "nodes-release",
    type: "aws:eks/nodeGroup:NodeGroup",
    path: /^(releaseVersion|launchTemplate\.version|version)$/,
    when: "changes",
    asset: "GPU nodes",
    says: "rolls its nodes: each is drained and ended after a new one is there",
    downtime: "none where a model has a second replica and the zone has a spare node",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html",
  },
  {
    id: "network-policy-wider",
    type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    path: /ipBlock\.cidr$/,
    when: "opens",
    asset: "access",
    says: "allows any address",
    downtime: NONE,
    source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
  },
  {
    id: "volumes-not-retained",
    type: "kubernetes:storage.k8s.io/v1:StorageClass",
    path: /^reclaimPolicy$/,
    when: "changes",
    asset: "data",
    says: "changes what becomes of volumes whose claim is deleted",
    downtime: NONE,
    source: "https://kubernetes.io/docs/concepts/storage/storage-classes/#reclaim-policy",
  },
  {
    id: "claims-deleted",
    type: "kubernetes:apps/v1:StatefulSet",
    path: /^spec\.persistentVolumeClaimRetentionPolicy\.(whenDeleted|whenScaled)$/,
    when: "is weaker",
    asset: "data",
    says: "takes its volumes' claims along when it goes or shrinks",
    downtime: NONE,
    source:
      "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention",
  },
  {
    id: "postgres-fewer",
    type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
    path: /^spec\.instances$/,
    when: "shrinks",
    asset: "data",
    says: "has fewer standbys: the loss of one more is an outage",
    downtime: NONE,
    source: "https://cloudnative-pg.io/documentation/current/replication/",
  },
  {
    id: "postgres-backups-shorter",
    type: "kubernetes:barmancloud.cnpg.io/v1:ObjectStore",
    path: /^spec\.retentionPolicy$/,
    when: "shrinks",
    asset: "data",
    says: "forgets backups that are older than the new time",
    downtime: NONE,
    source: "https://cloudnative-pg.io/plugin-barman-cloud/docs/retention/",
  },
];

/** Where values stand that matter when a resource of this type comes or goes. */
export function notedPaths(type: string): string[] {
  return PROPERTY_DANGERS.flatMap((one) =>
    one.type === type && one.at !== undefined ? [one.at] : [],
  );
}
