/** A role that the pods of one service account get from the Pod Identity agent. */
import { Role } from "@pulumi/aws/iam/role.js";
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
