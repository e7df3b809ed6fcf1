/**
 * Nothing has an address on the internet: the cluster's API, load balancers, databases, buckets, subnets,
 * nodes. Who needs to come from outside comes through a network of the customer's.
 */
import { pointingTo } from "../aws/resources.ts";
import type { Context, Resource, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { asFields, at, type Fields } from "../kubernetes/values.ts";

type Look = (props: Fields, context: Context) => string | undefined;

const BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const BLOCKS = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];
/** A load balancer's annotation that keeps it inside, by cloud. */
const INTERNAL = /(aws-load-balancer-(internal|scheme)|load-balancer-internal)$/;

const LOOKS: Readonly<Record<string, Look>> = {
  "aws:eks/cluster:Cluster": (props) =>
    at(props, "vpcConfig", "endpointPublicAccess") === false
      ? undefined
      : "its API answers on the internet. Set vpcConfig.endpointPublicAccess: false",
  "aws:lb/loadBalancer:LoadBalancer": (props) =>
    props["internal"] === true ? undefined : "it faces the internet. Set internal: true",
  "aws:rds/instance:Instance": (props) =>
    props["publiclyAccessible"] === true
      ? "it has a public address. Set publiclyAccessible: false"
      : undefined,
  "aws:ec2/subnet:Subnet": (props) =>
    props["mapPublicIpOnLaunch"] === true
      ? "what starts there gets a public address. Remove mapPublicIpOnLaunch"
      : undefined,
  "aws:ec2/launchTemplate:LaunchTemplate": (props) => {
    const cards = props["networkInterfaces"];
    const open = (Array.isArray(cards) ? cards : []).some(
      (card) => String(asFields(card)?.["associatePublicIpAddress"]) === "true",
    );
    return open ? "its nodes get public addresses. Remove associatePublicIpAddress" : undefined;
  },
  "aws:s3/bucket:Bucket": (props, context) => {
    const blocks = pointingTo(context, BLOCK, "bucket", props["bucket"]);
    const closed = blocks.some((one) => BLOCKS.every((key) => one.props[key] === true));
    return closed
      ? undefined
      : "anybody may be let in. Give it a BucketPublicAccessBlock with all four";
  },
  "aws:ec2/internetGateway:InternetGateway": () =>
    "it joins the network to the internet. Remove it",
  "aws:ec2/natGateway:NatGateway": () => "it leads to the internet. Use interface endpoints",
  "aws:ec2/eip:Eip": () => "it is a public address. Remove it",
};

export const noPublicEndpoints: Rule = {
  name: "no-public-endpoints",
  description: "Nothing of the stack has an address on the internet.",
  severity: "critical",
  sees: "stack",
  about: "endpoints",
  applies: ({ type }) =>
    LOOKS[type] !== undefined || ["Service", "Ingress"].includes(kindOf(type) ?? ""),
  judge: (resource, report, context) => {
    const fault = faultOf(resource, context);
    if (fault !== undefined) report.fails(`${resource.name}: ${fault}.`);
  },
};

function faultOf({ type, props }: Resource, context: Context): string | undefined {
  const look = LOOKS[type];
  if (look !== undefined) return look(props, context);
  if (kindOf(type) === "Ingress") {
    return `Ingress ${nameIn(props)} publishes it past our edge. Let callers come by the edge's Service`;
  }
  if (at(props, "spec", "type") !== "LoadBalancer") return undefined;
  const annotations = Object.entries(asFields(at(props, "metadata", "annotations")) ?? {});
  const inside = annotations.some(
    ([key, value]) => INTERNAL.test(key) && /^(true|internal)$/.test(String(value)),
  );
  return inside
    ? undefined
    : "its load balancer faces the internet. Use a NodePort or an internal one";
}
