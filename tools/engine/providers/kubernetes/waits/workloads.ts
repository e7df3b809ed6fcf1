/**
 * When a Deployment, StatefulSet, DaemonSet or ReplicationController is ready: what `kubectl rollout
 * status` and the real Pulumi provider ask for, told from the status its controller writes.
 */
import {
  conditionOf,
  field,
  type KubeObject,
  listAt,
  mapAt,
  namespaceOf,
  numberAt,
  stringAt,
} from "../kube-object.ts";
import { isPodLeaving, podProblems, selectorText } from "./pod-problems.ts";
import {
  failed,
  type Related,
  type RelatedQuery,
  ready,
  type Verdict,
  WAIT_TIMEOUT_MS,
  type WaitRule,
  waiting,
} from "./rule.ts";

const POD = { apiVersion: "v1", kind: "Pod" };

function podsOf(object: KubeObject): RelatedQuery[] {
  const labelSelector = selectorText(mapAt(object, "spec", "selector"));
  if (labelSelector === undefined) return [];
  return [{ key: "pods", gvk: POD, namespace: namespaceOf(object), labelSelector }];
}

function workload(
  object: KubeObject,
  judge: (object: KubeObject, pods: readonly KubeObject[]) => Verdict,
): WaitRule {
  return {
    timeoutMs: WAIT_TIMEOUT_MS,
    related: podsOf(object),
    judge: (current, related) => judge(current, currentPods(current, related)),
  };
}

export const deploymentRule = (object: KubeObject): WaitRule => workload(object, judgeDeployment);
export const statefulSetRule = (object: KubeObject): WaitRule => workload(object, judgeStatefulSet);
export const daemonSetRule = (object: KubeObject): WaitRule => workload(object, judgeDaemonSet);

/** Until the controller has seen the current generation, its numbers are about the one before. */
function isObserved(object: KubeObject): boolean {
  const generation = numberAt(object, "metadata", "generation") ?? 0;
  return (numberAt(object, "status", "observedGeneration") ?? -1) >= generation;
}

function count(object: KubeObject, name: string): number {
  return numberAt(object, "status", name) ?? 0;
}

export function judgeDeployment(object: KubeObject, pods: readonly KubeObject[]): Verdict {
  if (field(object, "spec", "paused") === true) return ready("paused: nothing is rolled out");
  if (!isObserved(object)) return waiting("waiting for the controller to see the change");
  const replicas = numberAt(object, "spec", "replicas") ?? 1;
  const updated = count(object, "updatedReplicas");
  const available = count(object, "availableReplicas");
  const problems = podProblems(pods);
  const progressing = conditionOf(object, "Progressing");
  if (progressing?.status === "False" && progressing.reason === "ProgressDeadlineExceeded") {
    const upTo = Math.min(count(object, "readyReplicas"), updated);
    return failed(
      `the roll-out made no progress in time: ${upTo} of ${replicas} replicas ready`,
      problems,
    );
  }
  const failure = conditionOf(object, "ReplicaFailure");
  const refused =
    failure?.status === "True" ? [stringAt(failure, "message") ?? "no pod could be created"] : [];
  const why = [...refused, ...problems];
  if (updated < replicas) return waiting(`${updated} of ${replicas} replicas updated`, why);
  const old = count(object, "replicas") - updated;
  if (available < updated) {
    const up = Math.min(count(object, "readyReplicas"), updated);
    // With minReadySeconds a pod that is ready is available only some time later.
    const status =
      up < replicas
        ? `${up} of ${replicas} replicas ready`
        : `${available} of ${replicas} replicas available`;
    return waiting(status, why);
  }
  if (old > 0) return waiting(`${old} old replicas still to be removed`, why);
  if (replicas > 0 && conditionOf(object, "Available")?.status !== "True") {
    return waiting(`${available} of ${replicas} replicas available`, why);
  }
  return ready(`${available} of ${replicas} replicas ready`);
}

export function judgeStatefulSet(object: KubeObject, pods: readonly KubeObject[]): Verdict {
  if (!isObserved(object)) return waiting("waiting for the controller to see the change");
  const replicas = numberAt(object, "spec", "replicas") ?? 1;
  const readyReplicas = count(object, "readyReplicas");
  const status = `${readyReplicas} of ${replicas} replicas ready`;
  const problems = podProblems(pods);
  if (readyReplicas < replicas || count(object, "replicas") > replicas)
    return waiting(status, problems);
  if (stringAt(object, "spec", "updateStrategy", "type") === "OnDelete") return ready(status);
  const partition = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
  const updated = count(object, "updatedReplicas");
  if (partition > 0) {
    const wanted = Math.max(0, replicas - partition);
    return updated >= wanted
      ? ready(status)
      : waiting(`${updated} of ${wanted} replicas updated`, problems);
  }
  const current = stringAt(object, "status", "currentRevision");
  if (current !== stringAt(object, "status", "updateRevision")) {
    return waiting(`${updated} of ${replicas} replicas updated`, problems);
  }
  return ready(status);
}

export function judgeDaemonSet(object: KubeObject, pods: readonly KubeObject[]): Verdict {
  if (!isObserved(object)) return waiting("waiting for the controller to see the change");
  const desired = count(object, "desiredNumberScheduled");
  const available = count(object, "numberAvailable");
  const updated = count(object, "updatedNumberScheduled");
  const problems = podProblems(pods);
  const onDelete = stringAt(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (!onDelete && updated < desired)
    return waiting(`${updated} of ${desired} pods updated`, problems);
  if (available < desired) return waiting(`${available} of ${desired} pods ready`, problems);
  return ready(`${available} of ${desired} pods ready`);
}

export function replicationControllerRule(object: KubeObject): WaitRule {
  const labels = Object.entries(mapAt(object, "spec", "selector")).map(
    ([key, value]) => `${key}=${value}`,
  );
  const namespace = namespaceOf(object);
  return {
    timeoutMs: WAIT_TIMEOUT_MS,
    related:
      labels.length === 0
        ? []
        : [{ key: "pods", gvk: POD, namespace, labelSelector: labels.join(",") }],
    judge: (current, related) => {
      const replicas = numberAt(current, "spec", "replicas") ?? 1;
      const available = count(current, "availableReplicas");
      const status = `${available} of ${replicas} replicas ready`;
      if (isObserved(current) && available >= replicas) return ready(status);
      return waiting(status, podProblems(related.pods ?? []));
    },
  };
}

/** Pods of the newest template; those of the one before tell nothing about this roll-out. */
function currentPods(object: KubeObject, related: Related): KubeObject[] {
  const pods = (related.pods ?? []).filter((pod) => !isPodLeaving(pod));
  const uid = stringAt(object, "metadata", "uid");
  const newest = [...pods].sort((a, b) => createdAt(b).localeCompare(createdAt(a)))[0];
  if (newest === undefined) return [];
  const hash = stringAt(newest, "metadata", "labels", "pod-template-hash");
  if (hash !== undefined) {
    return pods.filter((pod) => stringAt(pod, "metadata", "labels", "pod-template-hash") === hash);
  }
  // StatefulSets and DaemonSets own their pods themselves.
  return pods.filter((pod) =>
    listAt(pod, "metadata", "ownerReferences").some((owner) => owner.uid === uid),
  );
}

function createdAt(pod: KubeObject): string {
  return stringAt(pod, "metadata", "creationTimestamp") ?? "";
}
