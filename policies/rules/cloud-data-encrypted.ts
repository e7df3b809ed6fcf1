/**
 * What a cloud keeps is encrypted under a key of ours: the provider's own key is one that we can neither
 * refuse nor destroy. A table says where each type carries its key.
 */

import { isBucket, pointingTo } from "../aws/resources.ts";
import type { Rule } from "../judging/rule.ts";
import { asFields, at, type Fields, oneOrMany } from "../kubernetes/values.ts";

/** What is missing; nothing: it is encrypted under a named key. */
type Look = (props: Fields) => readonly string[];

const BUCKET_KEY =
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";

const LOOKS: Readonly<Record<string, Look>> = {
  "aws:rds/instance:Instance": (props) => [
    ...missing(props["storageEncrypted"] === true, "storageEncrypted: true"),
    ...missing(isOurKey(props["kmsKeyId"]), "kmsKeyId"),
    ...missing(
      props["performanceInsightsEnabled"] !== true ||
        isOurKey(props["performanceInsightsKmsKeyId"]),
      "performanceInsightsKmsKeyId",
    ),
  ],
  "aws:elasticache/replicationGroup:ReplicationGroup": (props) => [
    ...missing(props["atRestEncryptionEnabled"] === true, "atRestEncryptionEnabled: true"),
    ...missing(isOurKey(props["kmsKeyId"]), "kmsKeyId"),
  ],
  "aws:cloudwatch/logGroup:LogGroup": (props) => missing(isOurKey(props["kmsKeyId"]), "kmsKeyId"),
  "aws:backup/vault:Vault": (props) => missing(isOurKey(props["kmsKeyArn"]), "kmsKeyArn"),
  "aws:ecr/repository:Repository": (props) => {
    const first = oneOrMany(props["encryptionConfigurations"])[0];
    const ours = at(first, "encryptionType") === "KMS" && isOurKey(at(first, "kmsKey"));
    return missing(ours, "encryptionConfigurations with a kmsKey");
  },
  "aws:eks/cluster:Cluster": (props) => {
    const held = oneOrMany(at(props, "encryptionConfig", "resources")).includes("secrets");
    const key = isOurKey(at(props, "encryptionConfig", "provider", "keyArn"));
    return missing(held && key, "encryptionConfig of secrets with a keyArn");
  },
  "aws:ec2/launchTemplate:LaunchTemplate": (props) => {
    const disks = oneOrMany(props["blockDeviceMappings"]).map((one) => at(one, "ebs"));
    // Without a mapping the image's own disk is used, under whatever key the account defaults to.
    const sealed = disks.every(
      (disk) => String(at(disk, "encrypted")) === "true" && isOurKey(at(disk, "kmsKeyId")),
    );
    return missing(
      disks.length > 0 && sealed,
      "blockDeviceMappings that are encrypted with a kmsKeyId",
    );
  },
  "aws:ebs/volume:Volume": encryptedVolume,
  "aws:efs/fileSystem:FileSystem": encryptedVolume,
};

/** What else keeps data, and says by one name or another under which key. */
const OTHER_STORES =
  /^aws:(rds\/(cluster|clusterInstance|globalCluster)|docdb\/cluster|neptune\/cluster|dynamodb\/(table|globalTable)|elasticache\/(cluster|serverlessCache)|memorydb\/cluster|opensearch\/domain|elasticsearch\/domain|redshift\/cluster|redshiftserverless\/namespace|fsx\/\w+FileSystem|s3\/directoryBucket|ec2\/instance|ebs\/(snapshotCopy|snapshotImport)|sqs\/queue|sns\/topic|kinesis\/\w+|msk\/(cluster|serverlessCluster)|mq\/broker|secretsmanager\/secret|ssm\/parameter|timestreamwrite\/database|keyspaces\/table):/;
const KEY_NAME = /^(kms|serverSideEncryptionKms|masterUserSecretKms)\w*(Key|Id|Arn)\w*$|^kmsKey$/i;

export const cloudDataEncrypted: Rule = {
  name: "cloud-data-encrypted",
  description: "What a cloud keeps is encrypted at rest under a key of ours.",
  severity: "critical",
  sees: "stack",
  about: "data kept by a cloud",
  applies: ({ type }) => isBucket(type) || LOOKS[type] !== undefined || OTHER_STORES.test(type),
  judge: ({ type, props, name }, report, context) => {
    const lacking = isBucket(type)
      ? bucketLacks(
          pointingTo(context, BUCKET_KEY, "bucket", props["bucket"]).map((one) => one.props),
        )
      : (LOOKS[type] ?? otherStore)(props);
    for (const what of lacking)
      report.fails(`${name} is not encrypted under our key. Set ${what}.`);
  },
};

/** Anywhere in it: each service has a place of its own for its key. */
function otherStore(props: Fields): readonly string[] {
  const named = (value: unknown): boolean =>
    Object.entries(asFields(value) ?? {}).some(
      ([key, inner]) => (KEY_NAME.test(key) && isOurKey(inner)) || named(inner),
    ) ||
    (Array.isArray(value) && value.some(named));
  return missing(named(props), "a key of KMS");
}

/** Aliases under alias/aws/ are the provider's own keys. */
function isOurKey(key: unknown): boolean {
  return typeof key === "string" && key !== "" && !/(^|[:/])alias\/aws\//.test(key);
}

function bucketLacks(configurations: readonly Fields[]): readonly string[] {
  const rules = configurations.flatMap((one) => oneOrMany(one["rules"]));
  const ours = rules.some((rule) => {
    const how = at(rule, "applyServerSideEncryptionByDefault");
    return /^aws:kms/.test(String(at(how, "sseAlgorithm"))) && isOurKey(at(how, "kmsMasterKeyId"));
  });
  return missing(
    ours,
    "a BucketServerSideEncryptionConfiguration with aws:kms and a kmsMasterKeyId",
  );
}

function encryptedVolume(props: Fields): readonly string[] {
  return missing(
    props["encrypted"] === true && isOurKey(props["kmsKeyId"]),
    "encrypted: true and kmsKeyId",
  );
}

function missing(there: boolean, what: string): readonly string[] {
  return there ? [] : [what];
}
