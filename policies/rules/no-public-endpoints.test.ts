import { noPublicEndpoints } from "./no-public-endpoints.ts";
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
    "a public Service": [[["service", "spec.type", "LoadBalancer"]], /faces the internet/],
  },
  unknown: ["balancer", "internal"],
});
