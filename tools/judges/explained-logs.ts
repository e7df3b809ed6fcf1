/** What judges say of the agent that reads log files of its node, and why it stays as it is. */
import type { Explanation } from "./explanation.ts";

const AGENT = {
  objects: ["DaemonSet/deepseek-logs/log-agent*"],
  reason:
    "Log files of pods lie on the node and belong to root: whoever reads them is root and mounts " +
    "their folder.",
  instead:
    "It drops every capability, mounts that one folder to read only and has a read-only root file " +
    "system; it stands alone in a namespace whose exemption says why, and reaches the Collector only.",
};

export const EXPLAINED_LOGS: readonly Explanation[] = [
  ...["CKV_K8S_23", "CKV_K8S_40"].map((rule) => ({ judge: "checkov" as const, rule, ...AGENT })),
  ...["KBP104", "KBP105", "PSS105", "PSS201", "PSS203", "PSS204"].map((rule) => ({
    ...{ judge: "monokle" as const, rule },
    ...AGENT,
  })),
  { judge: "kube-score", rule: "container-security-context-user-group-id", ...AGENT },
];
