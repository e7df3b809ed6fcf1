/** Amazon VPC, the part that watches and leaves the network: interface endpoints and flow logs. */
import { type ServiceTable, words } from "../table.ts";

export const ENDPOINTS: ServiceTable = {
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    source: "vpc_endpoint",
    replaces:
      "resourceConfigurationArn serviceName serviceNetworkArn serviceRegion vpcEndpointType vpcId",
    updates:
      "autoAccept dnsOptions ipAddressType policy privateDnsEnabled routeTableIds " +
      "securityGroupIds subnetConfigurations subnetIds",
    replacesWhen: [
      {
        property: "privateDnsEnabled",
        when: (_, after) => after.vpcEndpointType !== "Interface",
      },
    ],
    needsOne: ["serviceName resourceConfigurationArn serviceNetworkArn"],
    excludes: ["serviceName resourceConfigurationArn serviceNetworkArn"],
    values: {
      vpcEndpointType: "Gateway GatewayLoadBalancer Interface Resource ServiceNetwork",
      ipAddressType: "ipv4 dualstack ipv6",
      "dnsOptions.dnsRecordIpType": "ipv4 dualstack service-defined ipv6",
    },
    formats: { policy: "json" },
    defaults: { vpcEndpointType: "Gateway" },
    id: (m) => `vpce-${m.hex(17)}`,
    computed: (m) => {
      const interfaces = m.text("vpcEndpointType") === "Interface";
      const service = m.text("serviceName").split(".").at(-1) ?? "";
      const gateway = m.text("vpcEndpointType") === "Gateway";
      return {
        arn: m.arn("ec2", `vpc-endpoint/${m.id}`),
        cidrBlocks: [],
        dnsEntries: interfaces
          ? [
              {
                dnsName: `${m.id}-${m.hex(8, "dns")}.${service}.${m.region}.vpce.${m.dnsSuffix}`,
                hostedZoneId: `Z${m.base36(20, "zone")}`,
              },
            ]
          : [],
        ipAddressType: "ipv4",
        networkInterfaceIds: interfaces
          ? m.list("subnetIds").map((subnet) => `eni-${m.hex(17, subnet)}`)
          : [],
        ownerId: m.account,
        policy: '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}',
        prefixListId: gateway ? `pl-${m.hex(8, "prefix list")}` : "",
        privateDnsEnabled: false,
        requesterManaged: false,
        serviceRegion: m.region,
        state: "available",
      };
    },
  },
  "aws:ec2/flowLog:FlowLog": {
    source: "flow_log",
    replaces:
      "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination " +
      "logDestinationType logFormat maxAggregationInterval regionalNatGatewayId subnetId " +
      "tagFieldSpecifications trafficType transitGatewayAttachmentId transitGatewayId vpcId",
    updates: "",
    needsOne: [
      "eniId regionalNatGatewayId subnetId transitGatewayAttachmentId transitGatewayId vpcId",
    ],
    excludes: [
      "eniId regionalNatGatewayId subnetId transitGatewayAttachmentId transitGatewayId vpcId",
    ],
    values: {
      logDestinationType: "cloud-watch-logs s3 kinesis-data-firehose",
      maxAggregationInterval: "60 600",
      trafficType: "ACCEPT REJECT ALL",
      "destinationOptions.fileFormat": "plain-text parquet",
    },
    formats: { iamRoleArn: "arn", logDestination: "arn" },
    defaults: { logDestinationType: "cloud-watch-logs", maxAggregationInterval: 600 },
    id: (m) => `fl-${m.hex(17)}`,
    computed: (m) => ({
      arn: m.arn("ec2", `vpc-flow-log/${m.id}`),
      // The default format, https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
      logFormat: words(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes " +
          "start end action log-status",
      )
        .map((field) => `\${${field}}`)
        .join(" "),
    }),
  },
};
