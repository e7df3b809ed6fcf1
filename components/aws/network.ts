/**
 * The VPC of a site: private subnets in each zone, no way to the internet in either direction, and
 * doors to the services of AWS that nodes need. Or a VPC that the organisation has already.
 */
import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { RouteTable, type RouteTableArgs } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc, type VpcArgs } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import * as pulumi from "@pulumi/pulumi";
import { Component, type Transform } from "../component.ts";
import {
  endpointService,
  INTERFACE_SERVICES,
  interfacePolicy,
  storagePolicy,
} from "./endpoints.ts";
import { flowLogs } from "./flow-logs.ts";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, nameTag } from "./place.ts";
import { subnetRanges } from "./subnets.ts";

export interface NetworkArgs {
  readonly site: AwsSite;
  readonly source: NetworkSource;
  readonly keys: KeysHandle;
  /** How long flow logs are kept; one of the periods that CloudWatch offers. */
  readonly logDays: number;
  readonly transform?: {
    readonly vpc?: Transform<VpcArgs>;
    /** Where the organisation's own network is reached: a route to its transit gateway. */
    readonly routeTable?: Transform<RouteTableArgs>;
  };
}

export type NetworkSource =
  | { readonly mode: "new"; readonly cidr: string; readonly zones: readonly string[] }
  | {
      /** Nothing is created in it: its doors and its logs are its owner's. */
      readonly mode: "given";
      readonly vpcId: string;
      readonly cidr: string;
      readonly subnets: readonly { readonly id: string; readonly zone: string }[];
    };

export interface ZoneSubnet {
  readonly zone: string;
  readonly id: pulumi.Output<string>;
}

export interface NetworkHandle {
  readonly vpcId: pulumi.Output<string>;
  readonly cidr: string;
  readonly subnets: readonly ZoneSubnet[];
}

export class Network extends Component implements NetworkHandle {
  readonly vpcId: pulumi.Output<string>;
  readonly cidr: string;
  readonly subnets: readonly ZoneSubnet[];

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Network", name, options);
    this.cidr = args.source.cidr;
    if (args.source.mode === "given") {
      this.vpcId = pulumi.output(args.source.vpcId);
      this.subnets = args.source.subnets.map(({ id, zone }) => ({ zone, id: pulumi.output(id) }));
    } else {
      const parent = { parent: this };
      const vpc = createVpc(name, args, this);
      const table = createRouteTable(name, args, vpc, this);
      this.vpcId = vpc.id;
      this.subnets = createSubnets(name, args.site, args.source, vpc, table, this);
      createEndpoints(name, args, { vpc, table, subnets: this.subnets }, this);
      flowLogs(name, vpc.id, args, parent);
    }
    this.registerOutputs({ vpcId: this.vpcId });
  }
}

/** The subnet in which everything of one zone stands. */
export function subnetIn(network: NetworkHandle, zone: string): pulumi.Output<string> {
  const found = network.subnets.find((subnet) => subnet.zone === zone);
  if (found !== undefined) return found.id;
  const zones = network.subnets.map((subnet) => subnet.zone).join(", ");
  throw new Error(`the network has no subnet in ${zone}, only in ${zones}`);
}

export function subnetIds(network: NetworkHandle): pulumi.Output<string>[] {
  return network.subnets.map((subnet) => subnet.id);
}

function createVpc(name: string, args: NetworkArgs, parent: pulumi.Resource): Vpc {
  const plain: VpcArgs = {
    cidrBlock: args.source.cidr,
    // Names of endpoints and of the private API server are told by the VPC's own resolver.
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags: nameTag(args.site.prefix),
  };
  const vpc = new Vpc(name, args.transform?.vpc?.(plain) ?? plain, { parent });
  // What is started without a security group gets this one: it lets nothing in or out.
  new DefaultSecurityGroup(
    `${name}-default`,
    { vpcId: vpc.id, ingress: [], egress: [], tags: nameTag(`${args.site.prefix}-none`) },
    { parent },
  );
  return vpc;
}

/** One table for all zones: they differ in nothing, since there is no gateway of a zone. */
function createRouteTable(name: string, args: NetworkArgs, vpc: Vpc, parent: pulumi.Resource) {
  const plain: RouteTableArgs = {
    vpcId: vpc.id,
    tags: nameTag(`${args.site.prefix}-private`),
  };
  return new RouteTable(`${name}-private`, args.transform?.routeTable?.(plain) ?? plain, {
    parent,
  });
}

function createSubnets(
  name: string,
  site: AwsSite,
  source: { readonly cidr: string; readonly zones: readonly string[] },
  vpc: Vpc,
  table: RouteTable,
  parent: pulumi.Resource,
): ZoneSubnet[] {
  const ranges = subnetRanges(source.cidr, source.zones.length);
  return source.zones.map((zone, index) => {
    const subnet = new Subnet(
      `${name}-${zone}`,
      {
        vpcId: vpc.id,
        availabilityZone: zone,
        cidrBlock: ranges[index] ?? "",
        mapPublicIpOnLaunch: false,
        tags: {
          ...nameTag(`${site.prefix}-${zone}`),
          // By this tag a load balancer of a Service finds the subnets that it may stand in.
          "kubernetes.io/role/internal-elb": "1",
        },
      },
      { parent },
    );
    new RouteTableAssociation(
      `${name}-${zone}`,
      { subnetId: subnet.id, routeTableId: table.id },
      { parent },
    );
    return { zone, id: subnet.id };
  });
}

interface Inside {
  readonly vpc: Vpc;
  readonly table: RouteTable;
  readonly subnets: readonly ZoneSubnet[];
}

function createEndpoints(
  name: string,
  { site, source }: NetworkArgs,
  { vpc, table, subnets }: Inside,
  parent: pulumi.Resource,
): void {
  const group = new SecurityGroup(
    `${name}-endpoints`,
    {
      name: `${site.prefix}-endpoints`,
      description: "HTTPS from the VPC to services of AWS",
      vpcId: vpc.id,
      tags: nameTag(`${site.prefix}-endpoints`),
    },
    { parent },
  );
  new SecurityGroupIngressRule(
    `${name}-endpoints`,
    {
      securityGroupId: group.id,
      description: "HTTPS from the VPC",
      cidrIpv4: source.cidr,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    },
    { parent },
  );
  for (const service of INTERFACE_SERVICES) {
    const policy = interfacePolicy(site, service);
    new VpcEndpoint(
      `${name}-${service.replace(".", "-")}`,
      {
        vpcId: vpc.id,
        serviceName: endpointService(site, service),
        vpcEndpointType: "Interface",
        subnetIds: subnets.map((subnet) => subnet.id),
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
        ...(policy === undefined ? {} : { policy }),
        tags: nameTag(`${site.prefix}-${service}`),
      },
      { parent },
    );
  }
  new VpcEndpoint(
    `${name}-s3`,
    {
      vpcId: vpc.id,
      serviceName: endpointService(site, "s3"),
      vpcEndpointType: "Gateway",
      routeTableIds: [table.id],
      policy: storagePolicy(site),
      tags: nameTag(`${site.prefix}-s3`),
    },
    { parent },
  );
}
