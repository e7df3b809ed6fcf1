/** A namespace with pods has a sum that it cannot exceed, and a size for what states none. */
import type { Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { hasPods, kindOf, podsOf } from "../kubernetes/pods.ts";
import { at, isPresent, textAt } from "../kubernetes/values.ts";

const NEEDED = ["requests.cpu", "requests.memory", "limits.memory", "pods"];

export const boundedNamespaces: Rule = {
  name: "bounded-namespaces",
  description: "Namespaces with pods have quotas and default sizes.",
  severity: "medium",
  sees: "stack",
  about: "pods",
  applies: ({ type }) => hasPods(type),
  judge: ({ type, props }, report, { resources, once }) => {
    const told = once("told", () => new Set<string>());
    judgeEach(podsOf(type, props).items, ({ namespace }) => {
      if (told.has(namespace)) return;
      told.add(namespace);
      const here = (kind: string) =>
        resources.filter(
          (one) =>
            kindOf(one.type) === kind && textAt(one.props, "metadata", "namespace") === namespace,
        );
      const hard = here("ResourceQuota").map((one) => at(one.props, "spec", "hard"));
      const lacking = NEEDED.filter((key) => !hard.some((one) => isPresent(at(one, key))));
      if (lacking.length > 0)
        report.fails(
          `Namespace ${namespace} has no quota for ${lacking.join(", ")}. Add a ResourceQuota.`,
        );
      if (here("LimitRange").length === 0)
        report.fails(`Namespace ${namespace} has no LimitRange. Add one.`);
    });
  },
};
