/**
 * A group of equal nodes that EKS keeps: `system` for everything that needs no GPU, over all zones;
 * `gpu` for A100s, in one zone, with their fabric, their local disks and where they are paid for.
 */
import { Tag } from "@pulumi/aws/autoscaling/tag.js";
import { LaunchTemplate, type LaunchTemplateArgs } from "@pulumi/aws/ec2/launchTemplate.js";
import { PlacementGroup } from "@pulumi/aws/ec2/placementGroup.js";
import { NodeGroup, type NodeGroupArgs } from "@pulumi/aws/eks/nodeGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { toldFaults } from "../argument-fault.ts";
import { Component, type Transform } from "../component.ts";
import { GPU_TAINT, POOL_LABEL } from "../serving/accelerators.ts";
import {
  type Capacity,
  capacityFaults,
  groupOptions,
  launchOptions,
  type PoolSize,
  wantsPlacementGroup,
} from "./capacity.ts";
import type { ClusterHandle } from "./cluster.ts";
import { type EfaLayout, fabricAdapters, networkInterfaces } from "./efa.ts";
import { fabricGroup } from "./fabric-group.ts";
import { GPU_INSTANCES, type GpuInstanceType, gpuLabels } from "./gpu-instances.ts";
import type { KeysHandle } from "./keys.ts";
import { type NetworkHandle, subnetIds, subnetIn } from "./network.ts";
import { nodeUserDataBase64 } from "./node-user-data.ts";
import { offeredIn } from "./offerings.ts";
import { type AwsSite, managedPolicy, nameTag, servicePrincipal } from "./place.ts";
import { serviceTrust } from "./policy.ts";

export interface NodePoolArgs {
  readonly site: AwsSite;
  readonly cluster: ClusterHandle;
  readonly network: NetworkHandle;
  readonly keys: KeysHandle;
  /** Its name, and the value of every node's label deepseek.local/pool. */
  readonly pool: string;
  readonly nodes: NodeKind;
  readonly size: PoolSize;
  /** The cluster's, or one minor version less. */
  readonly kubernetesVersion: string;
  /** Of the image, as in "1.33.5-20251120": nodes change when this does, and at no other time. */
  readonly releaseVersion: string;
  readonly volumeGibibytes: number;
  readonly transform?: {
    readonly launchTemplate?: Transform<LaunchTemplateArgs>;
    readonly nodeGroup?: Transform<NodeGroupArgs>;
  };
}

export type NodeKind =
  | { readonly kind: "system"; readonly instanceTypes: readonly string[] }
  | {
      readonly kind: "gpu";
      readonly instanceType: GpuInstanceType;
      readonly zone: string;
      readonly capacity: Capacity;
      /** `none` where no model spans two nodes. */
      readonly fabric: EfaLayout | "none";
    };

export interface NodePoolHandle {
  readonly pool: string;
  /** The group of EC2 Auto Scaling behind it, to which load balancers send. */
  readonly autoscalingGroup: pulumi.Output<string>;
}

const TAINT = { key: GPU_TAINT, value: "present" } as const;
/** The image's own name for its root disk (AL2023). */
const ROOT_DEVICE = "/dev/xvda";

export class NodePool extends Component implements NodePoolHandle {
  readonly pool: string;
  readonly autoscalingGroup: pulumi.Output<string>;

  constructor(name: string, args: NodePoolArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:NodePool", name, options);
    const { nodes, size } = args;
    const faults =
      nodes.kind === "gpu"
        ? capacityFaults(nodes.capacity, nodes.zone, size)
        : capacityFaults({ kind: "onDemand" }, "", size);
    if (faults.length > 0) throw new Error(`${name}: ${toldFaults(faults)}`);
    const role = nodeRole(name, args, this);
    const template = launchTemplate(name, args, this);
    const plain = nodeGroupArgs(args, role.arn, template, this);
    const group = new NodeGroup(name, args.transform?.nodeGroup?.(plain) ?? plain, {
      parent: this,
      // The size is the Cluster Autoscaler's once there are nodes.
      ignoreChanges: ["scalingConfig.desiredSize"],
      dependsOn: role.policies,
    });
    this.pool = args.pool;
    this.autoscalingGroup = group.resources.apply(
      ([first]) => first?.autoscalingGroups?.[0]?.name ?? "",
    );
    autoscalerTags(name, args, this.autoscalingGroup, this);
    this.registerOutputs({ autoscalingGroup: this.autoscalingGroup });
  }
}

function nodeRole(name: string, { site, pool }: NodePoolArgs, parent: pulumi.Resource) {
  const role = new Role(
    `${name}-nodes`,
    {
      name: `${site.prefix}-${pool}-nodes`,
      assumeRolePolicy: serviceTrust(servicePrincipal(site, "ec2")),
    },
    { parent },
  );
  // To join, to tell pods' identities, and to pull. The network is the CNI's own role's business.
  const policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"].map(
    (policy) =>
      new RolePolicyAttachment(
        `${name}-${policy}`,
        { role: role.name, policyArn: managedPolicy(site, policy) },
        { parent },
      ),
  );
  return { arn: role.arn, policies };
}

function launchTemplate(name: string, args: NodePoolArgs, parent: pulumi.Resource): LaunchTemplate {
  const tags = nameTag(`${args.site.prefix}-${args.pool}`);
  const plain: LaunchTemplateArgs = {
    name: `${args.site.prefix}-${args.pool}`,
    updateDefaultVersion: true,
    blockDeviceMappings: [rootDisk(args)],
    metadataOptions: {
      httpEndpoint: "enabled",
      // Version 2 only: a request that a page or a model was talked into sends no token.
      httpTokens: "required",
      // A pod is one hop further than the node: it cannot take the node's role. Daemons on the
      // host's network can, and no other program of ours needs to.
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: "disabled",
    },
    tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
    tags,
    ...(args.nodes.kind === "gpu"
      ? gpuTemplate(name, args, args.nodes, parent)
      : { vpcSecurityGroupIds: [args.cluster.securityGroupId] }),
  };
  return new LaunchTemplate(name, args.transform?.launchTemplate?.(plain) ?? plain, { parent });
}

function rootDisk(args: NodePoolArgs) {
  return {
    deviceName: ROOT_DEVICE,
    ebs: {
      volumeType: "gp3",
      volumeSize: args.volumeGibibytes,
      encrypted: "true",
      kmsKeyId: args.keys.arn("volumes"),
      deleteOnTermination: "true",
    },
  };
}

function gpuTemplate(
  name: string,
  args: NodePoolArgs,
  nodes: Extract<NodeKind, { kind: "gpu" }>,
  parent: pulumi.Resource,
): LaunchTemplateArgs {
  const { capacity, instanceType } = nodes;
  const placed = wantsPlacementGroup(capacity)
    ? { placement: { groupName: placementGroup(name, args, parent).name } }
    : {};
  return {
    userData: nodeUserDataBase64(),
    ...interfaces(name, args, nodes, parent),
    ...placed,
    ...launchOptions(capacity, instanceType),
  };
}

/** With interfaces the groups stand in each of them: a template may not have both. */
function interfaces(
  name: string,
  args: NodePoolArgs,
  { fabric, instanceType }: Extract<NodeKind, { kind: "gpu" }>,
  parent: pulumi.Resource,
): LaunchTemplateArgs {
  const cluster = args.cluster.securityGroupId;
  if (fabric === "none") return { vpcSecurityGroupIds: [cluster] };
  const group = fabricGroup(name, args.site, args.pool, args.network, { parent });
  return {
    networkInterfaces: networkInterfaces(GPU_INSTANCES[instanceType].networkCards, fabric).map(
      // Neither a subnet nor a public address: the node group decides the one, the other needs a
      // single interface.
      (one) => ({ ...one, deleteOnTermination: "true", securityGroups: [cluster, group.id] }),
    ),
  };
}

function placementGroup(
  name: string,
  { site, pool }: NodePoolArgs,
  parent: pulumi.Resource,
): PlacementGroup {
  return new PlacementGroup(
    name,
    { name: `${site.prefix}-${pool}`, strategy: "cluster" },
    { parent },
  );
}

function nodeGroupArgs(
  args: NodePoolArgs,
  nodeRoleArn: pulumi.Input<string>,
  template: LaunchTemplate,
  parent: pulumi.Resource,
): NodeGroupArgs {
  const { nodes, size } = args;
  const shared: NodeGroupArgs = {
    clusterName: args.cluster.name,
    nodeGroupName: args.pool,
    nodeRoleArn,
    version: args.kubernetesVersion,
    releaseVersion: args.releaseVersion,
    launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
    scalingConfig: { minSize: size.min, maxSize: size.max, desiredSize: size.desired },
    labels: nodeLabels(args),
    subnetIds: [],
    tags: nameTag(`${args.site.prefix}-${args.pool}`),
  };
  if (nodes.kind === "system") {
    return {
      ...shared,
      ...groupOptions({ kind: "onDemand" }, nodes.instanceTypes),
      amiType: "AL2023_x86_64_STANDARD",
      subnetIds: subnetIds(args.network),
      updateConfig: { maxUnavailable: 1 },
    };
  }
  const place = { zone: nodes.zone, subnet: subnetIn(args.network, nodes.zone) };
  return {
    ...shared,
    ...groupOptions(nodes.capacity, [nodes.instanceType]),
    amiType: "AL2023_x86_64_NVIDIA",
    // One zone: a model of several nodes does not cross zones, and capacity is bought in one.
    subnetIds: [offeredIn(nodes.instanceType, place, { parent })],
    taints: [{ ...TAINT, effect: "NO_SCHEDULE" }],
    // Ends a node before it starts the next: a spare A100 node is what nobody has.
    updateConfig: { maxUnavailable: 1, updateStrategy: "MINIMAL" },
  };
}

function nodeLabels({ pool, nodes }: Pick<NodePoolArgs, "pool" | "nodes">) {
  return {
    [POOL_LABEL]: pool,
    // Known before the first node is: the discovery of features writes the same on a live one.
    ...(nodes.kind === "gpu" ? gpuLabels(nodes.instanceType) : {}),
  };
}

/**
 * What the Cluster Autoscaler cannot see while a pool is empty. That it may touch the group at all
 * EKS says itself, by the tags k8s.io/cluster-autoscaler/enabled and /<cluster>.
 */
function autoscalerHints(args: Pick<NodePoolArgs, "pool" | "nodes">): Record<string, string> {
  const lead = "k8s.io/cluster-autoscaler/node-template";
  const labels = Object.entries(nodeLabels(args)).map(([label, value]): [string, string] => [
    `${lead}/label/${label}`,
    value,
  ]);
  const { nodes } = args;
  if (nodes.kind === "system") return Object.fromEntries(labels);
  const { gpus, networkCards, scratchGibibytes } = GPU_INSTANCES[nodes.instanceType];
  const adapters =
    nodes.fabric === "none" ? 0 : fabricAdapters(networkInterfaces(networkCards, nodes.fabric));
  return {
    ...Object.fromEntries(labels),
    [`${lead}/taint/${TAINT.key}`]: `${TAINT.value}:NoSchedule`,
    [`${lead}/resources/nvidia.com/gpu`]: String(gpus),
    [`${lead}/resources/ephemeral-storage`]: `${scratchGibibytes}Gi`,
    ...(adapters === 0 ? {} : { [`${lead}/resources/vpc.amazonaws.com/efa`]: String(adapters) }),
  };
}

function autoscalerTags(
  name: string,
  args: NodePoolArgs,
  autoscalingGroupName: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  for (const [key, value] of Object.entries(autoscalerHints(args))) {
    const child = key.split("/node-template/")[1]?.replaceAll(/[./]/g, "-") ?? key;
    new Tag(
      `${name}-${child}`,
      { autoscalingGroupName, tag: { key, value, propagateAtLaunch: false } },
      { parent },
    );
  }
}
