/**
 * Security groups name who may come. Anybody may come to a load balancer's ports 80 and 443 alone, since
 * it is internal (no-public-endpoints) and the edge authenticates; every protocol is open only between
 * members of one group; the VPC's default group allows nothing.
 */
import { resourcesOf } from "../aws/resources.ts";
import type { Context, Report, Rule } from "../judging/rule.ts";
import { asFields, type Fields } from "../kubernetes/values.ts";

const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup";
const BALANCER = "aws:lb/loadBalancer:LoadBalancer";
const RULE = /^aws:vpc\/securityGroup(Ingress|Egress)Rule:/;
const OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const EDGE_PORTS = [80, 443];

export const closedSecurityGroups: Rule = {
  name: "closed-security-groups",
  description: "Security groups name who may come, and nobody else.",
  severity: "high",
  sees: "stack",
  about: "security groups",
  applies: ({ type }) => RULE.test(type) || [GROUP, DEFAULT_GROUP, OLD_RULE].includes(type),
  judge: ({ type, props, name }, report, context) => {
    if (type === DEFAULT_GROUP || type === GROUP) return judgeGroup(type, name, props, report);
    const ranges = [props["cidrIpv4"], props["cidrIpv6"], ...listOf(props["cidrBlocks"])];
    const everybody = ranges.some((range) => /\/0$/.test(String(range ?? "")));
    const ingress = /Ingress/.test(type) || props["type"] === "ingress";
    if (everybody && !(ingress && isEdgePort(props, context))) {
      report.fails(
        `${name} opens ${ingress ? "the group to" : "a way to"} every address. Name ranges or a group.`,
      );
    }
    const all = String(props["ipProtocol"] ?? props["protocol"]) === "-1";
    const own = props["referencedSecurityGroupId"] === props["securityGroupId"];
    if (all && !own) report.fails(`${name} allows every protocol. Name protocol and ports.`);
  },
};

function judgeGroup(type: string, name: string, props: Fields, report: Report): void {
  const rules = [...listOf(props["ingress"]), ...listOf(props["egress"])];
  if (type === DEFAULT_GROUP && rules.length > 0) {
    report.fails(`${name}: the VPC's default group lets traffic through. Empty it.`);
  }
  const open = rules.some((rule) =>
    [...listOf(asFields(rule)?.["cidrBlocks"]), ...listOf(asFields(rule)?.["ipv6CidrBlocks"])].some(
      (range) => /\/0$/.test(String(range)),
    ),
  );
  if (type === GROUP && open)
    report.fails(`${name} is open to every address. Name ranges or groups.`);
}

function isEdgePort(props: Fields, context: Context): boolean {
  const port = Number(props["fromPort"]);
  if (!EDGE_PORTS.includes(port) || props["fromPort"] !== props["toPort"]) return false;
  return resourcesOf(context, BALANCER).some(
    (balancer) =>
      balancer.props["internal"] === true &&
      listOf(balancer.props["securityGroups"]).includes(props["securityGroupId"]),
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
