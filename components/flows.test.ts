/** A flow opens both of its ends and nothing else. */
import { describe, expect, test } from "vitest";
import { type Flow, policiesOf } from "./flows.ts";

const client = { namespace: "a", program: "client" };
const server = { namespace: "b", program: "server" };
const flows: Flow[] = [
  { name: "calls", from: client, to: server, ports: [80, 443] },
  { name: "visitors", from: { ranges: ["10.0.0.0/8"] }, to: client, ports: [8080] },
];

function spec(name: string) {
  return policiesOf(["a", "b"], flows, []).find((policy) => policy.name === name)?.spec;
}

function program(name: string, namespace: string) {
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: { "app.kubernetes.io/name": name } },
  };
}

describe("policies", () => {
  test("deny everything in every namespace first", () => {
    const denied = policiesOf(["a", "b"], flows, []).filter((p) => p.name === "default-deny");
    expect(denied.map((policy) => policy.namespace)).toEqual(["a", "b"]);
    expect(denied[0]?.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });

  test("open a flow at its source and at its target", () => {
    const ports = [80, 443].map((port) => ({ protocol: "TCP", port }));
    expect(spec("allow-client")).toMatchObject({
      podSelector: { matchLabels: { "app.kubernetes.io/name": "client" } },
      policyTypes: ["Ingress", "Egress"],
      egress: [{ to: [program("server", "b")], ports }],
      ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }],
    });
    expect(spec("allow-server")).toEqual({
      podSelector: { matchLabels: { "app.kubernetes.io/name": "server" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [program("client", "a")], ports }],
    });
  });

  test("never open a port or a peer by leaving it out", () => {
    for (const policy of policiesOf(["a", "b"], flows, ["192.0.2.0/24"])) {
      const { ingress, egress } = policy.spec as {
        ingress?: { from?: unknown[]; ports?: unknown[] }[];
        egress?: { to?: unknown[]; ports?: unknown[] }[];
      };
      for (const rule of ingress ?? []) {
        expect(rule.from?.length).toBeGreaterThan(0);
        expect(rule.ports?.length).toBeGreaterThan(0);
      }
      for (const rule of egress ?? []) {
        expect(rule.to?.length).toBeGreaterThan(0);
        expect(rule.ports?.length).toBeGreaterThan(0);
      }
    }
  });

  test("let names be resolved at the cluster's servers, and at given ranges", () => {
    const dns = policiesOf(["a"], [], ["192.0.2.0/24"]).find((p) => p.name === "allow-dns");
    expect(dns?.spec.egress).toEqual([
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
          { ipBlock: { cidr: "192.0.2.0/24" } },
        ],
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ]);
  });

  test("leave out of DNS who may say nothing at all", () => {
    const dns = policiesOf(["a"], [], [], ["trainer"]).find((p) => p.name === "allow-dns");
    expect(dns?.spec.podSelector).toEqual({
      matchExpressions: [{ key: "app.kubernetes.io/name", operator: "NotIn", values: ["trainer"] }],
    });
  });

  test("select by others' labels, and close nothing in a namespace that is not ours", () => {
    const operator = { namespace: "theirs", program: "operator", labels: { "their/name": "it" } };
    const store = { namespace: "b", program: "store", labels: { "their/cluster": "ledger" } };
    const made = policiesOf(["b"], [{ name: "x", from: operator, to: store, ports: [1] }], []);
    expect(made.map(({ namespace }) => namespace)).toEqual(["b", "b", "b"]);
    expect(made.at(-1)?.spec).toEqual({
      podSelector: { matchLabels: { "their/cluster": "ledger" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "theirs" } },
              podSelector: { matchLabels: { "their/name": "it" } },
            },
          ],
          ports: [{ protocol: "TCP", port: 1 }],
        },
      ],
    });
  });

  test("say which flows they open", () => {
    const [, , , , ...named] = policiesOf(["a", "b"], flows, []);
    expect(named.map(({ name, flows: opened }) => [name, opened])).toEqual([
      ["allow-client", ["visitors", "calls"]],
      ["allow-server", ["calls"]],
    ]);
  });
});
