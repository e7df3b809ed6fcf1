/**
 * What every bucket of a site has: one owner, no public access, versions, and our key for all that is
 * put in. And what its policy refuses, whoever asks. The policies are pure.
 */
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import type * as pulumi from "@pulumi/pulumi";
import { type AwsPlace, bucketArn } from "./place.ts";
import type { Statement } from "./policy.ts";

export interface PrivateBucket {
  readonly bucket: Bucket;
  readonly versioning: BucketVersioning;
}

export interface PrivateBucketSettings {
  readonly bucketName: string;
  readonly key: pulumi.Input<string>;
  readonly objectLock: boolean;
  /** Whether `destroy` may end it with all that is in it. */
  readonly deletable: boolean;
  readonly retainOnDestroy: boolean;
}

export function privateBucket(
  name: string,
  settings: PrivateBucketSettings,
  parent: pulumi.Resource,
): PrivateBucket {
  const bucket = new Bucket(
    name,
    {
      bucket: settings.bucketName,
      forceDestroy: settings.deletable,
      // Can only be said when a bucket is made.
      objectLockEnabled: settings.objectLock,
    },
    { parent, retainOnDelete: settings.retainOnDestroy },
  );
  const options = { parent, retainOnDelete: settings.retainOnDestroy };
  const own = { bucket: bucket.id };
  new BucketOwnershipControls(
    name,
    // No access lists: what the policy says is all there is.
    { ...own, rule: { objectOwnership: "BucketOwnerEnforced" } },
    options,
  );
  new BucketPublicAccessBlock(
    name,
    {
      ...own,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  new BucketServerSideEncryptionConfiguration(
    name,
    {
      ...own,
      rules: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: "aws:kms",
            kmsMasterKeyId: settings.key,
          },
          // One call of KMS for many objects: hundreds of files of weights are read at each start.
          bucketKeyEnabled: true,
        },
      ],
    },
    options,
  );
  const versioning = new BucketVersioning(
    name,
    { ...own, versioningConfiguration: { status: "Enabled" } },
    options,
  );
  return { bucket, versioning };
}

/**
 * S3 takes TLS 1.2 and 1.3. Replication is S3's own caller, and of it no page promises 1.3, so the
 * floor is 1.2.
 */
const TLS_MIN = "1.2";

/** Refused for everybody: plain HTTP, old TLS, and objects that are not under our key. */
export function refusals(place: AwsPlace, bucketName: string, key: string): Statement[] {
  const own = bucketArn(place, bucketName);
  const all = { Effect: "Deny", Principal: "*", Resource: [own, `${own}/*`] } as const;
  const put = {
    Effect: "Deny",
    Principal: "*",
    Resource: `${own}/*`,
    Action: "s3:PutObject",
  } as const;
  const keyOf = "s3:x-amz-server-side-encryption-aws-kms-key-id";
  return [
    {
      Sid: "NoPlainHttp",
      ...all,
      Action: "s3:*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
    {
      Sid: "NoOldTls",
      ...all,
      Action: "s3:*",
      Condition: { NumericLessThan: { "s3:TlsVersion": TLS_MIN } },
    },
    // An upload says itself that it wants our key. The bucket's default would give it one, but a
    // program that does not say it would not notice either if it wrote into another bucket.
    { Sid: "NoUnencrypted", ...put, Condition: { Null: { [keyOf]: "true" } } },
    { Sid: "NoOtherKey", ...put, Condition: { StringNotEqualsIfExists: { [keyOf]: key } } },
  ];
}
