/**
 * Security groups name who may come. Anybody may come to a load balancer's ports 80 and 443 alone, since
 * it is internal (no-public-endpoints) and the edge authenticates; every protocol is open only between
 * members of one group; the VPC's default group allows nothing.
 */
import { BALANCER, resourcesOf } from "../aws/resources.ts";
import { isEverybody } from "../judging/ranges.ts";
import type { Context, Report, Rule } from "../judging/rule.ts";
import { asFields, type Fields, listOf } from "../kubernetes/values.ts";

const LIST = /^aws:ec2\/managedPrefixList(Entry)?:/;
const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup";
const RULE = /^aws:vpc\/securityGroup(Ingress|Egress)Rule:/;
const OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const EDGE_PORTS = [80, 443];

export const closedSecurityGroups: Rule = {
  name: "closed-security-groups",
  description: "Security groups name who may come, and nobody else.",
  severity: "high",
  sees: "stack",
  about: "security groups",
  applies: ({ type }) =>
    RULE.test(type) || LIST.test(type) || [GROUP, DEFAULT_GROUP, OLD_RULE].includes(type),
  judge: ({ type, props, name }, report, context) => {
    if (type === DEFAULT_GROUP || type === GROUP) return judgeGroup(type, name, props, report);
    if (LIST.test(type)) return judgeList(name, props, report);
    const everybody = rangesOf(props).some(isEverybody);
    const ingress = /Ingress/.test(type) || props["type"] === "ingress";
    if (everybody && !(ingress && isEdgePort(props, context))) {
      report.fails(
        `${name} opens ${ingress ? "the group to" : "a way to"} every address. Name ranges or a group.`,
      );
    }
    if (isEveryPort(props) && !isOwn(props))
      report.fails(`${name} allows every protocol or port. Name them.`);
  },
};

function rangesOf(rule: unknown): readonly unknown[] {
  const fields = asFields(rule) ?? {};
  return [
    ...[fields["cidrIpv4"], fields["cidrIpv6"]],
    ...[...listOf(fields["cidrBlocks"]), ...listOf(fields["ipv6CidrBlocks"])],
  ];
}

/** A rule names a list of ranges by its id alone, so that the list answers for what is in it. */
function judgeList(name: string, props: Fields, report: Report): void {
  const ranges = [props["cidr"], ...listOf(props["entries"]).map((one) => asFields(one)?.["cidr"])];
  if (ranges.some(isEverybody)) report.fails(`${name} holds every address. Name ranges.`);
}

/** -1 and `all` are the provider's words for every protocol. */
function isEveryPort(rule: Fields): boolean {
  if (/^(-1|all)$/i.test(String(rule["ipProtocol"] ?? rule["protocol"]))) return true;
  return Number(rule["fromPort"]) <= 1 && Number(rule["toPort"]) >= 65_535;
}

/** Between members of one group. */
function isOwn(rule: Fields): boolean {
  const other = rule["referencedSecurityGroupId"] ?? rule["sourceSecurityGroupId"];
  return rule["self"] === true || (other !== undefined && other === rule["securityGroupId"]);
}

function judgeGroup(type: string, name: string, props: Fields, report: Report): void {
  const rules = [...listOf(props["ingress"]), ...listOf(props["egress"])];
  if (type === DEFAULT_GROUP && rules.length > 0) {
    report.fails(`${name}: the VPC's default group lets traffic through. Empty it.`);
  }
  if (type !== GROUP) return;
  if (rules.some((rule) => rangesOf(rule).some(isEverybody)))
    report.fails(`${name} is open to every address. Name ranges or groups.`);
  const wide = rules.map((rule) => asFields(rule) ?? {}).filter((rule) => !isOwn(rule));
  if (wide.some(isEveryPort)) report.fails(`${name} allows every protocol or port. Name them.`);
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
