import { describe, expect, test } from "vitest";
import { type ArchiveLock, AuditArchive } from "./audit-archive.ts";
import { keysHandle, make, SITE } from "./test-aws.ts";
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
