/**
 * What it means when a resource is replaced or deleted, by type: what is lost, for how long users wait,
 * and where that is said. Data; a type that is not here holds nothing that cannot be made again at once.
 */

export const ASSETS = [
  "data",
  "key",
  "audit trail",
  "GPU nodes",
  "edge",
  "model",
  "cluster",
  "network",
  "access",
] as const;

export type Asset = (typeof ASSETS)[number];

export interface Consequence {
  /** One sentence that begins after the resource's name. */
  readonly says: string;
  readonly downtime: string;
}

export interface AssetDanger {
  readonly type: string;
  /** Only resources of such names, where a type is used for many things. */
  readonly name?: RegExp;
  readonly asset: Asset;
  readonly replace: Consequence;
  readonly remove: Consequence;
  readonly source: string;
}

const RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide";
const EKS = "https://docs.aws.amazon.com/eks/latest/userguide";
const ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network";
const VPC = "https://docs.aws.amazon.com/vpc/latest/userguide";
const K8S = "https://kubernetes.io/docs";
const CNPG = "https://cloudnative-pg.io/documentation/current/";

/** Stands where the length depends on the model: the renderer puts the plan's own figure there. */
export const MODEL_START = "until models answer again";
const UNTIL_RESTORED = "until a backup has been restored";
const NONE = "none by itself";

export const ASSET_DANGERS: readonly AssetDanger[] = [
  {
    type: "aws:rds/instance:Instance",
    asset: "data",
    replace: {
      says: "begins empty; what it holds stays in the old one's snapshots only",
      downtime: UNTIL_RESTORED,
    },
    remove: {
      says: "goes with its automated backups; only a final snapshot remains",
      downtime: "for good",
    },
    source: `${RDS}/USER_DeleteInstance.html`,
  },
  {
    type: "aws:elasticache/replicationGroup:ReplicationGroup",
    asset: "data",
    replace: {
      says: "begins empty: quotas count from nothing, and the cache is cold",
      downtime: "while gateways reconnect",
    },
    remove: {
      says: "goes, and with it what quotas have counted",
      downtime: "for good: gateways refuse what they cannot count",
    },
    source: "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.Delete.html",
  },
  {
    type: "aws:s3/bucket:Bucket",
    name: /audit/,
    asset: "audit trail",
    replace: {
      says: "begins empty under another name; the old one cannot go while its objects are locked",
      downtime: NONE,
    },
    remove: { says: "is asked to go; a bucket with objects under a lock refuses", downtime: NONE },
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
  },
  {
    type: "aws:s3/bucket:Bucket",
    asset: "data",
    replace: {
      says: "begins empty: weights must be uploaded again before a model server starts",
      downtime: MODEL_START,
    },
    remove: {
      says: "goes with everything in it",
      downtime: "for good, at the next start of a model server",
    },
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
  },
  {
    type: "aws:kms/key:Key",
    asset: "key",
    replace: {
      says: "is a new key; what the old one sealed can be read until its waiting period ends",
      downtime: NONE,
    },
    remove: {
      says: "is scheduled for deletion; after the waiting period nothing that it sealed can be read again",
      downtime: "for good, for everything that is sealed with it",
    },
    source: "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
  },
  {
    type: "aws:eks/cluster:Cluster",
    asset: "cluster",
    replace: {
      says: "is another cluster: everything in the old one ends, volumes included unless retained",
      downtime: "until the new one is made and the stack is deployed into it",
    },
    remove: { says: "goes with everything that runs in it", downtime: "for good" },
    source: `${EKS}/delete-cluster.html`,
  },
  {
    // The pool without GPUs; the committed stacks call it so.
    type: "aws:eks/nodeGroup:NodeGroup",
    name: /^pool-system$/,
    asset: "cluster",
    replace: {
      says: "is made anew: edge, gateways and monitoring move to other nodes",
      downtime: "none where they have replicas in several zones",
    },
    remove: {
      says: "goes: edge, gateways and monitoring have no nodes",
      downtime: "for good",
    },
    source: `${EKS}/delete-managed-node-group.html`,
  },
  {
    type: "aws:eks/nodeGroup:NodeGroup",
    asset: "GPU nodes",
    replace: { says: "is made anew: all its nodes are drained and ended", downtime: MODEL_START },
    remove: {
      says: "goes: all its nodes are drained and ended",
      downtime: "for good, for what only runs there",
    },
    source: `${EKS}/delete-managed-node-group.html`,
  },
  {
    type: "aws:lb/loadBalancer:LoadBalancer",
    asset: "edge",
    replace: {
      says: "gets another address: callers that keep the old one find nobody",
      downtime: "until names point to the new one",
    },
    remove: { says: "goes, and with it the address of the service", downtime: "for good" },
    source: `${ELB}/load-balancer-delete.html`,
  },
  {
    type: "aws:lb/listener:Listener",
    asset: "edge",
    replace: { says: "is made anew", downtime: "seconds, while the port has no listener" },
    remove: { says: "goes: its port is closed", downtime: "for good" },
    source: `${ELB}/load-balancer-listeners.html`,
  },
  {
    type: "aws:backup/vault:Vault",
    asset: "data",
    replace: {
      says: "begins empty; recovery points stay in the old one, which cannot go before them",
      downtime: NONE,
    },
    remove: {
      says: "cannot go while it holds recovery points, and the update fails there",
      downtime: NONE,
    },
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/deleting-a-vault.html",
  },
  {
    type: "aws:ecr/repository:Repository",
    asset: "data",
    replace: {
      says: "begins empty: images must be pushed again before a pod can start on a new node",
      downtime: NONE,
    },
    remove: { says: "goes with its images", downtime: "for good, at the next start of a pod" },
    source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-delete.html",
  },
  {
    type: "aws:cloudwatch/logGroup:LogGroup",
    asset: "audit trail",
    replace: { says: "begins empty; its events are deleted with the old one", downtime: NONE },
    remove: { says: "goes with all its events", downtime: NONE },
    source:
      "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
  },
  {
    type: "aws:ec2/vpc:Vpc",
    asset: "network",
    replace: {
      says: "is another network: everything that stands in the old one is made anew",
      downtime: "until everything in it is made again",
    },
    remove: { says: "goes, after everything in it", downtime: "for good" },
    source: `${VPC}/delete-vpc.html`,
  },
  {
    type: "aws:ec2/subnet:Subnet",
    asset: "network",
    replace: {
      says: "is made anew, and what stands in the old one with it",
      downtime: "while what stands in it moves",
    },
    remove: {
      says: "goes, after everything in it",
      downtime: "for good, for what only stands there",
    },
    source: `${VPC}/subnet-deleting.html`,
  },
  {
    type: "kubernetes:core/v1:Namespace",
    asset: "data",
    replace: {
      says: "takes everything inside with it, volumes' claims included",
      downtime: "until all of it is made again",
    },
    remove: {
      says: "takes everything inside with it, volumes' claims included",
      downtime: "for good",
    },
    source: `${K8S}/tasks/administer-cluster/namespaces/`,
  },
  {
    type: "kubernetes:core/v1:PersistentVolumeClaim",
    asset: "data",
    replace: {
      says: "begins empty, unless its StorageClass retains the volume and somebody binds it again",
      downtime: UNTIL_RESTORED,
    },
    remove: {
      says: "releases its volume: deleted or retained as its StorageClass says",
      downtime: "for good, for what it holds",
    },
    source: `${K8S}/concepts/storage/persistent-volumes/#reclaiming`,
  },
  {
    type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
    asset: "data",
    replace: {
      says: "begins empty: the operator deletes the old instances and their volumes",
      downtime: UNTIL_RESTORED,
    },
    remove: { says: "goes with its instances and their volumes", downtime: "for good" },
    source: CNPG,
  },
  {
    type: "kubernetes:apps/v1:StatefulSet",
    name: /^gateway$/,
    asset: "edge",
    replace: {
      says: "is deleted before it is made anew: all gateways stop at once, their volumes stay",
      downtime: "until the new gateways are ready",
    },
    remove: { says: "goes: nobody is authenticated any more", downtime: "for good" },
    source: `${K8S}/concepts/workloads/controllers/statefulset/#limitations`,
  },
  {
    type: "kubernetes:apps/v1:StatefulSet",
    asset: "data",
    replace: {
      says: "is deleted before it is made anew; claims stay and are bound again by their names",
      downtime: "until its pods are ready",
    },
    remove: { says: "goes; its claims stay unless it says otherwise", downtime: "for good" },
    source: `${K8S}/concepts/workloads/controllers/statefulset/#limitations`,
  },
  {
    type: "kubernetes:apps/v1:Deployment",
    name: /^edge$/,
    asset: "edge",
    replace: {
      says: "is deleted before it is made anew",
      downtime: "until the new pods are ready",
    },
    remove: { says: "goes: TLS has no end", downtime: "for good" },
    source: `${K8S}/concepts/workloads/controllers/deployment/#selector`,
  },
  ...[
    "kubernetes:apps/v1:Deployment",
    "kubernetes:ray.io/v1:RayService",
    "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet",
  ].map(
    (type): AssetDanger => ({
      type,
      name: /^model-/,
      asset: "model",
      replace: { says: "is deleted before it is made anew", downtime: MODEL_START },
      remove: { says: "goes: the model is no longer served", downtime: "for good" },
      source: `${K8S}/concepts/workloads/controllers/deployment/#selector`,
    }),
  ),
  {
    type: "kubernetes:core/v1:Service",
    name: /^(edge|gateway|redis|postgres|patients)$/,
    asset: "edge",
    replace: {
      says: "gets another address; connections that are open break",
      downtime: "seconds, until its name resolves to the new one",
    },
    remove: {
      says: "goes: its name resolves to nothing",
      downtime: "for good, for whoever calls it",
    },
    source: `${K8S}/concepts/services-networking/service/`,
  },
  {
    type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    asset: "access",
    replace: {
      says: "is made anew: what it allowed or refused is not in force for a moment",
      downtime: NONE,
    },
    remove: {
      says: "goes: where no other policy selects the pods, everything is allowed",
      downtime: NONE,
    },
    source: `${K8S}/concepts/services-networking/network-policies/#default-policies`,
  },
  {
    type: "random:index/randomPassword:RandomPassword",
    name: /^key-/,
    asset: "key",
    replace: {
      says: "is drawn anew: callers with the old key are refused from then on",
      downtime: "for its callers, until they have the new one",
    },
    remove: { says: "goes: its callers are refused", downtime: "for good, for its callers" },
    source: "https://www.pulumi.com/registry/packages/random/api-docs/randompassword/",
  },
  {
    type: "random:index/randomBytes:RandomBytes",
    asset: "key",
    replace: {
      says: "is drawn anew: what the old one sealed or signed is not opened by the new one",
      downtime: NONE,
    },
    remove: { says: "goes: what it sealed or signed is not opened any more", downtime: NONE },
    source: "https://www.pulumi.com/registry/packages/random/api-docs/randombytes/",
  },
  {
    type: "aws:eks/accessEntry:AccessEntry",
    asset: "access",
    replace: { says: "is made anew", downtime: "for that role, for a moment" },
    remove: {
      says: "goes: the role administers the cluster no longer, and an update that it runs is its last one",
      downtime: NONE,
    },
    source: `${EKS}/access-entries.html`,
  },
  {
    type: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    asset: "audit trail",
    replace: { says: "is made anew", downtime: NONE },
    remove: { says: "goes: new objects are kept no longer than somebody wants", downtime: NONE },
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
  },
  {
    type: "aws:backup/plan:Plan",
    asset: "data",
    replace: { says: "is made anew", downtime: NONE },
    remove: { says: "goes: nothing is backed up by it any more", downtime: NONE },
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/about-backup-plans.html",
  },
];
