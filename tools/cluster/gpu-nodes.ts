/**
 * Simulated GPU nodes: kwok keeps them Ready and lets pods that land on them seem to run. They carry
 * the labels, the taint and the capacity of a p4de.24xlarge (8 × A100-SXM4-80GB), and say that they
 * are simulated. Pure.
 */
import type { KubernetesObject } from "./api.ts";

export const SIMULATED_LABEL = "deepseek.local/simulated";

/** What the node advertises; the sizes are those of AWS' instance type p4de.24xlarge. */
const CAPACITY = {
  cpu: "96",
  memory: "1152Gi",
  pods: "110",
  "ephemeral-storage": "8000Gi",
  "nvidia.com/gpu": "8",
};

function gpuNodeName(index: number): string {
  return `gpu-${index + 1}`;
}

/** Labels are those of NVIDIA's GPU feature discovery, beside the usual ones of a cloud. */
export function gpuNode(index: number): KubernetesObject {
  const name = gpuNodeName(index);
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: {
        [SIMULATED_LABEL]: "true",
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "p4de.24xlarge",
        "topology.kubernetes.io/region": "simulated-1",
        "topology.kubernetes.io/zone": `simulated-1${"abc"[index % 3]}`,
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
        "nvidia.com/gpu.count": "8",
        "nvidia.com/gpu.memory": "81920",
        "nvidia.com/gpu.family": "ampere",
        "nvidia.com/gpu.compute.major": "8",
        "nvidia.com/gpu.compute.minor": "0",
        "nvidia.com/mig.capable": "true",
      },
    },
    spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }] },
  };
}

export function gpuNodeStatus(index: number): KubernetesObject {
  const { apiVersion, kind, metadata } = gpuNode(index);
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name },
    status: { capacity: CAPACITY, allocatable: CAPACITY },
  };
}

/** kwok's stages: how a node becomes ready, and how pods on it start, complete and go. */
export function stages(): string {
  return [NODE_READY, POD_READY, POD_COMPLETE, POD_DELETE].join("---\n");
}

function stage(name: string, kind: string, expressions: string, next: string): string {
  return `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: ${name}
spec:
  resourceRef: {apiGroup: v1, kind: ${kind}}
  selector:
    matchExpressions:
${expressions}
  next:
${next}
`;
}

const NODE_READY = stage(
  "node-ready",
  "Node",
  `    - {key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"]}`,
  `    statusTemplate: |
      conditions:
      {{ range NodeConditions }}
      - type: {{ .type | Quote }}
        status: {{ .status | Quote }}
        reason: {{ .reason | Quote }}
        message: {{ .message | Quote }}
        lastHeartbeatTime: {{ Now | Quote }}
        lastTransitionTime: {{ Now | Quote }}
      {{ end }}
      nodeInfo:
        architecture: amd64
        operatingSystem: linux
        osImage: simulated
        kernelVersion: simulated
        containerRuntimeVersion: simulated
        kubeletVersion: simulated
        kubeProxyVersion: ""
        machineID: ""
        systemUUID: ""
        bootID: ""
      phase: Running`,
);

const ALIVE = `    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}`;

const POD_READY = stage(
  "pod-ready",
  "Pod",
  `${ALIVE}
    - {key: .status.phase, operator: In, values: [Pending]}`,
  `    statusTemplate: |
      {{ $now := Now | Quote }}
      phase: Running
      startTime: {{ $now }}
      conditions:
      {{ range $type := list "PodReadyToStartContainers" "Initialized" "ContainersReady" "Ready" }}
      - {type: {{ $type }}, status: "True", lastTransitionTime: {{ $now }}}
      {{ end }}
      {{ range .spec.readinessGates }}
      - {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now }}}
      {{ end }}
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: simulated
        ready: true
        started: true
        restartCount: 0
        state: {running: {startedAt: {{ $now }}}}
      {{ end }}
      {{ if .spec.initContainers }}
      initContainerStatuses:
      {{ range .spec.initContainers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: simulated
        ready: true
        restartCount: 0
        {{ if eq .restartPolicy "Always" }}
        started: true
        state: {running: {startedAt: {{ $now }}}}
        {{ else }}
        state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now }}, finishedAt: {{ $now }}}}
        {{ end }}
      {{ end }}
      {{ end }}
      {{ with PodIPsWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
      podIP: {{ index . 0 | Quote }}
      podIPs:
      {{ range . }}
      - ip: {{ . | Quote }}
      {{ end }}
      {{ end }}`,
);

const POD_COMPLETE = stage(
  "pod-complete",
  "Pod",
  `${ALIVE}
    - {key: .status.phase, operator: In, values: [Running]}
    - {key: '.metadata.ownerReferences.[].kind', operator: In, values: [Job]}`,
  `    statusTemplate: |
      {{ $now := Now | Quote }}
      phase: Succeeded
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: simulated
        ready: false
        started: false
        restartCount: 0
        state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now }}, finishedAt: {{ $now }}}}
      {{ end }}`,
);

const POD_DELETE = stage(
  "pod-delete",
  "Pod",
  `    - {key: .metadata.deletionTimestamp, operator: Exists}`,
  "    delete: true",
);
