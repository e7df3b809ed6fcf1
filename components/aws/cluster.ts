/**
 * The control plane: an EKS cluster whose API answers inside of the network only, whose secrets are
 * encrypted with our key, and into which only roles that are named come. Or a cluster that is there
 * already. What needs nodes to run stands in cluster-addons.ts.
 */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import {
  Cluster as EksCluster,
  type ClusterArgs as EksClusterArgs,
} from "@pulumi/aws/eks/cluster.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import * as pulumi from "@pulumi/pulumi";
import { after, Component, type Transform } from "../component.ts";
import type { KeysHandle } from "./keys.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { type NetworkHandle, subnetIds } from "./network.ts";
import { type AwsSite, arn, managedPolicy, names, servicePrincipal } from "./place.ts";
import { podRole } from "./pod-role.ts";
import { policyDocument, serviceTrust } from "./policy.ts";

export interface ClusterArgs {
  readonly site: AwsSite;
  readonly network: NetworkHandle;
  readonly keys: KeysHandle;
  /** Major and minor, as in "1.33". */
  readonly kubernetesVersion: string;
  /** Roles (their ARNs) that administer the cluster; whoever runs `up` must be one of them. */
  readonly administrators: readonly string[];
  /** Ranges beyond the VPC from which the private endpoint is reached, over a VPN or peering. */
  readonly privateRanges: readonly string[];
  /** Ranges of the internet that reach a public endpoint; none: there is no public endpoint. */
  readonly publicRanges: readonly string[];
  /** Versions of the add-ons that make a node a node, as `aws eks describe-addon-versions` tells. */
  readonly addonVersions: Readonly<Record<NodeAddon, string>>;
  readonly logDays: number;
  /** Whether `destroy` may end the cluster. */
  readonly deletable: boolean;
  readonly transform?: { readonly cluster?: Transform<EksClusterArgs> };
}

export type NodeAddon = "vpc-cni" | "kube-proxy" | "eks-pod-identity-agent";

export interface ClusterHandle {
  /** Known to be there with the add-ons that a node needs to become ready. */
  readonly name: pulumi.Output<string>;
  readonly endpoint: pulumi.Output<string>;
  /** The group that EKS makes: the control plane and every node are in it. */
  readonly securityGroupId: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
}

/** Everything that the control plane can write down. */
const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
/** EKS' own range where a VPC is of 10.0.0.0/8; written out, since it can never be changed. */
const SERVICE_RANGE = "172.20.0.0/16";

export class Cluster extends Component implements ClusterHandle {
  readonly name: pulumi.Output<string>;
  readonly endpoint: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Cluster", name, options);
    if (args.administrators.length === 0) {
      throw new Error("a cluster without an administrator could be entered by nobody: name a role");
    }
    const role = clusterRole(name, args, this);
    const group = controlPlaneLogs(name, args, this);
    const plain = clusterArgs(args, role);
    const cluster = new EksCluster(name, args.transform?.cluster?.(plain) ?? plain, {
      parent: this,
      // EKS would make the log group itself, without our key and for ever.
      dependsOn: [group, ...role.policies],
    });
    const clusterName = names.cluster(args.site);
    createAccess(name, args, after(cluster, clusterName), this);
    const addons = nodeAddons(name, args, after(cluster, clusterName), this);
    // Lifted, not applied: a subnet that is not there yet would make all of the object unknown.
    this.securityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    createDoors(name, args, this.securityGroupId, this);
    this.name = pulumi.all(addons.map((addon) => addon.urn)).apply(() => clusterName);
    this.endpoint = cluster.endpoint;
    this.kubeconfig = kubeconfig(
      args.site,
      cluster.endpoint,
      cluster.certificateAuthority.apply((it) => it.data ?? ""),
    );
    this.registerOutputs({ endpoint: this.endpoint });
  }
}

function kubeconfig(
  site: AwsSite,
  endpoint: pulumi.Output<string>,
  authority: pulumi.Output<string>,
): pulumi.Output<string> {
  return pulumi.all([endpoint, authority]).apply(([address, certificateAuthority]) =>
    kubeconfigText({
      name: names.cluster(site),
      endpoint: address,
      certificateAuthority,
      region: site.region,
    }),
  );
}

function clusterRole(name: string, { site, keys }: ClusterArgs, parent: pulumi.Resource) {
  const role = new Role(
    `${name}-control-plane`,
    {
      name: names.clusterRole(site),
      assumeRolePolicy: serviceTrust(servicePrincipal(site, "eks"), {
        ArnLike: { "aws:SourceArn": arn(site, "eks", `cluster/${names.cluster(site)}`) },
      }),
    },
    { parent },
  );
  const policy = new RolePolicyAttachment(
    `${name}-control-plane`,
    { role: role.name, policyArn: managedPolicy(site, "AmazonEKSClusterPolicy") },
    { parent },
  );
  const secrets = new RolePolicy(
    `${name}-control-plane`,
    { name: "secrets", role: role.name, policy: keys.arn("cluster").apply(secretsPolicy) },
    { parent },
  );
  return { arn: role.arn, policies: [policy, secrets] };
}

/** The other half of what the key's own policy says: it leaves the last word to IAM. */
function secretsPolicy(key: string): string {
  return policyDocument([
    {
      Sid: "Secrets",
      Effect: "Allow",
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"],
      Resource: key,
    },
  ]);
}

function controlPlaneLogs(name: string, args: ClusterArgs, parent: pulumi.Resource): LogGroup {
  return new LogGroup(
    `${name}-control-plane`,
    {
      name: names.logGroups(args.site).controlPlane,
      retentionInDays: args.logDays,
      kmsKeyId: args.keys.arn("logs"),
    },
    { parent },
  );
}

function clusterArgs(args: ClusterArgs, role: { arn: pulumi.Output<string> }): EksClusterArgs {
  const isPublic = args.publicRanges.length > 0;
  return {
    name: names.cluster(args.site),
    roleArn: role.arn,
    version: args.kubernetesVersion,
    vpcConfig: {
      subnetIds: subnetIds(args.network),
      endpointPrivateAccess: true,
      endpointPublicAccess: isPublic,
      ...(isPublic ? { publicAccessCidrs: [...args.publicRanges] } : {}),
    },
    kubernetesNetworkConfig: { ipFamily: "ipv4", serviceIpv4Cidr: SERVICE_RANGE },
    encryptionConfig: { resources: ["secrets"], provider: { keyArn: args.keys.arn("cluster") } },
    enabledClusterLogTypes: LOG_TYPES,
    accessConfig: {
      // Only access entries: a ConfigMap that anybody with a pod could read grants nothing.
      authenticationMode: "API",
      bootstrapClusterCreatorAdminPermissions: false,
    },
    // Add-ons are ours, with versions; EKS' own would have to be taken over first.
    bootstrapSelfManagedAddons: false,
    // STANDARD would upgrade the cluster by itself on the day on which standard support ends.
    upgradePolicy: { supportType: "EXTENDED" },
    deletionProtection: !args.deletable,
  };
}

function createAccess(
  name: string,
  args: ClusterArgs,
  clusterName: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  const policyArn = `arn:${args.site.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`;
  for (const principalArn of args.administrators) {
    // With its path: two teams may each have a role called admin.
    const child = `${name}-${principalArn.split(":").at(-1)?.replaceAll("/", "-")}`;
    const entry = new AccessEntry(child, { clusterName, principalArn }, { parent });
    new AccessPolicyAssociation(
      child,
      { clusterName, principalArn, policyArn, accessScope: { type: "cluster" } },
      { parent, dependsOn: [entry] },
    );
  }
}

/** Daemons that are there before a node is, so that it becomes ready. */
function nodeAddons(
  name: string,
  args: ClusterArgs,
  clusterName: pulumi.Output<string>,
  parent: pulumi.Resource,
): Addon[] {
  const { site, addonVersions } = args;
  const cni = podRole(
    `${name}-vpc-cni`,
    site,
    "vpc-cni",
    [managedPolicy(site, "AmazonEKS_CNI_Policy")],
    { parent },
  );
  const addon = (addonName: NodeAddon, more: object, dependsOn: pulumi.Resource[]) =>
    new Addon(
      `${name}-${addonName}`,
      {
        clusterName,
        addonName,
        addonVersion: addonVersions[addonName],
        // Nobody else may have set a field of what only this program deploys.
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        ...more,
      },
      { parent, dependsOn },
    );
  const agent = addon("eks-pod-identity-agent", {}, []);
  const cniSettings = {
    // Without it a NetworkPolicy is a wish.
    configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }),
    // Not by the nodes' role: then every pod on the host's network could change the network.
    podIdentityAssociations: [{ roleArn: cni.arn, serviceAccount: "aws-node" }],
  };
  return [agent, addon("vpc-cni", cniSettings, [agent]), addon("kube-proxy", {}, [])];
}

/** EKS lets in nodes by itself, and nobody else. */
function createDoors(
  name: string,
  args: ClusterArgs,
  securityGroupId: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  for (const range of args.privateRanges) {
    new SecurityGroupIngressRule(
      `${name}-api-${range.replaceAll(/[./:]/g, "-")}`,
      {
        securityGroupId,
        description: "Administrators of the cluster",
        ...(range.includes(":") ? { cidrIpv6: range } : { cidrIpv4: range }),
        ipProtocol: "tcp",
        fromPort: 443,
        toPort: 443,
      },
      { parent },
    );
  }
}
