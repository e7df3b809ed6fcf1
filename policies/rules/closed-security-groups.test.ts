import { closedSecurityGroups } from "./closed-security-groups.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(closedSecurityGroups, {
  good: {
    none: {
      type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
      props: { ingress: [], egress: [] },
    },
    group: { type: "aws:ec2/securityGroup:SecurityGroup", props: { id: "sg-1" } },
    balancer: {
      type: "aws:lb/loadBalancer:LoadBalancer",
      props: { internal: true, securityGroups: ["sg-1"] },
    },
    callers: {
      type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      props: {
        cidrIpv4: "0.0.0.0/0",
        fromPort: 443,
        toPort: 443,
        ipProtocol: "tcp",
        securityGroupId: "sg-1",
      },
    },
    members: {
      type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      props: { ipProtocol: "-1", referencedSecurityGroupId: "sg-2", securityGroupId: "sg-2" },
    },
    old: {
      type: "aws:ec2/securityGroupRule:SecurityGroupRule",
      props: { type: "ingress", protocol: "tcp", fromPort: 5432, toPort: 5432 },
    },
    list: {
      type: "aws:ec2/managedPrefixList:ManagedPrefixList",
      props: { entries: [{ cidr: "10.1.0.0/16" }] },
    },
    out: {
      type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
      props: {
        cidrIpv4: "10.0.0.0/8",
        fromPort: 5432,
        toPort: 5432,
        ipProtocol: "tcp",
        securityGroupId: "sg-2",
      },
    },
  },
  fails: {
    "everybody on another port": [
      [
        ["callers", "fromPort", 22],
        ["callers", "toPort", 22],
      ],
      /every address/,
    ],
    "everybody on a range of ports": [[["callers", "toPort", 8443]], /every address/],
    "everybody to another group": [[["callers", "securityGroupId", "sg-2"]], /every address/],
    "everybody to a public balancer": [[["balancer", "internal", false]], /every address/],
    "a way out to everywhere": [[["out", "cidrIpv4", "0.0.0.0/0"]], /a way to every address/],
    "everybody in two halves": [[["out", "cidrIpv4", "128.0.0.0/1"]], /a way to every address/],
    "everybody by IPv6": [[["out", "cidrIpv6", "2000::/3"]], /a way to every address/],
    "everybody by IPv6 in an older rule": [
      [["old", "ipv6CidrBlocks", ["::/0"]]],
      /group to every address/,
    ],
    "every protocol by its other name": [[["old", "protocol", "all"]], /every protocol/],
    "every port": [
      [
        ["old", "fromPort", 0],
        ["old", "toPort", 65535],
      ],
      /every protocol or port/,
    ],
    "every protocol within a group": [
      [["group", "ingress", [{ protocol: "-1", cidrBlocks: ["10.0.0.0/8"] }]]],
      /every protocol/,
    ],
    "everybody by a list of ranges": [
      [["list", "entries", [{ cidr: "10.0.0.0/8" }, { cidr: "0.0.0.0/0" }]]],
      /holds every address/,
    ],
    "every protocol from another group": [
      [["members", "referencedSecurityGroupId", "sg-3"]],
      /every protocol/,
    ],
    "a default group that allows": [
      [["none", "egress", [{ cidrBlocks: ["0.0.0.0/0"] }]]],
      /default group/,
    ],
    "rules within a group": [
      [["group", "ingress", [{ cidrBlocks: ["0.0.0.0/0"] }]]],
      /open to every address/,
    ],
  },
  unknown: ["callers", "cidrIpv4"],
});
