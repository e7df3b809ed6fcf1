import { completeFlows } from "./complete-flows.ts";
import { judgedByTable } from "./test-table.ts";

const NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

judgedByTable(completeFlows, {
  good: {
    caller: {
      type: NETWORK_POLICY,
      props: {
        metadata: { namespace: "n" },
        spec: {
          podSelector: { matchLabels: { app: "a" } },
          egress: [{ to: [{ podSelector: { matchLabels: { app: "b" } } }], ports: [{ port: 1 }] }],
        },
      },
    },
    called: {
      type: NETWORK_POLICY,
      props: {
        metadata: { namespace: "n" },
        spec: {
          podSelector: { matchLabels: { app: "b" } },
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: "a" } } }], ports: [{ port: 1 }] },
          ],
        },
      },
    },
  },
  passes: {
    "a caller outside of the stack": [
      [
        "called",
        "spec.ingress.1",
        { from: [{ podSelector: { matchLabels: { app: "operator" } } }], ports: [{ port: 1 }] },
      ],
    ],
    "a range": [
      [
        "caller",
        "spec.egress.1",
        { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 1 }] },
      ],
    ],
  },
  fails: {
    "a call that nothing lets in": [[["called", "spec.ingress", []]], /nothing lets it in/],
    "a call that nothing lets out": [[["caller", "spec.egress", []]], /nothing lets it out/],
    "another port": [[["called", "spec.ingress.0.ports", [{ port: 2 }]]], /nothing lets it in/],
    "another protocol": [
      [["called", "spec.ingress.0.ports", [{ port: 1, protocol: "UDP" }]]],
      /nothing lets it in/,
    ],
    "another namespace": [
      [
        [
          "called",
          [
            "spec",
            "ingress",
            "0",
            "from",
            "0",
            "namespaceSelector",
            "matchLabels",
            "kubernetes.io/metadata.name",
          ],
          "m",
        ],
      ],
      /nothing lets it in/,
    ],
  },
  unknown: ["called", "spec.ingress.0.ports.0.port"],
});
