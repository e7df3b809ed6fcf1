/** The security group of a fabric: its members may say everything to each other, and to no one else. */
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import type { NetworkHandle } from "./network.ts";
import { type AwsSite, nameTag } from "./place.ts";

/**
 * Both directions and all protocols, since the adapter goes past the kernel's own
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-start.html, step 1).
 */
export function fabricGroup(
  name: string,
  site: AwsSite,
  pool: string,
  network: NetworkHandle,
  parent: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = new SecurityGroup(
    `${name}-fabric`,
    {
      name: `${site.prefix}-${pool}-fabric`,
      description: "Elastic Fabric Adapters of one pool, among themselves",
      vpcId: network.vpcId,
      tags: nameTag(`${site.prefix}-${pool}-fabric`),
    },
    parent,
  );
  const among = {
    securityGroupId: group.id,
    referencedSecurityGroupId: group.id,
    description: "The fabric's own members",
    ipProtocol: "-1",
  };
  new SecurityGroupIngressRule(`${name}-fabric`, among, parent);
  new SecurityGroupEgressRule(`${name}-fabric`, among, parent);
  return group;
}
