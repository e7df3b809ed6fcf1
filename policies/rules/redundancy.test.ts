import { redundancy } from "./redundancy.ts";
import { DEPLOYMENT, labelled, spread } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(redundancy, {
  good: {
    gateway: { type: DEPLOYMENT, props: spread(labelled("gateway")) },
    budget: {
      type: "kubernetes:policy/v1:PodDisruptionBudget",
      props: {
        metadata: { namespace: "deepseek" },
        spec: {
          maxUnavailable: 1,
          selector: { matchLabels: { "app.kubernetes.io/name": "gateway" } },
        },
      },
    },
    balancer: { type: "aws:lb/loadBalancer:LoadBalancer", props: { subnets: ["a", "b"] } },
    cluster: { type: "aws:eks/cluster:Cluster", props: { vpcConfig: { subnetIds: ["a", "b"] } } },
    nodes: {
      type: "aws:eks/nodeGroup:NodeGroup",
      props: { subnetIds: ["a", "b"], scalingConfig: { minSize: 3 } },
    },
  },
  passes: {
    "GPUs of one group in one zone": [
      ["nodes", "taints", [{ key: "nvidia.com/gpu" }]],
      ["nodes", "subnetIds", ["a"]],
    ],
  },
  fails: {
    "an edge under another label, by its image": [
      [
        ["gateway", "spec.template.metadata.labels", {}],
        [
          "gateway",
          "spec.template.spec.containers.0.image",
          "mirror.example/nginxinc/nginx-unprivileged:1.29",
        ],
        ["gateway", "spec.replicas", 1],
      ],
      /has 1 replica/,
    ],
    "one replica": [[["gateway", "spec.replicas", 1]], /has 1 replica/],
    "no number of replicas": [[["gateway", "spec.replicas", undefined]], /has 1 replica/],
    "no spread over zones": [
      [
        [
          "gateway",
          "spec.template.spec.topologySpreadConstraints",
          [{ topologyKey: "kubernetes.io/hostname" }],
        ],
      ],
      /not spread over topology/,
    ],
    "no budget": [[["budget", "", undefined]], /evicted whole/],
    "a budget of another program": [
      [["budget", "spec.selector.matchLabels", { "app.kubernetes.io/name": "edge" }]],
      /evicted whole/,
    ],
    "a budget that keeps none": [
      [
        ["budget", "spec.maxUnavailable", undefined],
        ["budget", "spec.minAvailable", 0],
      ],
      /evicted whole/,
    ],
    "a budget as large as the program": [[["budget", "spec.maxUnavailable", 2]], /evicted whole/],
    "a budget of another namespace": [
      [["budget", "metadata.namespace", "elsewhere"]],
      /evicted whole/,
    ],
    "an affinity that says nothing": [
      [
        ["gateway", "spec.template.spec.topologySpreadConstraints", undefined],
        ["gateway", "spec.template.spec.affinity", { podAntiAffinity: {} }],
      ],
      /not spread over/,
    ],
    "a budget of everything": [[["budget", "spec.maxUnavailable", "100%"]], /evicted whole/],
    "a balancer in one zone": [[["balancer", "subnets", ["a", "a"]]], /stands in 1 subnet/],
    "a cluster in one zone": [[["cluster", "vpcConfig.subnetIds", ["a"]]], /stands in 1 subnet/],
    "one node": [[["nodes", "scalingConfig.minSize", 1]], /may have 1 node/],
  },
  unknown: ["gateway", "spec.replicas"],
});
