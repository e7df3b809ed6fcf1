/** What keeps a pod from being ready, in the words kubectl uses. */

import type { PropertyMap } from "../../../values.ts";
import {
  conditionOf,
  type KubeObject,
  listAt,
  mapAt,
  nameOf,
  numberAt,
  stringAt,
} from "../kube-object.ts";

/** Waiting reasons that are the normal course of a start. */
const NORMAL = new Set(["ContainerCreating", "PodInitializing"]);

export function isPodReady(pod: KubeObject): boolean {
  return conditionOf(pod, "Ready")?.status === "True";
}

/** Pods that are on their way out say nothing about the ones to come. */
export function isPodLeaving(pod: KubeObject): boolean {
  const phase = stringAt(pod, "status", "phase");
  return (
    stringAt(pod, "metadata", "deletionTimestamp") !== undefined ||
    phase === "Succeeded" ||
    phase === "Failed"
  );
}

/** One text per pod that is not ready and shows why; pods that merely start give none. */
export function podProblems(pods: readonly KubeObject[]): string[] {
  return pods.flatMap((pod) => {
    const problem = podProblem(pod);
    return problem === undefined ? [] : [`pod ${nameOf(pod)} ${problem}`];
  });
}

export function podProblem(pod: KubeObject): string | undefined {
  if (isPodReady(pod)) return undefined;
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    return `${stringAt(scheduled, "reason") ?? "Unschedulable"}: ${stringAt(scheduled, "message") ?? ""}`;
  }
  const statuses = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ];
  for (const status of statuses) {
    const problem = containerProblem(status);
    if (problem !== undefined) return problem;
  }
  if (stringAt(pod, "status", "phase") === "Failed") {
    return `${stringAt(pod, "status", "reason") ?? "Failed"}${suffix(stringAt(pod, "status", "message"))}`;
  }
  return undefined;
}

function containerProblem(status: PropertyMap): string | undefined {
  const name = stringAt(status, "name") ?? "";
  const stopped = mapAt(status, "state", "waiting");
  const reason = stringAt(stopped, "reason");
  if (reason !== undefined && !NORMAL.has(reason)) {
    const exit = lastExit(status);
    const message = exit ?? stringAt(stopped, "message");
    return `${reason} (container ${name})${suffix(message)}`;
  }
  const code = numberAt(status, "state", "terminated", "exitCode");
  if (code !== undefined && code !== 0) {
    const word = stringAt(status, "state", "terminated", "reason") ?? "Error";
    return `${word} (container ${name}): it ended with ${code}`;
  }
  const running = mapAt(status, "state", "running");
  if (Object.keys(running).length > 0 && status.ready === false) {
    const restarts = numberAt(status, "restartCount") ?? 0;
    const again = restarts > 0 ? `, restarted ${restarts} times` : "";
    return `is running but not ready (container ${name}${again})`;
  }
  return undefined;
}

function lastExit(status: PropertyMap): string | undefined {
  const code = numberAt(status, "lastState", "terminated", "exitCode");
  return code === undefined ? undefined : `it last ended with ${code}`;
}

function suffix(message: string | undefined): string {
  return message === undefined || message === "" ? "" : `: ${message}`;
}

/** `a=b,c in (d,e)` of a LabelSelector; undefined where it selects nothing we could ask for. */
export function selectorText(selector: PropertyMap): string | undefined {
  const labels = Object.entries(mapAt(selector, "matchLabels")).map(
    ([key, value]) => `${key}=${value}`,
  );
  const expressions = listAt(selector, "matchExpressions").map((expression) => {
    const key = stringAt(expression, "key") ?? "";
    const values = Array.isArray(expression.values) ? expression.values.join(",") : "";
    switch (stringAt(expression, "operator")) {
      case "In":
        return `${key} in (${values})`;
      case "NotIn":
        return `${key} notin (${values})`;
      case "DoesNotExist":
        return `!${key}`;
      default:
        return key;
    }
  });
  const all = [...labels, ...expressions];
  return all.length === 0 ? undefined : all.join(",");
}
