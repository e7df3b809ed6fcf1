/** What a data store of AWS stands in: a security group that only the cluster's nodes come through. */
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterHandle } from "./cluster.ts";
import type { NetworkHandle } from "./network.ts";
import { type AwsSite, nameTag } from "./place.ts";

export interface StorePlace {
  readonly site: AwsSite;
  readonly network: NetworkHandle;
  readonly cluster: ClusterHandle;
}

/** No rule lets anything out: a store answers, and asks nobody. */
export function storeGroup(
  name: string,
  { site, network, cluster }: StorePlace,
  store: { readonly name: string; readonly port: number },
  parent: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = new SecurityGroup(
    name,
    {
      name: `${site.prefix}-${store.name}`,
      description: `Connections of the cluster to ${store.name}`,
      vpcId: network.vpcId,
      tags: nameTag(`${site.prefix}-${store.name}`),
    },
    parent,
  );
  new SecurityGroupIngressRule(
    name,
    {
      securityGroupId: group.id,
      referencedSecurityGroupId: cluster.securityGroupId,
      description: "The cluster's nodes and pods",
      ipProtocol: "tcp",
      fromPort: store.port,
      toPort: store.port,
    },
    parent,
  );
  return group;
}
