import { auditWorm } from "./audit-worm.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(auditWorm, {
  good: {
    audit: { type: "aws:s3/bucket:Bucket", props: { bucket: "a", objectLockEnabled: true } },
    lock: {
      type: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
      props: { bucket: "a", rule: { defaultRetention: { mode: "COMPLIANCE", days: 366 } } },
    },
    versions: {
      type: "aws:s3/bucketVersioning:BucketVersioning",
      props: { bucket: "a", versioningConfiguration: { status: "Enabled" } },
    },
    gateway: {
      type: DEPLOYMENT,
      props: deployment({
        initContainers: [container({ env: [{ name: "ARCHIVE_TO", value: "s3://a/audit" }] })],
      }),
    },
    plain: { type: "aws:s3/bucket:Bucket", props: { bucket: "weights" } },
    vault: { type: "aws:backup/vault:Vault", props: { name: "v" } },
    closed: {
      type: "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
      props: { backupVaultName: "v", minRetentionDays: 35, changeableForDays: 3 },
    },
  },
  fails: {
    "another bucket that the gateway archives into": [
      [["gateway", "spec.template.spec.initContainers.0.env.0.value", "s3://weights/audit"]],
      /plain has no Object Lock/,
    ],
    "a bucket of another name that locks objects": [
      [["plain", "objectLockEnabled", true]],
      /plain has no default retention/,
    ],
    "a locked bucket of another name in governance mode": [
      [
        ["lock", "bucket", "weights"],
        ["lock", "rule.defaultRetention.mode", "GOVERNANCE"],
      ],
      /plain has mode GOVERNANCE/,
    ],
    "a bucket that its tags call the trail's": [
      [["plain", "tags", { purpose: "audit-trail" }]],
      /plain has no Object Lock/,
    ],
    "governance mode": [[["lock", "rule.defaultRetention.mode", "GOVERNANCE"]], /mode GOVERNANCE/],
    "no retention": [[["lock", "", undefined]], /no default retention/],
    "a lock of another bucket": [[["lock", "bucket", "b"]], /no default retention/],
    "no Object Lock": [[["audit", "objectLockEnabled", false]], /no Object Lock/],
    "no versions": [[["versions", "versioningConfiguration.status", "Suspended"]], /no versions/],
    "a vault that can be emptied": [[["closed", "", undefined]], /lets backups be deleted/],
    "a vault whose lock can be taken away": [
      [["closed", "changeableForDays", undefined]],
      /lets backups be deleted/,
    ],
  },
  unknown: ["lock", "rule.defaultRetention.mode"],
});
