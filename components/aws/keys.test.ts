import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KEY_PURPOSES, type KeyPurpose, keyPolicy } from "./key-policies.ts";
import { Keys } from "./keys.ts";
import { CHINA, make, SITE } from "./test-aws.ts";
import { judge } from "./test-policy.ts";

const ADMIN = "arn:aws:iam::111122223333:role/admin";
const STRANGER = "arn:aws:iam::999999999999:role/admin";
const CRYPTO = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"];

const through = (service: string, more: Record<string, string> = {}) => ({
  "kms:ViaService": `${service}.eu-central-1.amazonaws.com`,
  "kms:CallerAccount": SITE.account,
  ...more,
});

describe("the policy of each key", () => {
  test.each(KEY_PURPOSES)("%s: the account administers it and cannot use it by that", (purpose) => {
    const policy = keyPolicy(purpose, SITE);
    for (const action of ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:ScheduleKeyDeletion"]) {
      expect(judge(policy, { who: ADMIN, action })).toBe("allow");
    }
    const context = { "kms:CallerAccount": SITE.account, "aws:PrincipalArn": ADMIN };
    const used = CRYPTO.filter(
      (action) => judge(policy, { who: ADMIN, action, context }) !== "none",
    );
    // EKS makes the grant of a cluster's key as whoever creates the cluster.
    expect(used).toEqual(purpose === "cluster" ? ["kms:CreateGrant"] : []);
  });

  test("no other account may do anything, whatever it claims to come through", () => {
    const services = ["ec2", "rds", "s3", "ecr", "elasticache", "backup", "logs", "lambda"];
    fc.assert(
      fc.property(
        fc.constantFrom(...KEY_PURPOSES),
        fc.constantFrom(...CRYPTO, "kms:PutKeyPolicy", "kms:DescribeKey"),
        fc.constantFrom(...services),
        (purpose, action, service) => {
          const context = {
            ...through(service, { "kms:GrantIsForAWSResource": "true" }),
            "kms:CallerAccount": "999999999999",
            "aws:PrincipalArn": STRANGER,
          };
          expect(judge(keyPolicy(purpose, SITE), { who: STRANGER, action, context })).toBe("none");
        },
      ),
    );
  });

  const OWN: readonly [KeyPurpose, string][] = [
    ["volumes", "ec2"],
    ["database", "rds"],
    ["database", "backup"],
    ["cache", "elasticache"],
    ["images", "ecr"],
    ["patient", "ec2"],
  ];
  test.each(OWN)("%s is used through %s, and through no other service", (purpose, service) => {
    const policy = keyPolicy(purpose, SITE);
    const use = (via: string) =>
      judge(policy, { who: ADMIN, action: "kms:Decrypt", context: through(via) });
    expect(use(service)).toBe("allow");
    expect(use("lambda")).toBe("none");
    expect(use("s3")).toBe("none");
    const grant = (isForAws: string) =>
      judge(policy, {
        who: ADMIN,
        action: "kms:CreateGrant",
        context: through(service, { "kms:GrantIsForAWSResource": isForAws }),
      });
    expect([grant("true"), grant("false")]).toEqual(["allow", "none"]);
  });

  test.each(["weights", "audit"] as const)(
    "%s: for the objects of its own bucket only",
    (purpose) => {
      const own = `arn:aws:s3:::deepseek-prod-${purpose}-111122223333-eu-central-1`;
      const open = (bucket: string) =>
        judge(keyPolicy(purpose, SITE), {
          who: ADMIN,
          action: "kms:Decrypt",
          context: through("s3", { "kms:EncryptionContext:aws:s3:arn": bucket }),
        });
      expect(open(own)).toBe("allow");
      expect(open(`${own}/model/weights.bin`)).toBe("allow");
      expect(open(`${own}-copy`)).toBe("none");
      expect(open("arn:aws:s3:::other")).toBe("none");
    },
  );

  test("logs: for the log groups of the site, and for nobody but CloudWatch Logs", () => {
    const write = (who: string, group: string) =>
      judge(keyPolicy("logs", SITE), {
        who,
        action: "kms:GenerateDataKey",
        context: {
          "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:eu-central-1:111122223333:log-group:${group}`,
        },
      });
    const logs = "logs.eu-central-1.amazonaws.com";
    expect(write(logs, "/aws/eks/deepseek-prod/cluster")).toBe("allow");
    expect(write(logs, "/aws/vpc/deepseek-prod")).toBe("allow");
    expect(write(logs, "/aws/rds/instance/deepseek-prod-ledger/postgresql")).toBe("allow");
    expect(write(logs, "/aws/lambda/other")).toBe("none");
    expect(write("logs.eu-west-1.amazonaws.com", "/aws/vpc/deepseek-prod")).toBe("none");
    expect(write(ADMIN, "/aws/vpc/deepseek-prod")).toBe("none");
  });

  test("cluster: used by the control plane's role only", () => {
    const use = (role: string) =>
      judge(keyPolicy("cluster", SITE), {
        who: role,
        action: "kms:Decrypt",
        context: { "aws:PrincipalArn": role },
      });
    expect(use("arn:aws:iam::111122223333:role/deepseek-prod-cluster")).toBe("allow");
    expect(use(ADMIN)).toBe("none");
  });

  test("volumes: Auto Scaling's own role starts nodes, another role does not", () => {
    const start = (role: string, action: string) =>
      judge(keyPolicy("volumes", SITE), {
        who: role,
        action,
        context: {
          "aws:PrincipalArn": role,
          "kms:CallerAccount": SITE.account,
          "kms:GrantIsForAWSResource": "true",
        },
      });
    const own =
      "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    expect(start(own, "kms:CreateGrant")).toBe("allow");
    expect(start(own, "kms:GenerateDataKeyWithoutPlaintext")).toBe("allow");
    expect(start(ADMIN, "kms:CreateGrant")).toBe("none");
  });

  test.each(KEY_PURPOSES)("%s: in China no name of another partition is left", (purpose) => {
    const policy = keyPolicy(purpose, CHINA);
    expect(policy).not.toMatch(/arn:aws:/);
    if (policy.includes("cn-north-1.")) expect(policy).toContain("cn-north-1.amazonaws.com.cn");
  });
});

describe("the component", () => {
  test("makes a key and an alias per purpose: rotated, thirty days from its end", async () => {
    const made = await make(() => {
      const keys = new Keys("keys", {
        site: SITE,
        purposes: KEY_PURPOSES,
        replicated: ["weights"],
      });
      return { weights: keys.arn("weights") };
    });
    const keys = made.all("kms/key:Key");
    const purposes = [...KEY_PURPOSES].sort();
    expect(keys.map(({ name }) => name)).toEqual(purposes.map((purpose) => `keys-${purpose}`));
    for (const { inputs } of keys) {
      expect(inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    }
    const replicated = keys.filter(({ inputs }) => inputs.multiRegion === true);
    expect(replicated.map(({ name }) => name)).toEqual(["keys-weights"]);
    expect(made.all("kms/alias:Alias").map(({ inputs }) => inputs.name)).toEqual(
      purposes.map((purpose) => `alias/deepseek-prod-${purpose}`),
    );
    expect(made.result.weights).toMatch(/^arn:aws:kms:eu-central-1:\d{12}:key\/mrk-/);
  });

  test("of a standby is the primary's replica where it is given, and its own where not", async () => {
    const primary = "arn:aws:kms:eu-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef";
    const made = await make(() => ({
      keys: new Keys("keys", {
        site: SITE,
        purposes: ["weights", "volumes"],
        primaries: { weights: primary },
      }).urn,
    }));
    expect(made.one("kms/replicaKey:ReplicaKey").inputs).toMatchObject({
      primaryKeyArn: primary,
      policy: keyPolicy("weights", SITE),
    });
    expect(made.one("kms/key:Key").name).toBe("keys-volumes");
  });

  test("refuses to tell a key that is not there, and lets one be changed", async () => {
    const made = await make(() => {
      const keys = new Keys("keys", {
        site: SITE,
        purposes: ["logs"],
        transform: { key: (args) => ({ ...args, rotationPeriodInDays: 90 }) },
      });
      expect(() => keys.arn("audit")).toThrow("audit");
      return {};
    });
    expect(made.one("kms/key:Key").inputs.rotationPeriodInDays).toBe(90);
  });
});
