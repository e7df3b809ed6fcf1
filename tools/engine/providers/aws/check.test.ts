import { describe, expect, test } from "vitest";
import { secret, UNKNOWN } from "../../values.ts";
import { CLUSTER, check, faults, KEY, VPC } from "./test-cloud.ts";

describe("check", () => {
  test("says each fault with its path and what would be right", async () => {
    expect(await faults(VPC, { cidrBlok: "10.0.0.0/16" })).toEqual([
      "cidrBlok: Unknown property. Did you mean cidrBlock?",
      "cidrBlock: Missing. Give one of: cidrBlock, ipv4IpamPoolId.",
    ]);
    expect(await faults(VPC, { cidrBlock: "10.0.0.1/16", instanceTenancy: "shared" })).toEqual([
      'instanceTenancy: "shared" is not allowed. Use one of: default, dedicated.',
      'cidrBlock: "10.0.0.1/16" has host bits set. Give 10.0.0.0/16.',
    ]);
    expect(await faults(KEY, { deletionWindowInDays: 3, policy: "{" })).toEqual([
      "deletionWindowInDays: 3 is out of range. Give 7 to 30.",
      'policy: "{" is not valid JSON. Write it with JSON.stringify.',
    ]);
    const role = "arn:aws:iam::000000000000:role/r";
    expect(await faults(CLUSTER, { roleArn: role, vpcConfig: { subnets: ["s"] } })).toEqual([
      "vpcConfig.subnets: Unknown property. Did you mean subnetIds?",
      "vpcConfig.subnetIds: Required and missing. Give it as string[].",
    ]);
    expect(await faults(CLUSTER, { roleArn: "r", vpcConfig: [] })).toEqual([
      "vpcConfig: Not an object, but a list. Give an object.",
      'roleArn: "r" is not an ARN. Give arn:aws:<service>:….',
    ]);
    const rules = [{ status: "Enabled" }, { status: "On" }];
    const replication = {
      bucket: "b",
      role,
      rules: rules.map((one) => ({ ...one, destination: { bucket: "b" } })),
    };
    expect(
      await faults("aws:s3/bucketReplicationConfig:BucketReplicationConfig", replication),
    ).toEqual(['rules[1].status: "On" is not allowed. Use one of: Enabled, Disabled.']);
  });

  test("a network has a size AWS takes", async () => {
    expect(await faults(VPC, { cidrBlock: "10.0.0.0/16" })).toEqual([]);
    expect(await faults(VPC, { cidrBlock: "10.0.0.0/8" })).toEqual([
      'cidrBlock: "10.0.0.0/8" is of a size AWS refuses. Give /16 to /28.',
    ]);
    expect(await faults(VPC, { cidrBlock: "10.0.0.0" })).toHaveLength(1);
  });

  test("two of one kind conflict", async () => {
    const rule = { ipProtocol: "tcp", securityGroupId: "sg-1", cidrIpv4: "10.0.0.0/8" };
    const type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    expect(await faults(type, rule)).toEqual([]);
    expect(await faults(type, { ...rule, prefixListId: "pl-1" })).toHaveLength(1);
  });

  test("never repeats a secret", async () => {
    const texts = await faults(KEY, {
      policy: secret("hunter2"),
      deletionWindowInDays: secret(99),
    });
    expect(texts).toHaveLength(2);
    expect(texts.join()).not.toMatch(/hunter2|99/);
  });

  test("tolerates unknowns everywhere", async () => {
    expect(await faults(VPC, { cidrBlock: UNKNOWN, tags: { a: UNKNOWN } })).toEqual([]);
    expect(
      await faults(CLUSTER, { roleArn: UNKNOWN, vpcConfig: { subnetIds: [UNKNOWN] } }),
    ).toEqual([]);
  });

  test("draws a name, keeps it, and writes policies as text", async () => {
    const policy = { Version: "2012-10-17", Statement: [] };
    const type = "aws:iam/role:Role";
    const first = (await check(type, { assumeRolePolicy: policy })).inputs;
    expect(first.name).toMatch(/^x-[0-9a-f]{7}$/);
    expect(first.assumeRolePolicy).toBe(JSON.stringify(policy));
    const second = (await check(type, { assumeRolePolicy: policy }, { ...first, name: "x-kept" }))
      .inputs;
    expect(second.name).toBe("x-kept");
    const explicit = (await check(type, { assumeRolePolicy: policy, name: "mine" }, first)).inputs;
    expect(explicit.name).toBe("mine");
    expect((await check("aws:kms/alias:Alias", { targetKeyId: "k" })).inputs.name).toMatch(
      /^alias\/x-/,
    );
    expect((await check("aws:s3/bucket:Bucket", {})).inputs.bucket).toMatch(/^x-[0-9a-f]{7}$/);
  });
});
