/** Copies of a bucket in another region: every object within a quarter of an hour, under its own key. */
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { BucketReplicationConfig } from "@pulumi/aws/s3/bucketReplicationConfig.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PrivateBucket } from "./buckets.ts";
import { type AwsPlace, type AwsSite, bucketArn, servicePrincipal, viaService } from "./place.ts";
import { policyDocument, serviceTrust } from "./policy.ts";

export interface StandbyBucket {
  readonly bucketName: string;
  /** Where it stands, in the same account. */
  readonly region: string;
  /** The key there. A replica of a multi-Region key is a key of its own to S3. */
  readonly keyArn: string;
}

/** The one value that S3's replication time control takes. */
const REPLICATION_MINUTES = 15;

export function replicateTo(
  name: string,
  site: AwsSite,
  source: { readonly bucketName: string; readonly key: pulumi.Output<string> },
  standby: StandbyBucket,
  made: PrivateBucket,
  parent: pulumi.Resource,
): void {
  const own = bucketArn(site, source.bucketName);
  const role = new Role(
    `${name}-replication`,
    {
      name: `${site.prefix}-replication`,
      assumeRolePolicy: serviceTrust(servicePrincipal(site, "s3"), {
        StringEquals: { "aws:SourceAccount": site.account },
        ArnLike: { "aws:SourceArn": own },
      }),
    },
    { parent },
  );
  const policy = new RolePolicy(
    `${name}-replication`,
    {
      name: "replicate",
      role: role.name,
      policy: source.key.apply((key) => replicationPolicy(site, { ...source, key }, standby)),
    },
    { parent },
  );
  new BucketReplicationConfig(
    `${name}-replication`,
    { bucket: made.bucket.id, role: role.arn, rules: [rule(site, standby)] },
    // S3 refuses the rule while there are no versions.
    { parent, dependsOn: [made.versioning, policy] },
  );
}

function rule(site: AwsSite, standby: StandbyBucket) {
  return {
    id: "standby",
    status: "Enabled",
    priority: 0,
    filter: {},
    // What is deleted here by mistake stays there.
    deleteMarkerReplication: { status: "Disabled" },
    // Without it S3 leaves out everything that is under a key of KMS, silently.
    sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
    destination: {
      bucket: bucketArn(site, standby.bucketName),
      encryptionConfiguration: { replicaKmsKeyId: standby.keyArn },
      replicationTime: { status: "Enabled", time: { minutes: REPLICATION_MINUTES } },
      metrics: { status: "Enabled", eventThreshold: { minutes: REPLICATION_MINUTES } },
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html */
export function replicationPolicy(
  site: AwsPlace,
  source: { readonly bucketName: string; readonly key: string },
  standby: StandbyBucket,
): string {
  const own = bucketArn(site, source.bucketName);
  const other = bucketArn(site, standby.bucketName);
  const through = (place: AwsPlace, bucket: string) => ({
    StringEquals: { "kms:ViaService": viaService(place, ["s3"]) },
    ArnLike: { "kms:EncryptionContext:aws:s3:arn": [bucket, `${bucket}/*`] },
  });
  return policyDocument([
    {
      Sid: "Source",
      Effect: "Allow",
      Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
      Resource: own,
    },
    {
      Sid: "Read",
      Effect: "Allow",
      Action: [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
      ],
      Resource: `${own}/*`,
    },
    {
      Sid: "Write",
      Effect: "Allow",
      Action: ["s3:ReplicateObject", "s3:ReplicateTags"],
      Resource: `${other}/*`,
    },
    {
      Sid: "Open",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: source.key,
      Condition: through(site, own),
    },
    {
      Sid: "Seal",
      Effect: "Allow",
      // With a bucket key S3 asks for data keys, without for each object.
      Action: ["kms:Encrypt", "kms:GenerateDataKey"],
      Resource: standby.keyArn,
      Condition: through({ ...site, region: standby.region }, other),
    },
  ]);
}
