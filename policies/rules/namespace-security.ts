/**
 * Namespaces tell the API server to refuse what this pack refuses: the restricted Pod Security Standard
 * is enforced there, too, for pods that nobody made with Pulumi.
 */
import type { Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { textAt } from "../kubernetes/values.ts";

const ENFORCE = "pod-security.kubernetes.io/enforce";

export const namespaceSecurity: Rule = {
  name: "namespace-security",
  description: "Namespaces enforce the restricted Pod Security Standard.",
  severity: "high",
  sees: "resource",
  about: "namespaces",
  applies: ({ type }) => kindOf(type) === "Namespace",
  judge: ({ props }, report) => {
    const level = textAt(props, "metadata", "labels", ENFORCE);
    if (level === "restricted") return;
    report.fails(
      `Namespace ${nameIn(props)} enforces ${level ?? "nothing"}. Label it ${ENFORCE}: restricted.`,
    );
  },
};
