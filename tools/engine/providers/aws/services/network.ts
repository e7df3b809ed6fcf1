/** Amazon VPC: networks, routes, gateways, security groups, endpoints, flow logs. */
import type { PropertyMap } from "../../../values.ts";
import type { Making, ServiceTable, TypeTable } from "../table.ts";

const RULE: TypeTable = {
  source: "vpc_security_group_ingress_rule",
  replaces: "securityGroupId",
  updates:
    "cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId toPort",
  needsOne: ["cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId"],
  excludes: ["cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId"],
  formats: { cidrIpv4: "cidr4", cidrIpv6: "cidr6" },
  ranges: { fromPort: [-1, 65535], toPort: [-1, 65535] },
  id: (m) => `sgr-${m.hex(17)}`,
  computed: (m) => ({
    arn: m.arn("ec2", `security-group-rule/${m.id}`),
    securityGroupRuleId: m.id,
  }),
};

function securityGroupComputed(m: Making): PropertyMap {
  return {
    arn: m.arn("ec2", `security-group/${m.id}`),
    ownerId: m.account,
    vpcId: `vpc-${m.hex(17, "default vpc")}`,
  };
}

function availabilityZone(m: Making): string {
  return `${m.region}${"abc"[Number.parseInt(m.hex(2, "zone"), 16) % 3]}`;
}

export const NETWORK: ServiceTable = {
  "aws:ec2/vpc:Vpc": {
    source: "vpc",
    replaces: "cidrBlock ipv4IpamPoolId ipv4NetmaskLength",
    updates:
      "assignGeneratedIpv6CidrBlock enableDnsHostnames enableDnsSupport instanceTenancy " +
      "enableNetworkAddressUsageMetrics ipv6CidrBlock ipv6CidrBlockNetworkBorderGroup " +
      "ipv6IpamPoolId ipv6NetmaskLength",
    // Dedicated tenancy can be given up in place, but not taken on.
    replacesWhen: [
      { property: "instanceTenancy", when: (_, after) => after.instanceTenancy !== "default" },
    ],
    needsOne: ["cidrBlock ipv4IpamPoolId"],
    excludes: ["cidrBlock ipv4NetmaskLength", "assignGeneratedIpv6CidrBlock ipv6IpamPoolId"],
    values: { instanceTenancy: "default dedicated" },
    formats: { cidrBlock: "vpcCidr" },
    defaults: { enableDnsSupport: true, instanceTenancy: "default" },
    id: (m) => `vpc-${m.hex(17)}`,
    computed: (m) => ({
      arn: m.arn("ec2", `vpc/${m.id}`),
      cidrBlock: `10.${Number.parseInt(m.hex(2, "cidr"), 16)}.0.0/16`,
      defaultNetworkAclId: `acl-${m.hex(17, "acl")}`,
      defaultRouteTableId: `rtb-${m.hex(17, "rtb")}`,
      defaultSecurityGroupId: `sg-${m.hex(17, "sg")}`,
      dhcpOptionsId: `dopt-${m.hex(17, "dopt")}`,
      ipv6AssociationId:
        m.inputs.assignGeneratedIpv6CidrBlock === true ? `vpc-cidr-assoc-${m.hex(17, "v6")}` : "",
      ipv6CidrBlock:
        m.inputs.assignGeneratedIpv6CidrBlock === true
          ? `2600:1f00:${m.hex(4, "v6")}:${m.hex(2, "v6 low")}00::/56`
          : "",
      mainRouteTableId: `rtb-${m.hex(17, "rtb")}`,
      ownerId: m.account,
    }),
  },
  "aws:ec2/subnet:Subnet": {
    source: "subnet",
    replaces:
      "availabilityZone availabilityZoneId cidrBlock ipv4IpamPoolId ipv4NetmaskLength " +
      "ipv6IpamPoolId ipv6Native ipv6NetmaskLength outpostArn vpcId",
    updates:
      "assignIpv6AddressOnCreation customerOwnedIpv4Pool enableDns64 enableLniAtDeviceIndex " +
      "enableResourceNameDnsARecordOnLaunch enableResourceNameDnsAaaaRecordOnLaunch " +
      "ipv6CidrBlock mapCustomerOwnedIpOnLaunch mapPublicIpOnLaunch privateDnsHostnameTypeOnLaunch",
    replacesWhen: [
      { property: "ipv6CidrBlock", when: (before) => before.assignIpv6AddressOnCreation === true },
    ],
    needsOne: ["cidrBlock ipv6CidrBlock ipv4IpamPoolId ipv6IpamPoolId"],
    excludes: ["availabilityZone availabilityZoneId", "cidrBlock ipv4NetmaskLength"],
    values: { privateDnsHostnameTypeOnLaunch: "ip-name resource-name" },
    formats: { cidrBlock: "vpcCidr", ipv6CidrBlock: "cidr6" },
    defaults: {
      assignIpv6AddressOnCreation: false,
      enableDns64: false,
      enableResourceNameDnsARecordOnLaunch: false,
      enableResourceNameDnsAaaaRecordOnLaunch: false,
      ipv6Native: false,
      mapPublicIpOnLaunch: false,
    },
    id: (m) => `subnet-${m.hex(17)}`,
    computed: (m) => ({
      arn: m.arn("ec2", `subnet/${m.id}`),
      availabilityZone: availabilityZone(m),
      availabilityZoneId: `${m.region.replace(/-(\w)\w*-(\d)$/, "$1$2")}-az1`,
      ipv6CidrBlockAssociationId:
        m.text("ipv6CidrBlock") === "" ? "" : `subnet-cidr-assoc-${m.hex(17, "v6")}`,
      ownerId: m.account,
      privateDnsHostnameTypeOnLaunch: "ip-name",
    }),
  },
  "aws:ec2/routeTable:RouteTable": {
    source: "route_table",
    replaces: "vpcId",
    updates: "propagatingVgws routes",
    id: (m) => `rtb-${m.hex(17)}`,
    computed: (m) => ({ arn: m.arn("ec2", `route-table/${m.id}`), ownerId: m.account }),
  },
  "aws:ec2/route:Route": {
    source: "route",
    replaces: "destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId routeTableId",
    updates:
      "carrierGatewayId coreNetworkArn egressOnlyGatewayId gatewayId localGatewayId natGatewayId " +
      "networkInterfaceId odbNetworkArn transitGatewayId vpcEndpointId vpcPeeringConnectionId",
    needsOne: [
      "destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
      "carrierGatewayId coreNetworkArn egressOnlyGatewayId gatewayId localGatewayId natGatewayId " +
        "networkInterfaceId odbNetworkArn transitGatewayId vpcEndpointId vpcPeeringConnectionId",
    ],
    excludes: [
      "destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
      "carrierGatewayId coreNetworkArn egressOnlyGatewayId gatewayId localGatewayId natGatewayId " +
        "networkInterfaceId odbNetworkArn transitGatewayId vpcEndpointId vpcPeeringConnectionId",
    ],
    formats: { destinationCidrBlock: "cidr4", destinationIpv6CidrBlock: "cidr6" },
    id: (m) => `r-${m.text("routeTableId")}${m.digits(10)}`,
    computed: () => ({
      instanceId: "",
      instanceOwnerId: "",
      origin: "CreateRoute",
      state: "active",
    }),
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    source: "route_table_association",
    replaces: "gatewayId subnetId",
    updates: "routeTableId",
    needsOne: ["gatewayId subnetId"],
    excludes: ["gatewayId subnetId"],
    id: (m) => `rtbassoc-${m.hex(17)}`,
    computed: () => ({}),
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    source: "security_group",
    replaces: "description name namePrefix vpcId",
    updates: "egress ingress revokeRulesOnDelete",
    autoname: { property: "name", lengthMax: 255, prefixProperty: "namePrefix" },
    defaults: { description: "Managed by Pulumi", revokeRulesOnDelete: false },
    id: (m) => `sg-${m.hex(17)}`,
    computed: securityGroupComputed,
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    source: "default_security_group",
    replaces: "vpcId",
    updates: "egress ingress revokeRulesOnDelete",
    defaults: { revokeRulesOnDelete: false },
    id: (m) => `sg-${m.hex(17)}`,
    computed: (m) => ({
      ...securityGroupComputed(m),
      description: "default VPC security group",
      name: "default",
      namePrefix: "",
    }),
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": RULE,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    ...RULE,
    source: "vpc_security_group_egress_rule",
  },
  "aws:ec2/internetGateway:InternetGateway": {
    source: "internet_gateway",
    replaces: "",
    updates: "vpcId",
    id: (m) => `igw-${m.hex(17)}`,
    computed: (m) => ({ arn: m.arn("ec2", `internet-gateway/${m.id}`), ownerId: m.account }),
  },
  "aws:ec2/eip:Eip": {
    source: "eip",
    replaces: "address customerOwnedIpv4Pool domain ipamPoolId networkBorderGroup publicIpv4Pool",
    updates: "associateWithPrivateIp instance networkInterface",
    values: { domain: "vpc standard" },
    id: (m) => `eipalloc-${m.hex(17)}`,
    computed: (m) => {
      // 198.51.100.0/24 is reserved for documentation (RFC 5737): it is routed nowhere.
      const publicIp = `198.51.100.${Number.parseInt(m.hex(2, "ip"), 16)}`;
      return {
        allocationId: m.id,
        arn: m.arn("ec2", `elastic-ip/${m.id}`),
        associationId: "",
        carrierIp: "",
        customerOwnedIp: "",
        domain: "vpc",
        networkBorderGroup: m.region,
        privateDns: "",
        privateIp: "",
        ptrRecord: "",
        publicDns: `ec2-${publicIp.replaceAll(".", "-")}.${m.region}.compute.${m.dnsSuffix}`,
        publicIp,
        publicIpv4Pool: "amazon",
      };
    },
  },
  "aws:ec2/natGateway:NatGateway": {
    source: "nat_gateway",
    replaces: "allocationId availabilityMode connectivityType privateIp subnetId vpcId",
    updates:
      "availabilityZoneAddresses secondaryAllocationIds secondaryPrivateIpAddressCount " +
      "secondaryPrivateIpAddresses",
    needsOne: ["subnetId vpcId"],
    values: { availabilityMode: "zonal regional", connectivityType: "private public" },
    defaults: { connectivityType: "public" },
    id: (m) => `nat-${m.hex(17)}`,
    computed: (m) => ({
      associationId: `eipassoc-${m.hex(17, "association")}`,
      autoProvisionZones: "",
      autoScalingIps: "",
      availabilityMode: "zonal",
      networkInterfaceId: `eni-${m.hex(17, "eni")}`,
      privateIp: `10.0.0.${Number.parseInt(m.hex(2, "private"), 16)}`,
      publicIp: `198.51.100.${Number.parseInt(m.hex(2, "public"), 16)}`,
      regionalNatGatewayAddresses: [],
      regionalNatGatewayAutoMode: "",
      routeTableId: "",
      vpcId: `vpc-${m.hex(17, "vpc of the subnet")}`,
    }),
  },
};
