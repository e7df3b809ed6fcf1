import { describe, expect, test } from "vitest";
import { ModelBucket, type ModelBucketArgs, readingPolicy } from "./model-bucket.ts";
import { replicationPolicy } from "./replication.ts";
import { CHINA, clusterHandle, keysHandle, make, SITE } from "./test-aws.ts";
import { judge } from "./test-policy.ts";

const BUCKET = "deepseek-prod-weights-111122223333-eu-central-1";
const OWN = `arn:aws:s3:::${BUCKET}`;
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/weights";
const STANDBY = {
  bucketName: "deepseek-standby-weights-111122223333-eu-west-1",
  region: "eu-west-1",
  keyArn: "arn:aws:kms:eu-west-1:111122223333:key/weights",
};

const bucket = (more: Partial<ModelBucketArgs> = {}) =>
  make(() => {
    const made = new ModelBucket("weights", {
      site: SITE,
      keys: keysHandle(more.site),
      cluster: clusterHandle(),
      readers: [{ namespace: "deepseek", serviceAccount: "model-server" }],
      oldVersionDays: 30,
      deletable: false,
      ...more,
    });
    return { bucketName: made.bucketName };
  }, more.site);

describe("the bucket", () => {
  test("is private, versioned, under our key, and says its name beforehand", async () => {
    const made = await bucket();
    expect(made.result.bucketName).toBe(BUCKET);
    expect(made.one("s3/bucket:Bucket").inputs).toMatchObject({
      bucket: BUCKET,
      forceDestroy: false,
      objectLockEnabled: false,
    });
    expect(made.one("s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    const encryption =
      "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    expect(made.one(encryption).inputs.rules).toEqual([
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY },
        bucketKeyEnabled: true,
      },
    ]);
    expect(
      made.one("s3/bucketVersioning:BucketVersioning").inputs.versioningConfiguration.status,
    ).toBe("Enabled");
    expect(made.one("s3/bucketOwnershipControls:BucketOwnershipControls").inputs.rule).toEqual({
      objectOwnership: "BucketOwnerEnforced",
    });
    expect(made.all("s3/bucketReplicationConfig:BucketReplicationConfig")).toEqual([]);
  });

  const good = {
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": KEY,
  };
  const { "s3:x-amz-server-side-encryption-aws-kms-key-id": _, ...unsaid } = good;
  test.each([
    ["our key over TLS 1.3", "s3:PutObject", good, "none"],
    ["plain HTTP", "s3:PutObject", { ...good, "aws:SecureTransport": "false" }, "deny"],
    ["plain HTTP, reading", "s3:GetObject", { "aws:SecureTransport": "false" }, "deny"],
    ["TLS 1.1", "s3:GetObject", { ...good, "s3:TlsVersion": "1.1" }, "deny"],
    ["no key said", "s3:PutObject", unsaid, "deny"],
    [
      "another key",
      "s3:PutObject",
      { ...good, "s3:x-amz-server-side-encryption-aws-kms-key-id": `${KEY}2` },
      "deny",
    ],
    ["reading says no key", "s3:GetObject", unsaid, "none"],
    ["replication into it", "s3:ReplicateObject", unsaid, "none"],
  ] as const)("%s", async (_name, action, context, verdict) => {
    const made = await bucket();
    const policy = made.one("s3/bucketPolicy:BucketPolicy").inputs.policy;
    expect(judge(policy, { who: "x", action, resource: `${OWN}/model/a.bin`, context })).toBe(
      verdict,
    );
  });

  test("gives its readers what they read, and nothing else", async () => {
    const made = await bucket();
    expect(made.one("eks/podIdentityAssociation:PodIdentityAssociation").inputs).toMatchObject({
      clusterName: "deepseek-prod",
      namespace: "deepseek",
      serviceAccount: "model-server",
      roleArn: made.one("iam/role:Role").outputs.arn,
    });
    const policy = readingPolicy(SITE, BUCKET, KEY);
    const may = (action: string, resource: string, via = "s3") =>
      judge(policy, {
        who: "",
        action,
        resource,
        context: { "kms:ViaService": `${via}.eu-central-1.amazonaws.com` },
      });
    expect(may("s3:GetObject", `${OWN}/model/a.bin`)).toBe("allow");
    expect(may("s3:PutObject", `${OWN}/model/a.bin`)).toBe("none");
    expect(may("s3:DeleteObject", `${OWN}/model/a.bin`)).toBe("none");
    expect(may("s3:GetObject", "arn:aws:s3:::other/a")).toBe("none");
    expect(may("kms:Decrypt", KEY)).toBe("allow");
    expect(may("kms:Decrypt", KEY, "ec2")).toBe("none");
  });

  test("without readers makes no role", async () => {
    const made = await bucket({ readers: [] });
    expect(made.all("iam/role:Role")).toEqual([]);
  });
});

describe("its copy for a standby", () => {
  test("takes what is under KMS, re-encrypts it there, and within a quarter of an hour", async () => {
    const made = await bucket({ standby: STANDBY });
    const { inputs } = made.one("s3/bucketReplicationConfig:BucketReplicationConfig");
    expect(inputs.role).toBe(made.one("iam/role:Role", "weights-replication").outputs.arn);
    expect(inputs.rules).toMatchObject([
      {
        status: "Enabled",
        deleteMarkerReplication: { status: "Disabled" },
        sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
        destination: {
          bucket: `arn:aws:s3:::${STANDBY.bucketName}`,
          encryptionConfiguration: { replicaKmsKeyId: STANDBY.keyArn },
          replicationTime: { status: "Enabled", time: { minutes: 15 } },
          metrics: { status: "Enabled", eventThreshold: { minutes: 15 } },
        },
      },
    ]);
  });

  test("S3 reads here and writes there, each with that place's key and no other", () => {
    const policy = replicationPolicy(SITE, { bucketName: BUCKET, key: KEY }, STANDBY);
    const other = `arn:aws:s3:::${STANDBY.bucketName}`;
    const crypto = (action: string, key: string, region: string, bucket: string) =>
      judge(policy, {
        who: "",
        action,
        resource: key,
        context: {
          "kms:ViaService": `s3.${region}.amazonaws.com`,
          "kms:EncryptionContext:aws:s3:arn": bucket,
        },
      });
    expect(crypto("kms:Decrypt", KEY, "eu-central-1", OWN)).toBe("allow");
    expect(crypto("kms:Encrypt", KEY, "eu-central-1", OWN)).toBe("none");
    expect(crypto("kms:Encrypt", STANDBY.keyArn, "eu-west-1", other)).toBe("allow");
    expect(crypto("kms:Decrypt", STANDBY.keyArn, "eu-west-1", other)).toBe("none");
    expect(crypto("kms:Encrypt", STANDBY.keyArn, "eu-west-1", "arn:aws:s3:::x")).toBe("none");
    const may = (action: string, resource: string) => judge(policy, { who: "", action, resource });
    expect(may("s3:ReplicateObject", `${other}/a`)).toBe("allow");
    expect(may("s3:ReplicateDelete", `${other}/a`)).toBe("none");
    expect(may("s3:ReplicateObject", `${OWN}/a`)).toBe("none");
  });
});

test("in China no name of another partition is left", async () => {
  const made = await bucket({
    site: CHINA,
    standby: { ...STANDBY, keyArn: "arn:aws-cn:kms:cn-northwest-1:111122223333:key/1" },
  });
  expect(JSON.stringify(made.resources.map(({ inputs }) => inputs))).not.toMatch(/arn:aws:/);
});
