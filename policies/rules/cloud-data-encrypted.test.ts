import { cloudDataEncrypted } from "./cloud-data-encrypted.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(cloudDataEncrypted, {
  good: {
    database: {
      type: "aws:rds/instance:Instance",
      props: {
        storageEncrypted: true,
        kmsKeyId: "k",
        performanceInsightsEnabled: true,
        performanceInsightsKmsKeyId: "k",
      },
    },
    cache: {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      props: { atRestEncryptionEnabled: true, kmsKeyId: "k" },
    },
    queue: { type: "aws:sqs/queue:Queue", props: { kmsMasterKeyId: "k" } },
    table: {
      type: "aws:dynamodb/table:Table",
      props: { serverSideEncryption: { enabled: true, kmsKeyArn: "k" } },
    },
    older: { type: "aws:s3/bucketV2:BucketV2", props: { bucket: "b" } },
    logs: { type: "aws:cloudwatch/logGroup:LogGroup", props: { kmsKeyId: "k" } },
    vault: { type: "aws:backup/vault:Vault", props: { kmsKeyArn: "k" } },
    images: {
      type: "aws:ecr/repository:Repository",
      props: { encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: "k" }] },
    },
    cluster: {
      type: "aws:eks/cluster:Cluster",
      props: { encryptionConfig: { provider: { keyArn: "k" }, resources: ["secrets"] } },
    },
    nodes: {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      props: { blockDeviceMappings: [{ ebs: { encrypted: "true", kmsKeyId: "k" } }] },
    },
    bucket: { type: "aws:s3/bucket:Bucket", props: { bucket: "b" } },
    how: {
      type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      props: {
        bucket: "b",
        rules: [
          { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: "k" } },
        ],
      },
    },
  },
  fails: {
    "a database in clear": [[["database", "storageEncrypted", false]], /storageEncrypted/],
    "a database under AWS' own key": [[["database", "kmsKeyId", undefined]], /kmsKeyId/],
    "insights under AWS' own key": [
      [["database", "performanceInsightsKmsKeyId", undefined]],
      /performanceInsightsKmsKeyId/,
    ],
    "a cache in clear": [
      [["cache", "atRestEncryptionEnabled", undefined]],
      /atRestEncryptionEnabled/,
    ],
    "the provider's own key by its alias": [
      [["database", "kmsKeyId", "arn:aws:kms:r:1:alias/aws/rds"]],
      /database is not encrypted/,
    ],
    "a store of another kind": [[["queue", "kmsMasterKeyId", undefined]], /queue is not encrypted/],
    "a store of another kind under the provider's key": [
      [["queue", "kmsMasterKeyId", "alias/aws/sqs"]],
      /queue is not encrypted/,
    ],
    "a table whose key is within": [
      [["table", "serverSideEncryption", { enabled: true }]],
      /table is not encrypted/,
    ],
    "a bucket by its older name": [[["older", "bucket", "c"]], /older is not encrypted/],
    "logs under AWS' own key": [[["logs", "kmsKeyId", undefined]], /logs is not encrypted/],
    "a vault without a key": [[["vault", "kmsKeyArn", undefined]], /kmsKeyArn/],
    "images under AES256": [
      [["images", "encryptionConfigurations", [{ encryptionType: "AES256" }]]],
      /encryptionConfigurations/,
    ],
    "Secrets of the cluster in clear": [
      [["cluster", "encryptionConfig", undefined]],
      /encryptionConfig/,
    ],
    "a second disk in clear": [
      [["nodes", "blockDeviceMappings.1", { ebs: { volumeSize: 5 } }]],
      /blockDeviceMappings/,
    ],
    "an image's own disk": [[["nodes", "blockDeviceMappings", []]], /blockDeviceMappings/],
    "a bucket whose configuration is another's": [
      [["how", "bucket", "c"]],
      /BucketServerSideEncryption/,
    ],
    "a bucket under AES256": [
      [["how", "rules", [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]]],
      /aws:kms/,
    ],
  },
  unknown: ["how", "bucket"],
});
