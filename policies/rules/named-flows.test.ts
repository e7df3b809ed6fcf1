import { expect, test } from "vitest";
import { namedFlows } from "./named-flows.ts";
import { judge } from "./test-judge.ts";
import { judgedByTable } from "./test-table.ts";

const NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

judgedByTable(namedFlows, {
  good: {
    edge: {
      type: NETWORK_POLICY,
      props: {
        spec: {
          podSelector: { matchLabels: { "app.kubernetes.io/name": "edge" } },
          ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 8443 }] }],
          egress: [{ to: [{ podSelector: { matchLabels: { a: "b" } } }], ports: [{ port: 8080 }] }],
        },
      },
    },
  },
  passes: {
    "a policy that forbids": [["edge", "spec", { podSelector: {}, policyTypes: ["Ingress"] }]],
  },
  fails: {
    "every port": [[["edge", "spec.egress.0.ports", undefined]], /every port/],
    everybody: [[["edge", "spec.ingress.0.from", []]], /everybody/],
    "the whole world": [
      [["edge", "spec.egress.0.to", [{ ipBlock: { cidr: "0.0.0.0/0" } }]]],
      /allows 0.0.0.0\/0/,
    ],
    "the whole world over IPv6": [
      [["edge", "spec.egress.0.to", [{ ipBlock: { cidr: "::/0" } }]]],
      /allows ::\/0/,
    ],
    "anybody to another program": [
      [["edge", "spec.podSelector.matchLabels", { "app.kubernetes.io/name": "gateway" }]],
      /ingress allows 0/,
    ],
    "all pods everywhere": [
      [["edge", "spec.egress.0.to", [{ namespaceSelector: {}, podSelector: {} }]]],
      /every name in every namespace/,
    ],
    "the whole world in two halves": [
      [["edge", "spec.egress.0.to", [{ ipBlock: { cidr: "128.0.0.0/1" } }]]],
      /allows 128.0.0.0\/1/,
    ],
    "every port of a protocol": [
      [["edge", "spec.egress.0.ports", [{ protocol: "TCP" }]]],
      /every port/,
    ],
    "every port as a range": [
      [["edge", "spec.egress.0.ports", [{ port: 1, endPort: 65535 }]]],
      /every port/,
    ],
    "all pods that have a name": [
      [
        [
          "edge",
          "spec.egress.0.to",
          [{ namespaceSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } }],
        ],
      ],
      /every name in every namespace/,
    ],
    "no specification": [[["edge", "spec", undefined]], /no specification/],
  },
  unknown: ["edge", "spec.egress.0.to.0.podSelector"],
});

test.each([
  "kubernetes:cilium.io/v2:CiliumNetworkPolicy",
  "kubernetes:crd.projectcalico.org/v1:GlobalNetworkPolicy",
  "kubernetes:policy.networking.k8s.io/v1alpha1:BaselineAdminNetworkPolicy",
  "kubernetes:networking.k8s.io/v1:NetworkPolicyPatch",
])("refuses a %s, which may allow what another policy forbids", async (type) => {
  expect((await judge(namedFlows, type, {})).violations.join()).toMatch(/cannot be judged/);
});
