/**
 * The address of the service: a network load balancer inside of the network that passes TCP on to
 * the edge's NodePorts. It ends no TLS and has no certificate: that stays the edge's.
 */
import { Attachment } from "@pulumi/aws/autoscaling/attachment.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Listener } from "@pulumi/aws/lb/listener.js";
import { LoadBalancer, type LoadBalancerArgs } from "@pulumi/aws/lb/loadBalancer.js";
import { TargetGroup } from "@pulumi/aws/lb/targetGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Transform } from "../component.ts";
import type { ClusterHandle } from "./cluster.ts";
import { type NetworkHandle, subnetIds } from "./network.ts";
import type { NodePoolHandle } from "./node-pool.ts";
import { type AwsSite, nameTag } from "./place.ts";

export interface BalancerArgs {
  readonly site: AwsSite;
  readonly network: NetworkHandle;
  readonly cluster: ClusterHandle;
  /** Pools on whose nodes the edge answers. */
  readonly pools: readonly NodePoolHandle[];
  readonly nodePorts: Readonly<Record<Door, number>>;
  /** Who may open a connection. */
  readonly callerRanges: readonly string[];
  /** A node that goes keeps its connections this long: the longest answer's time. */
  readonly drainSeconds: number;
  readonly deletable: boolean;
  readonly transform?: { readonly loadBalancer?: Transform<LoadBalancerArgs> };
}

type Door = "https" | "http";

/** What callers and DNS know of it. */
export interface BalancerHandle {
  readonly dnsName: pulumi.Output<string>;
  readonly zoneId: pulumi.Output<string>;
  /** Its and its target group's names in CloudWatch. */
  readonly metrics: {
    readonly loadBalancer: pulumi.Output<string>;
    readonly targetGroup: pulumi.Output<string>;
  };
}

/** What callers connect to. The edge behind must be told: see `balancer` of its arguments. */
const DOORS: Readonly<Record<Door, number>> = { https: 443, http: 80 };
/** The longest that a target group waits. */
const DRAIN_SECONDS_MAX = 3_600;
/** The edge writes a comment each 15 seconds of silence, so no stream of its own is ever idle. */
const IDLE_SECONDS = 350;

export class Balancer extends Component implements BalancerHandle {
  readonly dnsName: pulumi.Output<string>;
  readonly zoneId: pulumi.Output<string>;
  readonly metrics: BalancerHandle["metrics"];

  constructor(name: string, args: BalancerArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Balancer", name, options);
    const group = securityGroup(name, args, this);
    const plain: LoadBalancerArgs = {
      name: `${args.site.prefix}-edge`,
      loadBalancerType: "network",
      internal: true,
      ipAddressType: "ipv4",
      subnets: subnetIds(args.network),
      securityGroups: [group.id],
      // The edge may run in one zone only for a while: every zone's address must reach it.
      enableCrossZoneLoadBalancing: true,
      enableDeletionProtection: !args.deletable,
      tags: nameTag(`${args.site.prefix}-edge`),
    };
    const balancer = new LoadBalancer(name, args.transform?.loadBalancer?.(plain) ?? plain, {
      parent: this,
    });
    const https = createDoor(name, args, "https", balancer, group, this);
    createDoor(name, args, "http", balancer, group, this);
    this.dnsName = balancer.dnsName;
    this.zoneId = balancer.zoneId;
    this.metrics = { loadBalancer: balancer.arnSuffix, targetGroup: https.arnSuffix };
    this.registerOutputs({ dnsName: this.dnsName });
  }
}

function securityGroup(name: string, args: BalancerArgs, parent: pulumi.Resource): SecurityGroup {
  const group = new SecurityGroup(
    name,
    {
      name: `${args.site.prefix}-edge`,
      description: "Callers of the service",
      vpcId: args.network.vpcId,
      tags: nameTag(`${args.site.prefix}-edge`),
    },
    { parent },
  );
  for (const [door, port] of Object.entries(DOORS)) {
    for (const range of args.callerRanges) {
      new SecurityGroupIngressRule(
        `${name}-${door}-${range.replaceAll(/[./:]/g, "-")}`,
        {
          securityGroupId: group.id,
          description: "Callers",
          ...(range.includes(":") ? { cidrIpv6: range } : { cidrIpv4: range }),
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
        },
        { parent },
      );
    }
  }
  return group;
}

/** A port of callers, the NodePort behind it, and the nodes that answer there. */
function createDoor(
  name: string,
  args: BalancerArgs,
  door: Door,
  balancer: LoadBalancer,
  group: SecurityGroup,
  parent: pulumi.Resource,
): TargetGroup {
  const child = `${name}-${door}`;
  const port = args.nodePorts[door];
  const targets = targetGroup(child, args, door, parent);
  new Listener(
    child,
    {
      loadBalancerArn: balancer.arn,
      protocol: "TCP",
      port: DOORS[door],
      tcpIdleTimeoutSeconds: IDLE_SECONDS,
      defaultActions: [{ type: "forward", targetGroupArn: targets.arn }],
    },
    { parent },
  );
  const rule = { ipProtocol: "tcp", fromPort: port, toPort: port, description: "The edge" };
  new SecurityGroupEgressRule(
    child,
    {
      ...rule,
      securityGroupId: group.id,
      referencedSecurityGroupId: args.cluster.securityGroupId,
    },
    { parent },
  );
  new SecurityGroupIngressRule(
    `${child}-nodes`,
    {
      ...rule,
      securityGroupId: args.cluster.securityGroupId,
      referencedSecurityGroupId: group.id,
    },
    { parent },
  );
  for (const pool of args.pools) {
    new Attachment(
      `${child}-${pool.pool}`,
      { autoscalingGroupName: pool.autoscalingGroup, lbTargetGroupArn: targets.arn },
      { parent },
    );
  }
  return targets;
}

function targetGroup(
  child: string,
  args: BalancerArgs,
  door: Door,
  parent: pulumi.Resource,
): TargetGroup {
  return new TargetGroup(
    child,
    {
      name: `${args.site.prefix}-${door}`,
      vpcId: args.network.vpcId,
      targetType: "instance",
      protocol: "TCP",
      port: args.nodePorts[door],
      // The edge limits connections of an address, so it must know the caller's. An address that is
      // merely kept would be lost where a node hands the connection on to a pod of another one.
      preserveClientIp: "false",
      proxyProtocolV2: door === "https",
      deregistrationDelay: Math.min(args.drainSeconds, DRAIN_SECONDS_MAX),
      // A connection is enough: the edge answers HTTP only to names that it serves.
      healthCheck: {
        protocol: "TCP",
        port: "traffic-port",
        // 20 seconds until a node that is gone gets no more callers; the least that there is.
        interval: 10,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
      },
    },
    { parent },
  );
}
