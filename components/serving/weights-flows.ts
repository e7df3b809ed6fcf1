/**
 * What pods may reach to bring their weights: the agent of EKS Pod Identity on their own node, S3 and
 * KMS, or OpenBao. A pod has one network: what prepares it has these ways, and its engine, too.
 */
import type { End, Flow } from "../flows.ts";

export interface WeightsWays {
  readonly namespace: string;
  /** Programs whose pods bring weights (model-server, model-worker). */
  readonly programs: readonly string[];
  /** Pods have roles of AWS. */
  readonly podIdentity: boolean;
  /** S3 and KMS as the network sees them, or OpenBao; empty: weights come from volumes alone. */
  readonly ranges: readonly string[];
  readonly ports: readonly number[];
}

/** On every node with the agent, and only there (link-local): its port is plain HTTP. */
const AGENT = ["169.254.170.23/32", "fd00:ec2::23/128"] as const;
const AGENT_PORT = 80;

/** Whoever has a role of AWS by its service account asks the agent for it. */
export function identityFlow(from: End): Flow {
  return { name: "pod-identity", from, to: { ranges: AGENT }, ports: [AGENT_PORT] };
}

export function weightsFlows(ways: WeightsWays): Flow[] {
  const { namespace, ranges, ports } = ways;
  return ways.programs.flatMap((program) => {
    const from = { namespace, program };
    return [
      ...(ways.podIdentity ? [identityFlow(from)] : []),
      ...(ranges.length === 0 ? [] : [{ name: "weights", from, to: { ranges }, ports }]),
    ];
  });
}
