/** When a Pod runs (or has done its work), and when a Job has ended. */
import {
  conditionOf,
  field,
  type KubeObject,
  nameOf,
  namespaceOf,
  numberAt,
  stringAt,
} from "../kube-object.ts";
import { isPodReady, podProblem, podProblems } from "./pod-problems.ts";
import { failed, ready, type Verdict, WAIT_TIMEOUT_MS, type WaitRule, waiting } from "./rule.ts";

export function podRule(): WaitRule {
  return { timeoutMs: WAIT_TIMEOUT_MS, related: [], judge: judgePod };
}

export function judgePod(pod: KubeObject): Verdict {
  const phase = stringAt(pod, "status", "phase") ?? "Pending";
  if (phase === "Succeeded") return ready("the pod has done its work");
  const problem = podProblem(pod);
  if (phase === "Failed") return failed(`the pod failed`, problem === undefined ? [] : [problem]);
  if (isPodReady(pod)) return ready("the pod is ready");
  return waiting(`the pod is ${phase.toLowerCase()}`, problem === undefined ? [] : [problem]);
}

export function jobRule(object: KubeObject): WaitRule {
  return {
    timeoutMs: WAIT_TIMEOUT_MS,
    related: [
      {
        key: "pods",
        gvk: { apiVersion: "v1", kind: "Pod" },
        namespace: namespaceOf(object),
        labelSelector: `batch.kubernetes.io/job-name=${nameOf(object)}`,
      },
    ],
    judge: (job, related) => judgeJob(job, related.pods ?? []),
  };
}

export function judgeJob(job: KubeObject, pods: readonly KubeObject[]): Verdict {
  if (conditionOf(job, "Complete")?.status === "True") return ready("complete");
  const problems = podProblems(pods);
  const failure = conditionOf(job, "Failed");
  if (failure?.status === "True") {
    const reason = stringAt(failure, "reason") ?? "Failed";
    return failed(`the job failed: ${reason}: ${stringAt(failure, "message") ?? ""}`, problems);
  }
  if (field(job, "spec", "suspend") === true) return ready("suspended: nothing runs");
  const completions = numberAt(job, "spec", "completions") ?? 1;
  const done = numberAt(job, "status", "succeeded") ?? 0;
  return waiting(`${done} of ${completions} completions`, problems);
}
