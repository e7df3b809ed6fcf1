/** What judges say of pods that reach for GPUs, and why it stays as it is. */
import type { Explanation } from "./explanation.ts";

const DAEMONS = ["DaemonSet/deepseek-gpu/*"];
const DRIVERS = {
  reason:
    "Device plugins and the exporter of GPU counters speak to kubelet and to the driver through the " +
    "node's own sockets and devices, which belong to root; counters need SYS_ADMIN.",
  instead:
    "They run in a namespace of their own whose exemption from restricted pod security is stated " +
    "with its reason; nothing that meets a caller runs there, and they hold no secret of callers.",
};
const EXPORTER = ["DaemonSet/deepseek-gpu/dcgm-exporter#*"];
const ADAPTERS = ["DaemonSet/deepseek-gpu/efa-device-plugin*"];
const NO_QUESTION = {
  reason:
    "Kubelet watches a plugin's socket by itself; a worker of a group serves nothing of its own.",
  instead:
    "A plugin that is gone takes its GPUs off the node's list; a group is restarted as one when " +
    "its leader fails.",
};
const RAY = ["Pod/deepseek/ray-*"];
const RAY_USER = {
  objects: RAY,
  reason: "Ray's image is made for user 1000.",
  instead: "Restricted pod security all the same: no right, no escalation, a read-only root.",
};

export const EXPLAINED_GPUS: readonly Explanation[] = [
  ...["CKV_K8S_23", "CKV_K8S_40"].map((rule) => row("checkov", rule, DAEMONS)),
  ...["KBP104", "KBP105", "PSS105", "PSS201", "PSS203", "PSS204"].map((rule) =>
    row("monokle", rule, DAEMONS),
  ),
  row("kube-score", "container-security-context-user-group-id", DAEMONS),
  ...["CKV_K8S_25", "CKV_K8S_39", "CKV_K8S_22"].map((rule) => row("checkov", rule, EXPORTER)),
  ...["KBP100", "PSS104", "PSS206", "KBP102"].map((rule) => row("monokle", rule, EXPORTER)),
  row("kube-score", "container-security-context-readonlyrootfilesystem", EXPORTER),
  row("checkov", "CKV_K8S_19", ADAPTERS),
  row("monokle", "PSS102", ADAPTERS),
  ...["CKV_K8S_8", "CKV_K8S_9"].map((rule) => ({
    judge: "checkov" as const,
    rule,
    objects: ["DaemonSet/deepseek-gpu/*-device-plugin*", "Pod/deepseek/group-*-workertemplate#*"],
    ...NO_QUESTION,
  })),
  { judge: "checkov", rule: "CKV_K8S_40", ...RAY_USER },
  { judge: "kube-score", rule: "container-security-context-user-group-id", ...RAY_USER },
  ...["KBP104", "KBP105"].map((rule) => ({ judge: "monokle" as const, rule, ...RAY_USER })),
];

function row(judge: Explanation["judge"], rule: string, objects: readonly string[]): Explanation {
  return { judge, rule, objects, ...DRIVERS };
}
