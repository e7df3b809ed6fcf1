/** What judges say and why it stays as it is. A row that matches nothing fails `npm run judge`, too. */
import { EXPLAINED_CLOUD } from "./explained-cloud.ts";
import { EXPLAINED_GPUS } from "./explained-gpus.ts";
import { EXPLAINED_GRAFANA } from "./explained-grafana.ts";
import { EXPLAINED_LOGS } from "./explained-logs.ts";
import type { Explanation } from "./explanation.ts";

// "Pod/*" are the templates in a LeaderWorkerSet and a RayService.
const WORKLOADS = ["Deployment/*", "StatefulSet/*", "DaemonSet/*", "Pod/*"];

const NO_PROCESSOR_LIMIT = {
  objects: WORKLOADS,
  reason:
    "A hard limit of processor time stops a program in the middle of an answer while cores idle; " +
    "the request already is its share where they are scarce.",
  instead:
    "Every container requests processor time, and limits equal requests for memory; a namespace " +
    "has a ResourceQuota for the sum.",
};
const ALREADY_THERE = {
  objects: WORKLOADS,
  reason:
    "Asking the registry at every start makes each restart depend on it, which a site without a " +
    "way out, or one that has just lost it, does not survive.",
  instead:
    "Tags carry a hash of what an image was built from and are never written twice; a digest is " +
    "added when images are locked.",
};
const SECRET_VARIABLES = {
  reason:
    "redis-cli takes a password from a variable or from its arguments, and the exporters' Debian " +
    "versions from a variable.",
  instead:
    "Each is the password of a user that may ping, or read statistics, and nothing else; the " +
    "variable can be read by the pod's own user alone.",
};
const DOORS = {
  objects: ["Service/deepseek/edge", "Service/monitoring/prometheus"],
  reason:
    "A cluster of one's own has no load balancer to be counted on; callers come by a port of its " +
    "nodes, and so does the operator who asked for Prometheus' port in the settings.",
  instead:
    "NetworkPolicies let in the callers' ranges alone, both speak TLS 1.3 only, and the one-node " +
    "cluster answers such ports on loopback.",
};
const SPREAD = {
  reason: "The judge knows anti-affinity alone, and takes no notice of what replaced it.",
  instead:
    "Topology spread over hosts and zones, per generation of pods (components/pod-template.ts).",
};

export const EXPLAINED: readonly Explanation[] = [
  ...EXPLAINED_GPUS,
  ...EXPLAINED_CLOUD,
  ...EXPLAINED_GRAFANA,
  ...EXPLAINED_LOGS,
  { judge: "checkov", rule: "CKV_K8S_11", ...NO_PROCESSOR_LIMIT },
  { judge: "monokle", rule: "KBP003", ...NO_PROCESSOR_LIMIT },
  { judge: "kube-score", rule: "container-resources", ...NO_PROCESSOR_LIMIT },
  { judge: "kube-score", rule: "container-cpu-requests-equal-limits", ...NO_PROCESSOR_LIMIT },
  { judge: "kube-score", rule: "container-resource-requests-equal-limits", ...NO_PROCESSOR_LIMIT },
  { judge: "checkov", rule: "CKV_K8S_15", ...ALREADY_THERE },
  { judge: "kube-score", rule: "container-image-pull-policy", ...ALREADY_THERE },
  {
    judge: "checkov",
    rule: "CKV_K8S_43",
    objects: WORKLOADS,
    reason:
      "Digests of images that nobody has pulled yet are not known, and none is made up; images " +
      "built for the local stack exist under their tag alone.",
    instead:
      "`npm run images -- lock` writes digests into the settings, and production refuses to be " +
      "deployed without them.",
  },
  {
    judge: "checkov",
    rule: "CKV_K8S_35",
    objects: [
      "StatefulSet/deepseek/postgres#postgres-exporter",
      "StatefulSet/deepseek/redis#redis",
    ],
    ...SECRET_VARIABLES,
  },
  {
    judge: "monokle",
    rule: "KBP112",
    objects: [
      "StatefulSet/deepseek/postgres#postgres-exporter",
      "StatefulSet/deepseek/redis#redis",
      "StatefulSet/deepseek/redis#redis-exporter",
      "StatefulSet/deepseek/redis#sentinel",
    ],
    ...SECRET_VARIABLES,
  },
  {
    judge: "monokle",
    rule: "KBP111",
    objects: ["StatefulSet/deepseek/gateway#gateway"],
    reason: "The judge reads the names of variables: these end in _FILE and hold paths.",
    instead: "The gateway takes every secret from a mounted file.",
  },
  {
    judge: "monokle",
    rule: "LNK001",
    objects: ["NetworkPolicy/*/allow-dns"],
    reason: "The cluster's name server is no object of the stack, so that the judge cannot see it.",
    instead:
      "The label that every conformant cluster gives it is named; others are in the settings.",
  },
  { judge: "monokle", rule: "KBP114", ...DOORS },
  { judge: "kube-score", rule: "service-type", ...DOORS },
  {
    judge: "kube-score",
    rule: "deployment-has-host-podantiaffinity",
    objects: ["Deployment/deepseek/edge", "Deployment/deepseek/model-*"],
    ...SPREAD,
  },
  {
    judge: "kube-score",
    rule: "statefulset-has-host-podantiaffinity",
    objects: ["StatefulSet/deepseek/gateway"],
    ...SPREAD,
  },
  {
    judge: "kube-score",
    rule: "deployment-replicas",
    objects: ["Deployment/deepseek/model-*"],
    reason:
      "How many model servers there are is a matter of GPUs that were bought, and set per model.",
    instead: "The gateway queues, routes to another target or provider, and says 503 in time.",
  },
  {
    judge: "kube-score",
    rule: "container-ephemeral-storage-request-and-limit",
    objects: WORKLOADS,
    reason:
      "A limit would count the node's log files, so that a talkative program would be evicted " +
      "for what kubelet rotates anyway.",
    instead:
      "Nothing else can be written: root file systems are read-only, every scratch folder has a " +
      "size limit, data is on volumes of a stated size.",
  },
  {
    judge: "kube-score",
    rule: "pod-probes-identical",
    objects: [
      "Deployment/deepseek/edge",
      "Deployment/deepseek/model-*",
      "DaemonSet/deepseek-gpu/dcgm-exporter",
      "DaemonSet/deepseek-logs/log-agent",
      "StatefulSet/monitoring/collector",
      "Deployment/monitoring/grafana",
      "Pod/deepseek/*",
      "StatefulSet/deepseek/postgres",
      "StatefulSet/deepseek/redis",
      "StatefulSet/deepseek/restore-test",
    ],
    reason: "These programs have one answer to both questions: they serve, or they do not.",
    instead:
      "The bounds differ: out of the endpoints after 6 seconds, restarted after a minute of " +
      "silence (components/sizing/probes.ts); the gateway, which can say more, has two answers.",
  },
  {
    judge: "kube-score",
    rule: "statefulset-has-servicename",
    objects: ["StatefulSet/*"],
    reason:
      "The judge wants a Service without an address of its own, by which single pods are called. " +
      "Nobody calls a single one of these pods.",
    instead: "A Service with one address for callers, and one without for Prometheus.",
  },
  {
    judge: "monokle",
    rule: "LNK001",
    objects: [
      "Deployment/deepseek/model-*",
      "StatefulSet/deepseek/gateway",
      "StatefulSet/deepseek/restore-test",
      "NetworkPolicy/*",
    ],
    reason:
      "They name what others make: pods of operators (CloudNativePG, KubeRay, KEDA), volumes and " +
      "keys of weights, of backups and of the audit trail's archive that the site's owner put there.",
    instead:
      "docs/serving.md and docs/data.md name what must be there; a pod that misses a volume or a " +
      "key does not start, and says so.",
  },
  ...(["LNK001", "service-targets-pod"] as const).map((rule) => ({
    judge: rule === "LNK001" ? ("monokle" as const) : ("kube-score" as const),
    rule,
    objects: ["Service/deepseek/postgres-metrics"],
    reason:
      "CloudNativePG makes the instances that it selects, by labels which the operator writes.",
    instead: "An instance that does not answer is told of by TargetDown.",
  })),
  ...(["LNK001", "service-targets-pod"] as const).map((rule) => ({
    judge: rule === "LNK001" ? ("monokle" as const) : ("kube-score" as const),
    rule,
    objects: ["Service/gpu-operator/dcgm-exporter-metrics"],
    reason:
      "NVIDIA's operator makes the exporters that it selects, by the label of their DaemonSet.",
    instead: "Where none answers, GpuExporterAway tells.",
  })),
  {
    judge: "kube-score",
    rule: "networkpolicy-targets-pod",
    objects: [
      "NetworkPolicy/deepseek/allow-postgres",
      "NetworkPolicy/deepseek/allow-ledger-copy",
      "NetworkPolicy/deepseek-patient/*",
    ],
    reason: "The pods that they select are made by CloudNativePG, and by fine-tuning's Jobs.",
    instead: "They are selected by the label that the operator gives its pods.",
  },
  {
    judge: "kube-score",
    rule: "deployment-has-poddisruptionbudget",
    objects: ["Deployment/deepseek/model-*"],
    reason: "A model that may have no server at all has none to spare or to keep.",
    instead: "From two servers on there is a budget.",
  },
  {
    judge: "monokle",
    rule: "KBP107",
    objects: ["Role/deepseek-patient/gateway-fine-tuning"],
    reason: "The gateway makes the Jobs of fine-tuning, and Jobs make pods.",
    instead:
      "In that namespace alone; an admission policy holds the gateway's account to the template: " +
      "its image, its volumes, its labels, no Secret and no token.",
  },
];
