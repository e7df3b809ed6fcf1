/**
 * A pod that asks for GPUs says which, and may stand on the tainted nodes that have them; one that asks
 * for none stays off them. Requests and limits are equal, since a GPU cannot be lent.
 */
import type { Report } from "../judging/rule.ts";
import { podRule } from "../kubernetes/pod-rule.ts";
import { containersOf, GPU, type Pod } from "../kubernetes/pods.ts";
import { asFields, at, isPresent } from "../kubernetes/values.ts";

const PRODUCT = "nvidia.com/gpu.product";

export const gpuPods = podRule({
  name: "gpu-pods",
  description: "Pods with GPUs tolerate the nodes' taint and name the GPU they were sized for.",
  severity: "medium",
  pod: (pod, report) => {
    const asked = containersOf(pod).items.filter(({ fields }) =>
      ["requests", "limits"].some((group) => isPresent(at(fields, "resources", group, GPU))),
    );
    if (asked.length === 0) return;
    for (const { name, fields } of asked) {
      const [requests, limits] = ["requests", "limits"].map((group) =>
        at(fields, "resources", group, GPU),
      );
      if (isPresent(requests) && String(requests) !== String(limits)) {
        report.fails(
          `${pod.owner}, container ${name} asks for ${String(requests)} GPUs and may use ${String(limits)}. Make them equal.`,
        );
      }
    }
    judgePlace(pod, report);
  },
});

function judgePlace(pod: Pod, report: Report): void {
  const { tolerations } = pod.spec;
  const tolerates = (Array.isArray(tolerations) ? tolerations : []).some(
    (one) => at(one, "key") === GPU,
  );
  if (!tolerates) report.fails(`${pod.owner} cannot stand on a GPU node. Tolerate ${GPU}.`);
  const selected = isPresent(asFields(pod.spec["nodeSelector"])?.[PRODUCT]);
  const terms = at(
    pod.spec,
    "affinity",
    "nodeAffinity",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "nodeSelectorTerms",
  );
  const named = (Array.isArray(terms) ? terms : []).some((term) => {
    const list = at(term, "matchExpressions");
    return (Array.isArray(list) ? list : []).some((one) => at(one, "key") === PRODUCT);
  });
  if (!selected && !named) report.fails(`${pod.owner} takes any GPU. Select ${PRODUCT}.`);
}
