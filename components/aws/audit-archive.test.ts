import { describe, expect, test } from "vitest";
import { type ArchiveLock, AuditArchive, writingPolicy } from "./audit-archive.ts";
import { clusterHandle, keysHandle, make, SITE } from "./test-aws.ts";
import { judge } from "./test-policy.ts";

const OBJECT = "arn:aws:s3:::deepseek-prod-audit-111122223333-eu-central-1/audit/a.jsonl";
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/audit";

const archive = (lock: ArchiveLock) =>
  make(() => ({
    bucketName: new AuditArchive("audit", { site: SITE, keys: keysHandle(), lock }).bucketName,
  }));

describe.each(["compliance", "governance"] as const)("%s", (mode) => {
  test("locks every object for its days", async () => {
    const made = await archive({ mode, days: 2_555 });
    expect(made.one("s3/bucket:Bucket").inputs).toMatchObject({
      objectLockEnabled: true,
      forceDestroy: false,
    });
    expect(
      made.one("s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration").inputs.rule,
    ).toEqual({ defaultRetention: { mode: mode.toUpperCase(), days: 2_555 } });
    expect(made.result.bucketName).toBe("deepseek-prod-audit-111122223333-eu-central-1");
  });

  test("takes a longer retention from a writer, and no shorter one", async () => {
    const made = await archive({ mode, days: 2_555 });
    const policy = made.one("s3/bucketPolicy:BucketPolicy").inputs.policy;
    const keep = (action: string, days: string | undefined) =>
      judge(policy, {
        who: "x",
        action,
        resource: OBJECT,
        context: {
          "aws:SecureTransport": "true",
          "s3:TlsVersion": "1.3",
          "s3:x-amz-server-side-encryption-aws-kms-key-id": KEY,
          ...(days === undefined ? {} : { "s3:object-lock-remaining-retention-days": days }),
        },
      });
    expect(keep("s3:PutObject", undefined)).toBe("none");
    expect(keep("s3:PutObject", "2555")).toBe("none");
    expect(keep("s3:PutObject", "2554")).toBe("deny");
    expect(keep("s3:PutObjectRetention", "3")).toBe("deny");
    expect(keep("s3:PutObjectRetention", "3000")).toBe("none");
  });
});

describe("none, for trying out", () => {
  test("has no lock, and may be ended with all that is in it", async () => {
    const made = await archive({ mode: "none" });
    expect(made.one("s3/bucket:Bucket").inputs).toMatchObject({
      objectLockEnabled: false,
      forceDestroy: true,
    });
    expect(made.all("s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")).toEqual([]);
    expect(made.one("s3/bucketPolicy:BucketPolicy").inputs.policy).not.toContain(
      "NoShorterRetention",
    );
  });

  test("is private and encrypted all the same", async () => {
    const made = await archive({ mode: "none" });
    const policy = made.one("s3/bucketPolicy:BucketPolicy").inputs.policy;
    expect(judge(policy, { who: "x", action: "s3:PutObject", resource: OBJECT })).toBe("deny");
    expect(made.all("s3/bucketPublicAccessBlock:BucketPublicAccessBlock")).toHaveLength(1);
  });
});

describe("its writers", () => {
  test("add, and do nothing else", () => {
    const policy = writingPolicy(SITE, "archive", KEY);
    const may = (action: string, resource = "arn:aws:s3:::archive/a", via = "s3") =>
      judge(policy, {
        who: "",
        action,
        resource,
        context: { "kms:ViaService": `${via}.eu-central-1.amazonaws.com` },
      });
    expect(may("s3:PutObject")).toBe("allow");
    for (const action of [
      "s3:GetObject",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:PutObjectRetention",
      "s3:BypassGovernanceRetention",
    ]) {
      expect([action, may(action)]).toEqual([action, "none"]);
    }
    expect(may("s3:PutObject", "arn:aws:s3:::other/a")).toBe("none");
    expect([may("kms:GenerateDataKey", KEY), may("kms:GenerateDataKey", KEY, "ec2")]).toEqual([
      "allow",
      "none",
    ]);
  });

  test("are service accounts of the cluster", async () => {
    const made = await make(() => ({
      urn: new AuditArchive("audit", {
        site: SITE,
        keys: keysHandle(),
        lock: { mode: "none" },
        writers: {
          cluster: clusterHandle(),
          accounts: [{ namespace: "deepseek", serviceAccount: "audit-archiver" }],
        },
      }).urn,
    }));
    expect(made.one("eks/podIdentityAssociation:PodIdentityAssociation").inputs).toMatchObject({
      namespace: "deepseek",
      serviceAccount: "audit-archiver",
      roleArn: made.one("iam/role:Role").outputs.arn,
    });
    const without = await archive({ mode: "none" });
    expect(without.all("iam/role:Role")).toEqual([]);
  });
});

test.each([0, -1, 36_501, Number.NaN])("%d days are refused", async (days) => {
  await make(() => {
    const build = () =>
      new AuditArchive("audit", {
        site: SITE,
        keys: keysHandle(),
        lock: { mode: "compliance", days },
      });
    expect(build).toThrow("1 to 36500");
    return {};
  });
});
