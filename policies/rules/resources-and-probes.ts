/**
 * Every container says what it needs and how one sees that it works: requests for processor and
 * memory, a wall for memory, probes where it runs for good. A hard processor limit is not asked for:
 * it throttles single answers, and shares already divide a full node fairly.
 */
import type { Report } from "../judging/rule.ts";
import { podRule } from "../kubernetes/pod-rule.ts";
import { type Container, type Pod, whereOf } from "../kubernetes/pods.ts";
import { asFields, at, isPresent } from "../kubernetes/values.ts";

const NEEDED: readonly (readonly [string, string])[] = [
  ["requests", "cpu"],
  ["requests", "memory"],
  ["limits", "memory"],
];
const PROBES = ["readinessProbe", "livenessProbe"];
const QUESTIONS = ["exec", "grpc", "httpGet", "tcpSocket"];

export const resourcesAndProbes = podRule({
  name: "resources-and-probes",
  description: "Containers state their resources; those that run for good have probes.",
  severity: "medium",
  container: judgeContainer,
});

function judgeContainer(pod: Pod, container: Container, report: Report): void {
  // Kubernetes takes neither resources nor probes for an ephemeral container.
  if (container.kind === "ephemeral container") return;
  const where = whereOf(pod, container);
  for (const [group, key] of NEEDED) {
    const value = at(container.fields, "resources", group, key);
    const isQuantity = typeof value === "number" || (typeof value === "string" && value !== "");
    if (!isQuantity) report.fails(`${where} has no resources.${group}.${key}. Set it.`);
  }
  const runsForGood = container.kind === "container" ? pod.longRunning : container.sidecar;
  if (!runsForGood) return;
  for (const probe of PROBES) {
    const value = container.fields[probe];
    const asks = QUESTIONS.some((question) => isPresent(asFields(value)?.[question]));
    if (!asks) report.fails(`${where} has no ${probe}. Give it ${QUESTIONS.join(", ")}.`);
  }
}
