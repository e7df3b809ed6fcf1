/**
 * In every namespace that has pods, whatever is not allowed is forbidden: a NetworkPolicy that
 * selects all pods and allows nothing, in both directions. Named flows are further policies.
 */
import type { PolicyResource, ReportViolation, StackValidationPolicy } from "@pulumi/policy";
import { judgeEach } from "../kubernetes/judge.ts";
import { kindOf, podsOf } from "../kubernetes/pods.ts";
import { asFields, at, type Fields, textAt } from "../kubernetes/values.ts";

const DIRECTIONS = ["Ingress", "Egress"];

export const defaultDeny: StackValidationPolicy = {
  name: "default-deny",
  description: "Every namespace with pods forbids what no policy allows.",
  severity: "high",
  enforcementLevel: "mandatory",
  validateStack: (args, reportViolation) => {
    /** namespace → directions that are closed */
    const closed = new Map<string, Set<string>>();
    /** namespace → the first object with pods in it */
    const peopled = new Map<string, PolicyResource>();
    // An unknown policy may be the one that is missed, so nothing can be said without it.
    judgeEach(args.resources, (resource) => {
      if (kindOf(resource.type) === "NetworkPolicy") addClosed(resource.props, closed);
    });
    try {
      judgeEach(args.resources, (resource) => {
        for (const pod of podsOf(resource.type, resource.props).items) {
          if (!peopled.has(pod.namespace)) peopled.set(pod.namespace, resource);
        }
      });
    } finally {
      reportOpen(peopled, closed, reportViolation);
    }
  },
};

function reportOpen(
  peopled: ReadonlyMap<string, PolicyResource>,
  closed: ReadonlyMap<string, ReadonlySet<string>>,
  report: ReportViolation,
): void {
  for (const [namespace, resource] of peopled) {
    const open = DIRECTIONS.filter((one) => closed.get(namespace)?.has(one) !== true);
    if (open.length === 0) continue;
    report(
      `Namespace ${namespace} has pods but no default deny for ${open.join(" and ")}. ` +
        "Add a NetworkPolicy with podSelector {} and no rules.",
      resource.urn,
    );
  }
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
