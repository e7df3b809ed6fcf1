/** Roles that pods get by their service account, from the Pod Identity agent. */
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { type AwsSite, arn, names, servicePrincipal } from "./place.ts";
import { serviceTrust } from "./policy.ts";

/** `purpose` ends its name; the managed policies say what it may do. */
export function podRole(
  name: string,
  site: AwsSite,
  purpose: string,
  policies: readonly string[],
  parent: pulumi.CustomResourceOptions,
): Role {
  const role = new Role(
    name,
    { name: `${site.prefix}-${purpose}`, assumeRolePolicy: podTrust(site) },
    parent,
  );
  policies.forEach((policyArn, index) => {
    new RolePolicyAttachment(`${name}-${index}`, { role: role.name, policyArn }, parent);
  });
  return role;
}

/** Only pods of this cluster; EKS' agent adds the tags of pod and service account to the session. */
export function podTrust(site: AwsSite): string {
  return serviceTrust(
    servicePrincipal(site, "pods.eks"),
    {
      StringEquals: { "aws:SourceAccount": site.account },
      ArnEquals: { "aws:SourceArn": arn(site, "eks", `cluster/${names.cluster(site)}`) },
    },
    ["sts:AssumeRole", "sts:TagSession"],
  );
}

export interface PodAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface PodAccess {
  readonly site: AwsSite;
  readonly cluster: { readonly name: pulumi.Output<string> };
  readonly purpose: string;
  readonly policy: pulumi.Output<string>;
  readonly accounts: readonly PodAccount[];
}

/** One role for all accounts that do the same with the same; none where there is no account. */
export function podAccess(name: string, access: PodAccess, parent: pulumi.Resource): void {
  if (access.accounts.length === 0) return;
  const role = podRole(name, access.site, access.purpose, [], { parent });
  new RolePolicy(
    name,
    { name: access.purpose, role: role.name, policy: access.policy },
    { parent },
  );
  for (const { namespace, serviceAccount } of access.accounts) {
    new PodIdentityAssociation(
      `${name}-${namespace}-${serviceAccount}`,
      { clusterName: access.cluster.name, namespace, serviceAccount, roleArn: role.arn },
      { parent },
    );
  }
}
