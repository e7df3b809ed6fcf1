/** Exemptions over the graph of one revision: which of this stack's a fault needs, and which have ended. */
import { RULES } from "../../policies/all-rules.ts";
import { type Exemption, isAboutStack, isInForce } from "../../policies/judging/exemptions.ts";
import { judgeGraph } from "../../policies/judging/judge-graph.ts";
import type { ResourceState } from "../engine/resource.ts";
import { judgedResources } from "../evidence/judged-resources.ts";
import type { BorneFault } from "../preview/exemptions.ts";

export interface JudgedRevision {
  readonly stack: string;
  readonly resources: readonly ResourceState[];
  readonly exemptions: readonly Exemption[];
  /** As in 2026-11-26. */
  readonly today: string;
}

export function exemptionStates(revision: JudgedRevision): BorneFault[] {
  const { stack, resources, exemptions, today } = revision;
  const { unused } = judgeGraph(RULES, judgedResources(resources), { exemptions, today });
  return exemptions
    .filter((one) => isAboutStack(one, stack))
    .map((one) => ({
      ...one,
      used: !unused.includes(one),
      ended: !isInForce(one, today),
      named: one.stacks.includes(stack),
    }));
}
