import { expect, test } from "vitest";
import { noPublicEndpoints } from "./no-public-endpoints.ts";
import { judge } from "./test-judge.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(noPublicEndpoints, {
  good: {
    cluster: {
      type: "aws:eks/cluster:Cluster",
      props: { vpcConfig: { endpointPublicAccess: false } },
    },
    balancer: { type: "aws:lb/loadBalancer:LoadBalancer", props: { internal: true } },
    database: { type: "aws:rds/instance:Instance", props: { publiclyAccessible: false } },
    subnet: { type: "aws:ec2/subnet:Subnet", props: {} },
    nodes: {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      props: { networkInterfaces: [{ deviceIndex: 0 }] },
    },
    bucket: { type: "aws:s3/bucket:Bucket", props: { bucket: "b" } },
    block: {
      type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      props: {
        bucket: "b",
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
    },
    older: { type: "aws:s3/bucketV2:BucketV2", props: { bucket: "b" } },
    alias: { type: "aws:alb/loadBalancer:LoadBalancer", props: { internal: true } },
    broker: { type: "aws:mq/broker:Broker", props: {} },
    machine: { type: "aws:ec2/instance:Instance", props: {} },
    route: { type: "aws:ec2/route:Route", props: { vpcEndpointId: "vpce-1" } },
    table: { type: "aws:ec2/routeTable:RouteTable", props: { routes: [] } },
    service: { type: "kubernetes:core/v1:Service", props: { spec: { type: "NodePort" } } },
  },
  passes: {
    "an internal load balancer of a Service": [
      ["service", "spec.type", "LoadBalancer"],
      [
        "service",
        ["metadata", "annotations", "service.beta.kubernetes.io/aws-load-balancer-scheme"],
        "internal",
      ],
    ],
  },
  fails: {
    "a public API": [
      [["cluster", "vpcConfig.endpointPublicAccess", true]],
      /API answers on the internet/,
    ],
    "an API that does not say": [[["cluster", "vpcConfig", {}]], /API answers/],
    "a public load balancer": [[["balancer", "internal", false]], /faces the internet/],
    "a public database": [[["database", "publiclyAccessible", true]], /public address/],
    "a subnet that gives addresses": [[["subnet", "mapPublicIpOnLaunch", true]], /public address/],
    "nodes with addresses": [
      [["nodes", "networkInterfaces.0.associatePublicIpAddress", "true"]],
      /public addresses/,
    ],
    "a bucket with three of four": [[["block", "restrictPublicBuckets", false]], /let in/],
    "a bucket without a block": [[["block", "", undefined]], /let in/],
    "a bucket by its older name": [[["older", "bucket", "c"]], /let in/],
    "a public load balancer by another name": [[["alias", "internal", undefined]], /faces/],
    "a public thing of any kind": [[["broker", "publiclyAccessible", "true"]], /public address/],
    "a machine with an address": [
      [["machine", "associatePublicIpAddress", true]],
      /public address/,
    ],
    "a route to a gateway that is there already": [[["route", "gatewayId", "igw-1"]], /leads to/],
    "a route within a table": [[["table", "routes", [{ natGatewayId: "nat-1" }]]], /leads to/],
    "annotations that contradict each other": [
      [
        ["service", "spec.type", "LoadBalancer"],
        [
          "service",
          ["metadata", "annotations"],
          {
            "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
            "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
          },
        ],
      ],
      /faces the internet/,
    ],
    "addresses of somebody else's": [
      [["service", "spec.externalIPs", ["192.0.2.1"]]],
      /externalIPs/,
    ],
    "a public Service": [[["service", "spec.type", "LoadBalancer"]], /faces the internet/],
  },
  unknown: ["balancer", "internal"],
});

test.each([
  "aws:cloudfront/distribution:Distribution",
  "aws:lambda/functionUrl:FunctionUrl",
  "aws:apigatewayv2/api:Api",
  "kubernetes:networking.k8s.io/v1:Ingress",
  "kubernetes:gateway.networking.k8s.io/v1:Gateway",
  "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
  "kubernetes:route.openshift.io/v1:Route",
])("refuses a %s", async (type) => {
  expect((await judge(noPublicEndpoints, type, {})).violations).toHaveLength(1);
});
