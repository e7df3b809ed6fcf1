/**
 * Nothing has an address on the internet: the cluster's API, load balancers, databases, buckets, subnets,
 * nodes. Who needs to come from outside comes through a network of the customer's.
 */
import { isBucket, pointingTo } from "../aws/resources.ts";
import type { Context, Resource, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { asFields, at, type Fields } from "../kubernetes/values.ts";

type Look = (props: Fields) => string | undefined;

const BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const BLOCKS = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];
/** A load balancer's annotation that keeps it inside, by cloud. */
const INTERNAL = /(aws-load-balancer-(internal|scheme)|load-balancer-internal)$/;
/** Kinds that publish a Service past our edge: Ingress, the Gateway API, OpenShift, Traefik, Contour. */
const PUBLISHING =
  /^(Ingress|Gateway|(HTTP|GRPC|TLS|TCP|UDP)Route|Route|IngressRoute(TCP|UDP)?|HTTPProxy)(Patch|List)?$/;
const BALANCER =
  /^aws:(lb|alb|elb|elasticloadbalancing(v2)?|applicationloadbalancing)\/loadBalancer:/;
/** Services of the cloud that answer on the internet by what they are. */
const PUBLIC =
  /^aws:(apigateway|apigatewayv2|appsync|apprunner|cloudfront|globalaccelerator|lightsail)\/|^aws:lambda\/functionUrl:|^aws:ec2\/(internetGatewayAttachment|egressOnlyInternetGateway|eipAssociation|defaultVpc|defaultSubnet):/;
const ROUTE = /^aws:ec2\/(route|routeTable|defaultRouteTable|mainRouteTableAssociation):/;
/** Ways out of a network that lead to the internet. */
const WAYS_OUT = ["gatewayId", "natGatewayId", "egressOnlyGatewayId"];

const LOOKS: Readonly<Record<string, Look>> = {
  "aws:eks/cluster:Cluster": (props) =>
    at(props, "vpcConfig", "endpointPublicAccess") === false
      ? undefined
      : "its API answers on the internet. Set vpcConfig.endpointPublicAccess: false",
  "aws:ec2/subnet:Subnet": (props) =>
    String(props["mapPublicIpOnLaunch"]) === "true"
      ? "what starts there gets a public address. Remove mapPublicIpOnLaunch"
      : undefined,
  "aws:ec2/launchTemplate:LaunchTemplate": (props) => {
    const cards = props["networkInterfaces"];
    const open = (Array.isArray(cards) ? cards : []).some(
      (card) => String(asFields(card)?.["associatePublicIpAddress"]) === "true",
    );
    return open ? "its nodes get public addresses. Remove associatePublicIpAddress" : undefined;
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
    type.startsWith("aws:") || kindOf(type) === "Service" || PUBLISHING.test(kindOf(type) ?? ""),
  judge: (resource, report, context) => {
    const fault = faultOf(resource, context);
    if (fault !== undefined) report.fails(`${resource.name}: ${fault}.`);
  },
};

function faultOf(resource: Resource, context: Context): string | undefined {
  const { type, props } = resource;
  if (type.startsWith("aws:")) return cloudFault(resource, context);
  if (kindOf(type) !== "Service") {
    return `${kindOf(type)} ${nameIn(props)} publishes it past our edge. Let callers come by the edge's Service`;
  }
  const addresses = at(props, "spec", "externalIPs");
  if (Array.isArray(addresses) && addresses.length > 0) {
    return "it takes addresses that the cluster does not own. Remove externalIPs";
  }
  return at(props, "spec", "type") === "LoadBalancer" ? balancerFault(props) : undefined;
}

function balancerFault(props: Fields): string | undefined {
  const annotations = Object.entries(asFields(at(props, "metadata", "annotations")) ?? {});
  const told = annotations.filter(([key]) => INTERNAL.test(key)).map(([, value]) => String(value));
  const inside = told.length > 0 && told.every((value) => /^(true|internal)$/.test(value));
  return inside
    ? undefined
    : "its load balancer faces the internet. Use a NodePort or an internal one";
}

function cloudFault({ type, props }: Resource, context: Context): string | undefined {
  if (PUBLIC.test(type)) return "it answers on the internet, or leads there. Remove it";
  // Whatever kind of thing it is: the provider takes the word as well as the value.
  if (String(props["publiclyAccessible"]) === "true")
    return "it has a public address. Set publiclyAccessible: false";
  if (String(props["associatePublicIpAddress"]) === "true")
    return "it has a public address. Remove associatePublicIpAddress";
  if (isBucket(type)) return bucketFault(props, context);
  if (BALANCER.test(type) && props["internal"] !== true)
    return "it faces the internet. Set internal: true";
  if (ROUTE.test(type)) return routeFault(props);
  return LOOKS[type]?.(props);
}

function bucketFault(props: Fields, context: Context): string | undefined {
  const blocks = pointingTo(context, BLOCK, "bucket", props["bucket"]);
  const closed = blocks.some((one) => BLOCKS.every((key) => one.props[key] === true));
  return closed
    ? undefined
    : "anybody may be let in. Give it a BucketPublicAccessBlock with all four";
}

/** A gateway that somebody else has made leads out as well as one of the stack's own. */
function routeFault(props: Fields): string | undefined {
  const inline = props["routes"];
  const routes = [props, ...(Array.isArray(inline) ? inline : [])];
  const out = routes.some((route) =>
    WAYS_OUT.some((key) => /^(igw|nat|eigw)-/.test(String(at(route, key)))),
  );
  return out ? "it leads to the internet. Route to endpoints within the network" : undefined;
}
