/**
 * Who may talk to whom: a table of named flows, and the NetworkPolicies that follow from it. Both
 * ends of a flow are opened; all else is denied. Pure.
 */
import type * as k8s from "@pulumi/kubernetes";
import { type Labels, NAME_LABEL, selectorOf } from "./component.ts";

type PolicySpec = k8s.types.input.networking.v1.NetworkPolicySpec;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Port = k8s.types.input.networking.v1.NetworkPolicyPort;

/** Addresses outside of the cluster. */
export interface Ranges {
  readonly ranges: readonly string[];
  /** Parts of them that are not meant. */
  readonly except?: readonly string[];
}

/** A program's pods. */
export interface End {
  readonly namespace: string;
  readonly program: string;
  /** What selects them, where others than we name them; absent: the program's own label. */
  readonly labels?: Labels;
}

export interface Flow {
  readonly name: string;
  /** A program, or address ranges outside the cluster. */
  readonly from: End | Ranges;
  readonly to: End | Ranges;
  readonly ports: readonly (number | PortRange)[];
}

/** Both ends are part of it. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What Linux gives a program that names no port. */
export const CHOSEN_BY_KERNEL: PortRange = { from: 32_768, to: 60_999 };

export interface Policy {
  readonly name: string;
  readonly namespace: string;
  /** The flows it opens; empty for the policy that denies. */
  readonly flows: readonly string[];
  readonly spec: PolicySpec;
}

/**
 * `silent` are programs of any of the namespaces that may not even resolve names. An end in another
 * namespace gets no policy of ours: one would close it to everybody else.
 */
export function policiesOf(
  namespaces: readonly string[],
  flows: readonly Flow[],
  dnsRanges: readonly string[],
  silent: readonly string[] = [],
): Policy[] {
  const ends = flows
    .flatMap((flow) => [flow.from, flow.to].filter(isProgram))
    .filter((end) => namespaces.includes(end.namespace));
  const programs = [
    ...new Map(ends.map((end) => [`${end.namespace}/${end.program}`, end])).values(),
  ];
  return [
    ...namespaces.map(denyAll),
    ...namespaces.map((namespace) => allowNames(namespace, dnsRanges, silent)),
    ...programs.map((end) => allowFlows(end, flows)),
  ];
}

function denyAll(namespace: string): Policy {
  const spec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
  return { name: "default-deny", namespace, flows: [], spec };
}

/** Pods may resolve names, at the cluster's name servers only: DNS is a way out, too. */
function allowNames(
  namespace: string,
  dnsRanges: readonly string[],
  silent: readonly string[],
): Policy {
  const speaking = [{ key: NAME_LABEL, operator: "NotIn", values: [...silent] }];
  const servers: Peer[] = [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
    ...dnsRanges.map((range) => ({ ipBlock: { cidr: range } })),
  ];
  const ports: Port[] = ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 }));
  return {
    name: "allow-dns",
    namespace,
    flows: ["dns"],
    spec: {
      podSelector: silent.length === 0 ? {} : { matchExpressions: speaking },
      policyTypes: ["Egress"],
      egress: [{ to: servers, ports }],
    },
  };
}

function allowFlows(end: End, flows: readonly Flow[]): Policy {
  const incoming = flows.filter((flow) => isSame(flow.to, end));
  const outgoing = flows.filter((flow) => isSame(flow.from, end));
  return {
    name: `allow-${end.program}`,
    namespace: end.namespace,
    flows: [...incoming, ...outgoing].map((flow) => flow.name),
    spec: {
      podSelector: { matchLabels: labelsOfEnd(end) },
      policyTypes: [
        ...(incoming.length > 0 ? ["Ingress"] : []),
        ...(outgoing.length > 0 ? ["Egress"] : []),
      ],
      ...(incoming.length > 0
        ? { ingress: incoming.map((flow) => ({ from: peers(flow.from), ports: tcp(flow) })) }
        : {}),
      ...(outgoing.length > 0
        ? { egress: outgoing.map((flow) => ({ to: peers(flow.to), ports: tcp(flow) })) }
        : {}),
    },
  };
}

function peers(side: Flow["from"]): Peer[] {
  if (!isProgram(side)) {
    const { ranges, except = [] } = side;
    const less = except.length === 0 ? {} : { except: [...except] };
    return ranges.map((cidr) => ({ ipBlock: { cidr, ...less } }));
  }
  return [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": side.namespace } },
      podSelector: { matchLabels: labelsOfEnd(side) },
    },
  ];
}

function labelsOfEnd({ program, labels }: End): Record<string, string> {
  return labels === undefined ? selectorOf(program) : { ...labels };
}

function tcp(flow: Flow): Port[] {
  return flow.ports.map((port) =>
    typeof port === "number"
      ? { protocol: "TCP", port }
      : { protocol: "TCP", port: port.from, endPort: port.to },
  );
}

function isProgram(side: Flow["from"]): side is End {
  return "program" in side;
}

function isSame(side: Flow["from"], end: End): boolean {
  return isProgram(side) && side.namespace === end.namespace && side.program === end.program;
}
