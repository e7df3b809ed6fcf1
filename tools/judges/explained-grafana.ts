/** What judges say of the stack's own Grafana, and why it stays as it is. */
import type { Explanation } from "./explanation.ts";

const OBJECTS = ["Deployment/monitoring/grafana*"];

const OWN_USER = {
  objects: OBJECTS,
  reason: "Grafana's image has files that belong to its own user and group, which are low numbers.",
  instead:
    "It is not root, may gain no privilege, has no capability and a read-only root file system; nothing " +
    "of the node is mounted, so that the number meets no file of the node's.",
};

const AUTHORITY_VARIABLE = {
  objects: OBJECTS,
  reason:
    "The variable holds the certificate of an authority, which is public. It stands in a Secret beside the " +
    "key that it belongs to, and provisioning of data sources knows no other way than variables.",
  instead: "Passwords, keys and the provider's secret are files.",
};

export const EXPLAINED_GRAFANA: readonly Explanation[] = [
  { judge: "checkov", rule: "CKV_K8S_40", ...OWN_USER },
  { judge: "kube-score", rule: "container-security-context-user-group-id", ...OWN_USER },
  ...["KBP104", "KBP105"].map((rule) => ({ judge: "monokle" as const, rule, ...OWN_USER })),
  { judge: "checkov", rule: "CKV_K8S_35", ...AUTHORITY_VARIABLE },
  { judge: "monokle", rule: "KBP112", ...AUTHORITY_VARIABLE },
  {
    judge: "kube-score",
    rule: "deployment-replicas",
    objects: OBJECTS,
    reason: "Its database is a file of its pod's, with sessions in it and nothing that is missed.",
    instead:
      "Everything is provisioned: another pod is there within seconds, and people sign in again. Alerts " +
      "do not need it.",
  },
];
