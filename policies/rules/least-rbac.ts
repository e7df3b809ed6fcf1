/**
 * Rights in the cluster name resources and verbs, reach one namespace, and never make more rights. Nobody rewrites
 * what is asked of the API server.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";

/** Changes what is asked of the API server, and with it whatever was judged here. */
const CHANGING =
  /^kubernetes:admissionregistration\.k8s\.io\/[^:]+:Mutating(Webhook|Admission)\w+$/;
const KINDS = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];
const ADMIN_ROLES = ["cluster-admin", "admin", "edit"];
/** Whoever has one of these can give himself everything else. */
const ESCALATING = ["escalate", "bind", "impersonate", "approve", "sign"];
/** A shell in a pod, in every pod of a node, or somebody's token. */
const WAYS_IN =
  /^(pods\/(exec|attach|portforward|ephemeralcontainers|proxy)|nodes\/proxy|services\/proxy|serviceaccounts\/token)$/;
/** Who cannot be refused anything, and who has no name. */
const NOBODYS = ["system:masters", "system:anonymous"];
/** Groups that anybody, or everybody with an account, belongs to. */
const EVERYBODY = ["system:unauthenticated", "system:authenticated", "system:serviceaccounts"];

export const leastRbac: Rule = {
  name: "least-rbac",
  description: "Rights in the cluster name their resources and verbs.",
  severity: "critical",
  sees: "resource",
  about: "rights in the cluster",
  applies: ({ type }) =>
    CHANGING.test(type) ||
    (type.startsWith("kubernetes:rbac.authorization.k8s.io/") &&
      KINDS.includes(kindOf(type) ?? "")),
  judge: ({ type, props }, report) => {
    const where = `${kindOf(type)} ${nameIn(props)}`;
    if (CHANGING.test(type)) {
      report.fails(`${where} changes objects after they were judged. Remove it.`);
      return;
    }
    if (kindOf(type)?.endsWith("Binding") === true) return judgeBinding(where, props, report);
    if (isPresent(props["aggregationRule"]))
      report.fails(`${where} takes the rights of other roles by their labels. Write them down.`);
    const { rules } = props;
    if (!Array.isArray(rules)) {
      report.fails(`${where} has no rules that could be judged.`);
      return;
    }
    for (const rule of rules) judgeRule(where, rule, report);
  },
};

function judgeRule(where: string, rule: unknown, report: Report): void {
  const words = (key: string) => {
    const list = at(rule, key);
    return Array.isArray(list) ? list.map(String) : [];
  };
  for (const key of ["apiGroups", "resources", "verbs", "nonResourceURLs"]) {
    if (words(key).some((word) => word === "*" || /^\*\/|\/\*$/.test(word)))
      report.fails(`${where} has * in ${key}. Name what is needed.`);
  }
  const escalating = words("verbs").filter((verb) => ESCALATING.includes(verb));
  if (escalating.length > 0) report.fails(`${where} may ${escalating.join(", ")}. Remove it.`);
  const named = words("resourceNames").length > 0;
  const secrets = words("resources").includes("secrets") && words("apiGroups").includes("");
  if (secrets && !named) report.fails(`${where} reads every Secret. Name them in resourceNames.`);
  const shells = words("resources").filter((one) => WAYS_IN.test(one));
  if (shells.length > 0) report.fails(`${where} may use ${shells.join(", ")}. Remove it.`);
}

function judgeBinding(where: string, props: Fields, report: Report): void {
  const role = textAt(props, "roleRef", "name") ?? "";
  if (ADMIN_ROLES.includes(role))
    report.fails(`${where} gives ${role}. Write down what is needed.`);
  const { subjects } = props;
  for (const subject of Array.isArray(subjects) ? subjects : []) {
    const name = textAt(subject, "name") ?? "";
    if (
      NOBODYS.includes(name) ||
      EVERYBODY.some((group) => name === group || name.startsWith(`${group}:`))
    ) {
      report.fails(`${where} gives it to ${name}. Name who it is for.`);
    }
    if (textAt(subject, "kind") === "ServiceAccount" && name === "default") {
      report.fails(`${where} gives it to a namespace's default account. Make one for it.`);
    }
  }
}
