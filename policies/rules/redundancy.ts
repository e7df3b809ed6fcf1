/**
 * One machine or one zone may go: edge and gateway run more than once, apart from each other, and are
 * not all evicted together; a cloud's networks, nodes and balancers span zones.
 */
import { BALANCER, CLUSTER, NODE_GROUP } from "../aws/resources.ts";
import type { Context, Report, Resource, Rule } from "../judging/rule.ts";
import { hasPods, kindOf, type Pod, podsOf } from "../kubernetes/pods.ts";
import { runs, selects } from "../kubernetes/read.ts";
import { asFields, at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";

/** Programs that every call passes; a model's replicas are a matter of GPUs, and of its plan. */
const PROGRAMS = ["edge", "gateway"];
const ZONES_MIN = 2;
const REPLICAS_MIN = 2;

export const redundancy: Rule = {
  name: "redundancy",
  description: "Edge, gateway and their ground survive the loss of a machine or a zone.",
  severity: "high",
  sees: "stack",
  about: "programs that every call passes",
  applies: ({ type, props }) =>
    [BALANCER, CLUSTER, NODE_GROUP].includes(type) ||
    (hasPods(type) &&
      podsOf(type, props).items.some((pod) => PROGRAMS.some((one) => runs(pod, one)))),
  judge: (resource, report, context) => {
    const { type, props, name } = resource;
    if (hasPods(type)) {
      for (const pod of podsOf(type, props).items) judgeProgram(resource, pod, report, context);
      return;
    }
    // GPUs of one group stand in one zone on purpose: a model does not span zones.
    if (type === NODE_GROUP && isPresent(props["taints"])) return;
    const list =
      type === BALANCER
        ? props["subnets"]
        : type === CLUSTER
          ? at(props, "vpcConfig", "subnetIds")
          : props["subnetIds"];
    const subnets = Array.isArray(list) ? new Set(list).size : 0;
    if (subnets < ZONES_MIN)
      report.fails(`${name} stands in ${subnets} subnet. Give it one in each of two zones.`);
    const least = Number(at(props, "scalingConfig", "minSize"));
    if (type === NODE_GROUP && !(least >= REPLICAS_MIN))
      report.fails(
        `${name} may have ${String(at(props, "scalingConfig", "minSize"))} node. Set minSize to 2.`,
      );
  },
};

function judgeProgram({ props }: Resource, pod: Pod, report: Report, { resources }: Context): void {
  const replicas = at(props, "spec", "replicas") ?? 1;
  if (typeof replicas !== "number" || replicas < REPLICAS_MIN) {
    report.fails(`${pod.owner} has ${String(replicas)} replica. Set at least ${REPLICAS_MIN}.`);
  }
  const spread = pod.spec["topologySpreadConstraints"];
  const keys = (Array.isArray(spread) ? spread : []).map((one) => asFields(one)?.["topologyKey"]);
  const apart = Object.values(asFields(at(pod.spec, "affinity", "podAntiAffinity")) ?? {}).some(
    (terms) => Array.isArray(terms) && terms.length > 0,
  );
  for (const key of ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]) {
    if (!apart && !keys.includes(key))
      report.fails(`${pod.owner} is not spread over ${key}. Add a topologySpreadConstraint.`);
  }
  const kept = resources.some(
    (one) =>
      kindOf(one.type) === "PodDisruptionBudget" &&
      (textAt(one.props, "metadata", "namespace") ?? "default") === pod.namespace &&
      protects(one.props, pod.labels, Number(replicas)),
  );
  if (!kept) report.fails(`${pod.owner} may be evicted whole. Add a PodDisruptionBudget.`);
}

/** One is left, whatever is evicted. */
function protects(props: Fields, labels: Fields, replicas: number): boolean {
  const selector = at(props, "spec", "selector");
  const exact = !isPresent(at(selector, "matchExpressions"));
  const away = partOf(at(props, "spec", "maxUnavailable"), replicas);
  const left = partOf(at(props, "spec", "minAvailable"), replicas);
  const kept = away === undefined ? left : replicas - away;
  return kept !== undefined && kept >= 1 && exact && selects(selector, labels);
}

/** A number, or a percentage, which Kubernetes rounds up. */
function partOf(value: unknown, whole: number): number | undefined {
  if (!isPresent(value)) return undefined;
  const percent = /^(\d+)%$/.exec(String(value))?.[1];
  return percent === undefined ? Number(value) : Math.ceil((Number(percent) / 100) * whole);
}
