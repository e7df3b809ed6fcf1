/** A real @pulumi/aws program as the Terraform plan that would make it. */
import { beforeAll, describe, expect, test } from "vitest";
import { AWS_SCHEMA } from "../engine/providers/aws/schema.ts";
import type { ResourceState } from "../engine/resource.ts";
import { secret } from "../engine/values.ts";
import {
  type TerraformPlan,
  terraformName,
  terraformPlan,
  terraformType,
} from "./terraform-plan.ts";
import { simulatedNetwork } from "./test-network.ts";

let plan: TerraformPlan;
beforeAll(async () => {
  const made = await simulatedNetwork();
  expect(made.errors).toEqual([]);
  plan = terraformPlan(made.snapshot?.resources ?? [], AWS_SCHEMA);
}, 60_000);

function valuesOf(address: string) {
  return plan.planned_values.root_module.resources.find((one) => one.address === address)?.values;
}

describe("the plan of the network", () => {
  test("has every cloud resource once, by its Terraform name", () => {
    const addresses = plan.resource_changes.map(({ address }) => address);
    expect(addresses.sort()).toEqual([
      "aws_db_instance.ledger",
      "aws_eks_cluster.cluster",
      "aws_eks_node_group.gpu",
      "aws_iam_role.cluster",
      "aws_kms_key.key",
      "aws_s3_bucket.records",
      "aws_s3_bucket_public_access_block.records",
      "aws_s3_bucket_server_side_encryption_configuration.records",
      "aws_subnet.subnet-0",
      "aws_subnet.subnet-1",
      "aws_subnet.subnet-2",
      "aws_vpc.vpc",
    ]);
  });

  test("writes properties as Terraform does, blocks as lists", () => {
    expect(valuesOf("aws_vpc.vpc")).toMatchObject({
      cidr_block: "10.0.0.0/16",
      enable_dns_hostnames: true,
    });
    expect(valuesOf("aws_eks_cluster.cluster")).toMatchObject({
      vpc_config: [{ endpoint_public_access: false }],
      encryption_config: [{ resources: ["secrets"], provider: [{ key_arn: expect.any(String) }] }],
    });
    const encryption = "aws_s3_bucket_server_side_encryption_configuration.records";
    expect(valuesOf(encryption)).toMatchObject({
      rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm: "aws:kms" }] }],
    });
    // A map is no block.
    expect(valuesOf("aws_s3_bucket.records")).toMatchObject({ tags: { purpose: "audit" } });
  });

  test("says what refers to what, and no secret", () => {
    const { resources } = plan.configuration.root_module;
    const block = resources.find(({ type }) => type === "aws_s3_bucket_public_access_block");
    expect(block?.expressions).toEqual({
      bucket: { references: ["aws_s3_bucket.records.id", "aws_s3_bucket.records"] },
    });
    expect(valuesOf("aws_db_instance.ledger")).toMatchObject({ password: "hidden" });
    expect(JSON.stringify(plan)).not.toContain("__defaults");
  });
});

describe("names", () => {
  test("of every type that the simulated cloud knows are those of the provider", () => {
    const names = Object.keys(AWS_SCHEMA.resources).map(terraformType);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^aws_[a-z0-9]+(_[a-z0-9]+)*$/);
    // Those whose service stands elsewhere or not at all.
    expect(names).toEqual(
      expect.arrayContaining([
        "aws_vpc_endpoint",
        "aws_vpc_security_group_ingress_rule",
        "aws_launch_template",
        "aws_lb",
        "aws_lb_listener",
        "aws_rds_cluster",
        "aws_db_subnet_group",
        "aws_ec2_capacity_reservation",
        "aws_iam_openid_connect_provider",
        "aws_s3_bucket_replication_configuration",
        "aws_cloudwatch_log_group",
      ]),
    );
  });

  test.each([
    ["subnetIds", "string[]", "subnet_ids"],
    ["rules", "s3.BucketLifecycleConfigurationRule[]", "rule"],
    ["inlinePolicies", "iam.RoleInlinePolicy[]", "inline_policy"],
    ["aliases", "route53.RecordAlias[]", "alias"],
    ["ingress", "ec2.SecurityGroupIngress[]", "ingress"],
    ["blockDeviceMappings", "ec2.LaunchTemplateBlockDeviceMapping[]", "block_device_mappings"],
    ["ipv6CidrBlock", "string", "ipv6_cidr_block"],
    ["vpcConfig", "eks.ClusterVpcConfig", "vpc_config"],
  ])("%s (%s) is %s", (property, shape, name) => {
    expect(terraformName(property, shape)).toBe(name);
  });

  test("of two resources that are called the same differ", () => {
    const key = (parent: string): ResourceState => ({
      urn: `urn:pulumi:dev::p::${parent}$aws:kms/key:Key::key`,
      custom: true,
      type: "aws:kms/key:Key",
      inputs: { description: secret("d") },
    });
    const { resource_changes } = terraformPlan([key("a"), key("b")], AWS_SCHEMA);
    expect(resource_changes.map(({ address }) => address)).toEqual([
      "aws_kms_key.key",
      "aws_kms_key.key-2",
    ]);
    expect(() => terraformPlan([{ ...key("a"), type: "aws:x/y:Y" }], AWS_SCHEMA)).toThrow(/schema/);
  });
});
