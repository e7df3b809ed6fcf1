/** Amazon S3: buckets and the resources that configure one. A configuration's id is its bucket. */
import type { Making, ServiceTable } from "../table.ts";

function bucketOf(m: Making): string {
  return m.text("bucket");
}

/** The id of a configuration with an expected owner also names the owner. */
function ownedId(m: Making): string {
  const owner = m.text("expectedBucketOwner");
  return owner === "" ? bucketOf(m) : `${bucketOf(m)},${owner}`;
}

export const S3: ServiceTable = {
  "aws:s3/bucket:Bucket": {
    source: "s3_bucket",
    replaces: "bucket bucketNamespace bucketPrefix objectLockEnabled",
    updates:
      "accelerationStatus acl corsRules forceDestroy grants lifecycleRules logging " +
      "objectLockConfiguration policy replicationConfiguration requestPayer " +
      "serverSideEncryptionConfiguration versioning website",
    autoname: {
      property: "bucket",
      lengthMax: 63,
      prefixProperty: "bucketPrefix",
      lowercase: true,
    },
    excludes: ["acl grants"],
    values: {
      accelerationStatus: "Enabled Suspended",
      requestPayer: "BucketOwner Requester",
      bucketNamespace: "global account-regional",
    },
    formats: { policy: "json" },
    defaults: { forceDestroy: false },
    id: bucketOf,
    computed: (m) => ({
      acl: "private",
      arn: m.globalArn("s3", m.id, ""),
      bucketDomainName: `${m.id}.s3.${m.dnsSuffix}`,
      bucketNamespace: "global",
      bucketRegion: m.region,
      bucketRegionalDomainName: `${m.id}.s3.${m.region}.${m.dnsSuffix}`,
      // The canonical user id of the owner has 64 hexadecimal digits.
      grants: [
        { id: m.hex(64, "owner"), permissions: ["FULL_CONTROL"], type: "CanonicalUser", uri: "" },
      ],
      hostedZoneId: `Z${m.base36(13, "zone")}`,
      requestPayer: "BucketOwner",
      // Since January 2023 every new object is encrypted with SSE-S3.
      serverSideEncryptionConfiguration: {
        rule: {
          applyServerSideEncryptionByDefault: { kmsMasterKeyId: "", sseAlgorithm: "AES256" },
        },
      },
      versioning: { enabled: false, mfaDelete: false },
      websiteDomain: "",
      websiteEndpoint: "",
    }),
  },
  "aws:s3/bucketVersioning:BucketVersioning": {
    source: "s3_bucket_versioning",
    replaces: "bucket expectedBucketOwner",
    updates: "mfa versioningConfiguration",
    values: {
      "versioningConfiguration.status": "Enabled Suspended Disabled",
      "versioningConfiguration.mfaDelete": "Enabled Disabled",
    },
    id: ownedId,
    computed: () => ({}),
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    source: "s3_bucket_public_access_block",
    replaces: "bucket",
    updates: "blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets skipDestroy",
    defaults: {
      blockPublicAcls: false,
      blockPublicPolicy: false,
      ignorePublicAcls: false,
      restrictPublicBuckets: false,
    },
    id: bucketOf,
    computed: () => ({}),
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    source: "s3_bucket_server_side_encryption_configuration",
    replaces: "bucket expectedBucketOwner",
    updates: "rules",
    values: {
      "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "AES256 aws:kms aws:kms:dsse",
    },
    id: ownedId,
    computed: () => ({}),
  },
  "aws:s3/bucketPolicy:BucketPolicy": {
    source: "s3_bucket_policy",
    replaces: "bucket",
    updates: "policy",
    formats: { policy: "json" },
    id: bucketOf,
    computed: () => ({}),
  },
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {
    source: "s3_bucket_object_lock_configuration",
    replaces: "bucket expectedBucketOwner objectLockEnabled",
    updates: "rule token",
    values: {
      objectLockEnabled: "Enabled",
      "rule.defaultRetention.mode": "COMPLIANCE GOVERNANCE",
    },
    excludes: ["rule.defaultRetention.days rule.defaultRetention.years"],
    defaults: { objectLockEnabled: "Enabled" },
    id: ownedId,
    computed: () => ({}),
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    source: "s3_bucket_lifecycle_configuration",
    replaces: "bucket expectedBucketOwner",
    updates: "rules timeouts transitionDefaultMinimumObjectSize",
    values: {
      "rules.status": "Enabled Disabled",
      "rules.transitions.storageClass":
        "GLACIER STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING DEEP_ARCHIVE GLACIER_IR",
      "rules.noncurrentVersionTransitions.storageClass":
        "GLACIER STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING DEEP_ARCHIVE GLACIER_IR",
      transitionDefaultMinimumObjectSize: "all_storage_classes_128K varies_by_storage_class",
    },
    id: ownedId,
    computed: () => ({ transitionDefaultMinimumObjectSize: "all_storage_classes_128K" }),
  },
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
    source: "s3_bucket_replication_configuration",
    replaces: "bucket",
    updates: "role rules token",
    formats: { role: "arn" },
    values: { "rules.status": "Enabled Disabled" },
    id: bucketOf,
    computed: () => ({}),
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    source: "s3_bucket_ownership_controls",
    replaces: "bucket",
    updates: "rule",
    values: { "rule.objectOwnership": "BucketOwnerPreferred ObjectWriter BucketOwnerEnforced" },
    id: bucketOf,
    computed: () => ({}),
  },
};
