/**
 * In every namespace that has pods, whatever is not allowed is forbidden: a NetworkPolicy that
 * selects all pods and allows nothing, in both directions. Named flows are further policies.
 */
import type { Resource, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { hasPods, kindOf, podsOf } from "../kubernetes/pods.ts";
import { asFields, at, type Fields, textAt } from "../kubernetes/values.ts";

const DIRECTIONS = ["Ingress", "Egress"];

export const defaultDeny: Rule = {
  name: "default-deny",
  description: "Every namespace with pods forbids what no policy allows.",
  severity: "high",
  sees: "stack",
  about: "pods",
  applies: ({ type }) => hasPods(type),
  judge: (resource, report, context) => {
    const named = context.once("named", () => new Set<string>());
    judgeEach(podsOf(resource.type, resource.props).items, ({ namespace }) => {
      // An unknown policy may be the one that is missed, so nothing can be said without it.
      const closed = context
        .once("closed", () => closedDirections(context.resources))
        .get(namespace);
      const open = DIRECTIONS.filter((one) => closed?.has(one) !== true);
      if (open.length === 0 || named.has(namespace)) return;
      named.add(namespace);
      report.fails(
        `Namespace ${namespace} has pods but no default deny for ${open.join(" and ")}. ` +
          "Add a NetworkPolicy with podSelector {} and no rules.",
      );
    });
  },
};

/** namespace → directions that are closed */
function closedDirections(resources: readonly Resource[]): ReadonlyMap<string, Set<string>> {
  const closed = new Map<string, Set<string>>();
  judgeEach(resources, (resource) => {
    if (kindOf(resource.type) === "NetworkPolicy") addClosed(resource.props, closed);
  });
  return closed;
}

function addClosed(props: Fields, closed: Map<string, Set<string>>): void {
  const spec = asFields(props.spec);
  if (spec === undefined || !selectsAll(spec.podSelector)) return;
  const namespace = textAt(props, "metadata", "namespace") ?? "default";
  const directions = closed.get(namespace) ?? new Set<string>();
  for (const direction of directionsOf(spec)) {
    const rules = spec[direction.toLowerCase()];
    const allowsNothing = rules === undefined || rules === null || isEmptyList(rules);
    if (allowsNothing) directions.add(direction);
  }
  closed.set(namespace, directions);
}

/** Without policyTypes a policy is about Ingress, and about Egress where it has egress rules. */
function directionsOf(spec: Fields): string[] {
  if (Array.isArray(spec.policyTypes)) {
    return DIRECTIONS.filter((one) => (spec.policyTypes as unknown[]).includes(one));
  }
  return spec.egress === undefined ? ["Ingress"] : DIRECTIONS;
}

/** `{}` selects every pod. An absent selector does not count: servers have read it in two ways. */
function selectsAll(selector: unknown): boolean {
  const labels = asFields(at(selector, "matchLabels")) ?? {};
  const expressions = at(selector, "matchExpressions") ?? [];
  return (
    asFields(selector) !== undefined && Object.keys(labels).length === 0 && isEmptyList(expressions)
  );
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
