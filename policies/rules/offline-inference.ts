/**
 * Model servers need nothing from outside: weights, tokenizer and licence are there, and neither the
 * libraries nor the engine reports home. With this a site serves through the loss of its line.
 */
import type { Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { containersOf, GPU, hasPods, podsOf, whereOf } from "../kubernetes/pods.ts";
import { runs } from "../kubernetes/read.ts";
import { at, isPresent } from "../kubernetes/values.ts";
import { statedVariable } from "../kubernetes/variables.ts";

const NEEDED = [
  ["HF_HUB_OFFLINE", "1"],
  ["TRANSFORMERS_OFFLINE", "1"],
  ["VLLM_NO_USAGE_STATS", "1"],
  ["DO_NOT_TRACK", "1"],
] as const;

export const offlineInference: Rule = {
  name: "offline-inference",
  description: "Model servers fetch nothing and report nothing.",
  severity: "medium",
  sees: "stack",
  about: "model servers on GPUs",
  applies: ({ type, props }) =>
    hasPods(type) &&
    podsOf(type, props).items.some(
      (pod) =>
        runs(pod, "model-server") &&
        containersOf(pod).items.some(({ fields }) =>
          isPresent(at(fields, "resources", "limits", GPU)),
        ),
    ),
  judge: ({ type, props }, report, context) => {
    judgeEach(podsOf(type, props).items, (pod) => {
      if (!runs(pod, "model-server")) return;
      for (const container of containersOf(pod).items) {
        if (!isPresent(at(container.fields, "resources", "limits", GPU))) continue;
        const lacking = NEEDED.filter(
          ([name, value]) => statedVariable(container, name, context) !== value,
        );
        if (lacking.length === 0) continue;
        const words = lacking.map(([name, value]) => `${name}=${value}`).join(", ");
        report.fails(`${whereOf(pod, container)} may call home. Set ${words}.`);
      }
    });
  },
};
