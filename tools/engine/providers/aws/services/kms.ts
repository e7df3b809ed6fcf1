/** AWS KMS: keys, aliases, replicas of multi-Region keys. */
import type { ServiceTable } from "../table.ts";

const KEY_SPECS =
  "SYMMETRIC_DEFAULT RSA_2048 RSA_3072 RSA_4096 HMAC_224 HMAC_256 HMAC_384 HMAC_512 " +
  "ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 ECC_NIST_EDWARDS25519 " +
  "ML_DSA_44 ML_DSA_65 ML_DSA_87 SM2";

/** What a key without a policy of its own gets: its account may do everything. */
function defaultPolicy(partition: string, account: string): string {
  const statement = {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: { AWS: `arn:${partition}:iam::${account}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: [statement] });
}

export const KMS: ServiceTable = {
  "aws:kms/key:Key": {
    source: "kms_key",
    replaces: "customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId",
    updates:
      "bypassPolicyLockoutSafetyCheck deletionWindowInDays description enableKeyRotation " +
      "isEnabled policy rotationPeriodInDays",
    values: {
      customerMasterKeySpec: KEY_SPECS,
      keyUsage: "ENCRYPT_DECRYPT SIGN_VERIFY GENERATE_VERIFY_MAC KEY_AGREEMENT",
    },
    ranges: { deletionWindowInDays: [7, 30], rotationPeriodInDays: [90, 2560] },
    formats: { policy: "json" },
    defaults: {
      bypassPolicyLockoutSafetyCheck: false,
      customerMasterKeySpec: "SYMMETRIC_DEFAULT",
      enableKeyRotation: false,
      isEnabled: true,
      keyUsage: "ENCRYPT_DECRYPT",
    },
    // The id of a multi-Region key begins with mrk-.
    id: (m) => (m.inputs.multiRegion === true ? `mrk-${m.hex(32)}` : m.uuid()),
    computed: (m) => ({
      arn: m.arn("kms", `key/${m.id}`),
      description: "",
      keyId: m.id,
      multiRegion: false,
      policy: defaultPolicy(m.partition, m.account),
      rotationPeriodInDays: m.inputs.enableKeyRotation === true ? 365 : 0,
    }),
  },
  "aws:kms/alias:Alias": {
    source: "kms_alias",
    replaces: "name namePrefix",
    updates: "targetKeyId",
    autoname: { property: "name", lengthMax: 256, prefixProperty: "namePrefix", lead: "alias/" },
    formats: { name: "kmsAlias" },
    id: (m) => m.text("name"),
    computed: (m) => {
      const target = m.text("targetKeyId");
      const targetKeyArn = target.startsWith("arn:") ? target : m.arn("kms", `key/${target}`);
      return { arn: m.arn("kms", m.id), targetKeyArn };
    },
  },
  "aws:kms/replicaKey:ReplicaKey": {
    source: "kms_replica_key",
    replaces: "primaryKeyArn",
    updates: "bypassPolicyLockoutSafetyCheck deletionWindowInDays description enabled policy",
    ranges: { deletionWindowInDays: [7, 30] },
    formats: { policy: "json", primaryKeyArn: "arn" },
    defaults: { bypassPolicyLockoutSafetyCheck: false, deletionWindowInDays: 30, enabled: true },
    // A replica has the key id of its primary; only the region of its ARN differs.
    id: (m) => m.text("primaryKeyArn").split("/").at(-1) ?? "",
    computed: (m) => ({
      arn: m.arn("kms", `key/${m.id}`),
      keyId: m.id,
      keyRotationEnabled: false,
      keySpec: "SYMMETRIC_DEFAULT",
      keyUsage: "ENCRYPT_DECRYPT",
      policy: defaultPolicy(m.partition, m.account),
    }),
  },
};
