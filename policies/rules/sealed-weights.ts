/**
 * Weights are compared with their manifest before an engine loads them, and unsealed under a named key:
 * an init container `weights` prepares them, and the engine reads what it prepared and nothing else.
 */
import type { Context, Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { containersOf, GPU, hasPods, type Pod, podsOf } from "../kubernetes/pods.ts";
import { runs } from "../kubernetes/read.ts";
import { at, isPresent } from "../kubernetes/values.ts";
import { hasVariable, statedVariable } from "../kubernetes/variables.ts";

/** The key that opens them: of KMS, or of a transit engine. */
const KEYS = ["WEIGHTS_KMS_KEY", "WEIGHTS_TRANSIT_KEY"];

export const sealedWeights: Rule = {
  name: "sealed-weights",
  description: "Weights are verified and unsealed before an engine loads them.",
  severity: "high",
  sees: "stack",
  about: "model servers on GPUs",
  applies: ({ type, props }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => isServing(pod)),
  judge: ({ type, props }, report, context) => {
    judgeEach(podsOf(type, props).items, (pod) => {
      if (isServing(pod)) judgePod(pod, report, context);
    });
  },
};

function isServing(pod: Pod): boolean {
  return (
    runs(pod, "model-server") &&
    containersOf(pod).items.some(({ fields }) => isPresent(at(fields, "resources", "limits", GPU)))
  );
}

function judgePod(pod: Pod, report: Report, context: Context): void {
  const containers = containersOf(pod).items;
  const prepares = containers.find(
    ({ kind, name }) => kind === "init container" && name === "weights",
  );
  if (prepares === undefined) {
    report.fails(
      `${pod.owner} loads weights that nobody verified. Add the init container weights.`,
    );
    return;
  }
  if (!KEYS.some((key) => hasVariable(prepares, key, context))) {
    report.fails(`${pod.owner} keeps its weights unsealed. Set ${KEYS.join(" or ")}.`);
  }
  const to = statedVariable(prepares, "WEIGHTS_TO", context) ?? "";
  for (const engine of containers.filter(({ fields }) =>
    isPresent(at(fields, "resources", "limits", GPU)),
  )) {
    const from = statedVariable(engine, "MODEL_PATH", context) ?? "";
    if (from !== to)
      report.fails(`${pod.owner} loads ${from || "an unknown folder"}, and ${to} was verified.`);
  }
}
