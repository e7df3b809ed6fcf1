/**
 * The judges themselves, over objects and cloud resources with known faults: each must say so. What
 * they say of the stacks is tried by tools/cli/judge.cluster.test.ts.
 */
import { beforeAll, expect, test } from "vitest";
import { silentProgress } from "../base/progress.ts";
import type { ResourceState } from "../engine/resource.ts";
import type { PropertyMap } from "../engine/values.ts";
import type { Finding } from "./finding.ts";
import { ensureJudges, type Judges, judgeStack } from "./judge-stack.ts";
import { simulatedNetwork } from "./test-network.ts";

let judges: Judges;
let network: readonly ResourceState[];

beforeAll(async () => {
  judges = await ensureJudges("v1.36.3", silentProgress);
  const made = await simulatedNetwork();
  network = made.snapshot?.resources ?? [];
});

const resource = (type: string, name: string, inputs: PropertyMap): ResourceState => ({
  ...{ urn: `urn:pulumi:dev::p::${type}::${name}`, custom: true, type, inputs },
});

function said(findings: readonly Finding[]): string[] {
  return findings.map(({ judge, rule, object }) => `${judge} ${rule} ${object}`);
}

test("a pod with every right and no bound is found by all three", async () => {
  const container = { name: "all", image: "x:latest", securityContext: { privileged: true } };
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [container] } };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "bad", namespace: "deepseek" },
    spec: { selector: { matchLabels: { a: "b" } }, template },
  };
  const planned = [resource("kubernetes:apps/v1:Deployment", "bad", deployment)];
  const { findings, kubernetesObjects, cloudResources } = await judgeStack(judges, planned);
  expect({ kubernetesObjects, cloudResources }).toEqual({
    kubernetesObjects: 1,
    cloudResources: 0,
  });
  expect(said(findings)).toEqual(
    expect.arrayContaining([
      "kube-score container-security-context-privileged Deployment/deepseek/bad#all",
      "monokle PSS103 Deployment/deepseek/bad#all",
      "checkov CKV_K8S_16 Deployment/deepseek/bad#all",
      "kube-score container-resources Deployment/deepseek/bad#all",
      "checkov CKV2_K8S_6 Deployment/deepseek/bad",
    ]),
  );
});

test("the cloud side is judged: what is missing, what is there, and what belongs together", async () => {
  const { findings, cloudResources } = await judgeStack(judges, network);
  const found = said(findings);
  expect(cloudResources).toBe(12);
  expect(found).toContain("checkov CKV_AWS_7 aws_kms_key.key");
  expect(found).toContain("checkov CKV_AWS_157 aws_db_instance.ledger");
  // The bucket has encryption and a wall against the public by resources of their own.
  expect(found).not.toContain("checkov CKV_AWS_145 aws_s3_bucket.records");
  expect(found).toContain("checkov CKV_AWS_21 aws_s3_bucket.records");
  expect(found).not.toContain("checkov CKV_AWS_39 aws_eks_cluster.cluster");
  expect(found).not.toContain("checkov CKV_AWS_58 aws_eks_cluster.cluster");
});

test("what opens the cloud to everybody is found by the names that we give to properties", async () => {
  const open = {
    description: "x",
    ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] }],
  };
  const rule = {
    ...{ securityGroupId: "sg-1", ipProtocol: "tcp", fromPort: 22, toPort: 22 },
    cidrIpv4: "0.0.0.0/0",
  };
  const everyone = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "*" };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [everyone] });
  const { findings } = await judgeStack(judges, [
    resource("aws:ec2/securityGroup:SecurityGroup", "open", open),
    resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "open", rule),
    resource("aws:s3/bucketPolicy:BucketPolicy", "open", { bucket: "b", policy }),
    resource("aws:ec2/launchTemplate:LaunchTemplate", "old", {
      metadataOptions: { httpTokens: "optional" },
      networkInterfaces: [{ associatePublicIpAddress: "true" }],
    }),
  ]);
  expect(said(findings)).toEqual(
    expect.arrayContaining([
      "checkov CKV_AWS_24 aws_security_group.open",
      "checkov CKV_AWS_24 aws_vpc_security_group_ingress_rule.open",
      "checkov CKV_AWS_70 aws_s3_bucket_policy.open",
      "checkov CKV_AWS_79 aws_launch_template.old",
      "checkov CKV_AWS_88 aws_launch_template.old",
    ]),
  );
});
