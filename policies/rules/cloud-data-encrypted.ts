/**
 * What a cloud keeps is encrypted under a key of ours: the provider's own key is one that we can neither
 * refuse nor destroy. A table says where each type carries its key.
 */

import { pointingTo } from "../aws/resources.ts";
import type { Rule } from "../judging/rule.ts";
import { at, type Fields, isPresent } from "../kubernetes/values.ts";

/** What is missing; nothing: it is encrypted under a named key. */
type Look = (props: Fields) => readonly string[];

const BUCKET = "aws:s3/bucket:Bucket";
const BUCKET_KEY =
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";

const LOOKS: Readonly<Record<string, Look>> = {
  "aws:rds/instance:Instance": (props) => [
    ...missing(props["storageEncrypted"] === true, "storageEncrypted: true"),
    ...missing(isPresent(props["kmsKeyId"]), "kmsKeyId"),
    ...missing(
      props["performanceInsightsEnabled"] !== true ||
        isPresent(props["performanceInsightsKmsKeyId"]),
      "performanceInsightsKmsKeyId",
    ),
  ],
  "aws:elasticache/replicationGroup:ReplicationGroup": (props) => [
    ...missing(props["atRestEncryptionEnabled"] === true, "atRestEncryptionEnabled: true"),
    ...missing(isPresent(props["kmsKeyId"]), "kmsKeyId"),
  ],
  "aws:cloudwatch/logGroup:LogGroup": (props) => missing(isPresent(props["kmsKeyId"]), "kmsKeyId"),
  "aws:backup/vault:Vault": (props) => missing(isPresent(props["kmsKeyArn"]), "kmsKeyArn"),
  "aws:ecr/repository:Repository": (props) => {
    const first = listOf(props["encryptionConfigurations"])[0];
    const ours = at(first, "encryptionType") === "KMS" && isPresent(at(first, "kmsKey"));
    return missing(ours, "encryptionConfigurations with a kmsKey");
  },
  "aws:eks/cluster:Cluster": (props) => {
    const held = listOf(at(props, "encryptionConfig", "resources")).includes("secrets");
    const key = isPresent(at(props, "encryptionConfig", "provider", "keyArn"));
    return missing(held && key, "encryptionConfig of secrets with a keyArn");
  },
  "aws:ec2/launchTemplate:LaunchTemplate": (props) => {
    const disks = listOf(props["blockDeviceMappings"]).map((one) => at(one, "ebs"));
    // Without a mapping the image's own disk is used, under whatever key the account defaults to.
    const sealed = disks.every(
      (disk) => String(at(disk, "encrypted")) === "true" && isPresent(at(disk, "kmsKeyId")),
    );
    return missing(
      disks.length > 0 && sealed,
      "blockDeviceMappings that are encrypted with a kmsKeyId",
    );
  },
  "aws:ebs/volume:Volume": encryptedVolume,
  "aws:efs/fileSystem:FileSystem": encryptedVolume,
};

export const cloudDataEncrypted: Rule = {
  name: "cloud-data-encrypted",
  description: "What a cloud keeps is encrypted at rest under a key of ours.",
  severity: "critical",
  sees: "stack",
  about: "data kept by a cloud",
  applies: ({ type }) => type === BUCKET || LOOKS[type] !== undefined,
  judge: ({ type, props, name }, report, context) => {
    const lacking =
      type === BUCKET
        ? bucketLacks(
            pointingTo(context, BUCKET_KEY, "bucket", props["bucket"]).map((one) => one.props),
          )
        : (LOOKS[type]?.(props) ?? []);
    for (const what of lacking)
      report.fails(`${name} is not encrypted under our key. Set ${what}.`);
  },
};

function bucketLacks(configurations: readonly Fields[]): readonly string[] {
  const rules = configurations.flatMap((one) => listOf(one["rules"]));
  const ours = rules.some((rule) => {
    const how = at(rule, "applyServerSideEncryptionByDefault");
    return /^aws:kms/.test(String(at(how, "sseAlgorithm"))) && isPresent(at(how, "kmsMasterKeyId"));
  });
  return missing(
    ours,
    "a BucketServerSideEncryptionConfiguration with aws:kms and a kmsMasterKeyId",
  );
}

function encryptedVolume(props: Fields): readonly string[] {
  return missing(
    props["encrypted"] === true && isPresent(props["kmsKeyId"]),
    "encrypted: true and kmsKeyId",
  );
}

function missing(there: boolean, what: string): readonly string[] {
  return there ? [] : [what];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isPresent(value) ? [value] : [];
}
