import { auditWorm } from "./audit-worm.ts";
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
    vault: { type: "aws:backup/vault:Vault", props: { name: "v" } },
    closed: {
      type: "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
      props: { backupVaultName: "v", minRetentionDays: 35, changeableForDays: 3 },
    },
  },
  fails: {
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
