import { onlyThroughGateway } from "./only-through-gateway.ts";
import { DEPLOYMENT, labelled } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

const NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

judgedByTable(onlyThroughGateway, {
  good: {
    policy: {
      type: NETWORK_POLICY,
      props: {
        metadata: { namespace: "deepseek" },
        spec: {
          podSelector: { matchLabels: { "app.kubernetes.io/name": "model-server" } },
          ingress: [
            {
              from: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "gateway" } } }],
              ports: [{ port: 8000 }],
            },
          ],
        },
      },
    },
    service: {
      type: "kubernetes:core/v1:Service",
      props: {
        metadata: { namespace: "deepseek" },
        spec: { type: "ClusterIP", selector: { "app.kubernetes.io/name": "model-server" } },
      },
    },
    pods: { type: DEPLOYMENT, props: labelled("model-server") },
  },
  fails: {
    "another caller": [
      [
        [
          "policy",
          [
            "spec",
            "ingress",
            "0",
            "from",
            "0",
            "podSelector",
            "matchLabels",
            "app.kubernetes.io/name",
          ],
          "edge",
        ],
      ],
      /lets edge call/,
    ],
    "a range of addresses": [
      [["policy", "spec.ingress.0.from.0", { ipBlock: { cidr: "10.0.0.0/8" } }]],
      /lets 10.0.0.0\/8 call/,
    ],
    "another caller by a policy for all pods": [
      [
        ["policy", "spec.podSelector", {}],
        ["policy", "spec.ingress.0.from.0", { podSelector: { matchLabels: { a: "b" } } }],
      ],
      /call model servers past/,
    ],
    "a gateway of any namespace": [
      [["policy", "spec.ingress.0.from.0.namespaceSelector", {}]],
      /pods of every namespace/,
    ],
    "a port of the nodes by another label": [
      [
        ["pods", "spec.template.metadata.labels.model", "r1"],
        ["service", "spec", { type: "NodePort", selector: { model: "r1" } }],
      ],
      /way around the gateway/,
    ],
    everybody: [[["policy", "spec.ingress.0.from", undefined]], /everybody call/],
    "no policy": [[["policy", "", undefined]], /no NetworkPolicy/],
    "a port of the nodes": [[["service", "spec.type", "NodePort"]], /way around the gateway/],
  },
  open: {
    "a stack without model servers": [
      ["policy", "", undefined],
      ["service", "", undefined],
      ["pods", "", undefined],
    ],
  },
  unknown: ["service", "spec.type"],
});
