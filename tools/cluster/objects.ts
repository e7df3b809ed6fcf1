/** Kubernetes objects that belong to the cluster itself: rights, DNS, storage. Pure. */
import type { KubernetesObject } from "./api.ts";
import { type Layout, NODE_NAME, STORAGE_CLASS, VOLUME_COUNT } from "./layout.ts";

const RBAC = "rbac.authorization.k8s.io/v1";
const WATCH = ["get", "list", "watch"];
const DNS_LABELS = { "k8s-app": "kube-dns" };
const DNS_USER = 10001;
/** What one static volume claims to hold; a folder has no limit of its own. */
const VOLUME_CAPACITY = "50Gi";

export interface ObjectChoices {
  readonly corednsImage: string;
  /** The host's resolvers, for names outside the cluster; may be empty. */
  readonly upstreams: readonly string[];
}

/** Needed before the programs that use these rights start. */
export function rights(): KubernetesObject[] {
  return [
    ...role("deepseek:node-agent", { kind: "User", name: "deepseek:node-agent" }, [
      { apiGroups: [""], resources: ["pods", "namespaces"], verbs: WATCH },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...WATCH, "patch"] },
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: WATCH },
    ]),
    ...role("deepseek:kwok", { kind: "User", name: "deepseek:kwok" }, [
      { apiGroups: [""], resources: ["nodes"], verbs: WATCH },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch", "update"] },
      { apiGroups: [""], resources: ["pods"], verbs: [...WATCH, "delete", "patch", "update"] },
      { apiGroups: [""], resources: ["pods/status"], verbs: ["patch", "update"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch", "update"] },
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        verbs: [...WATCH, "create", "patch", "update", "delete"],
      },
    ]),
    // `kubectl logs` and `exec`: the API server asks the kubelet, which asks the API server back.
    ...role("deepseek:dns", { kind: "ServiceAccount", name: "coredns", namespace: "kube-system" }, [
      { apiGroups: [""], resources: ["services", "namespaces", "pods"], verbs: ["list", "watch"] },
      {
        apiGroups: ["discovery.k8s.io"],
        resources: ["endpointslices"],
        verbs: ["list", "watch"],
      },
    ]),
  ];
}

function role(name: string, subject: object, rules: unknown[]): KubernetesObject[] {
  const binding = {
    kind: "ClusterRoleBinding",
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [
      "namespace" in subject ? subject : { apiGroup: "rbac.authorization.k8s.io", ...subject },
    ],
  };
  return [
    { apiVersion: RBAC, kind: "ClusterRole", metadata: { name }, rules },
    { apiVersion: RBAC, ...binding, metadata: { name } },
  ];
}

/** A class that binds when a pod comes, and the folders of this node as its volumes. */
export function storage(layout: Layout): KubernetesObject[] {
  const volumes = volumeNames().map((name) => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: VOLUME_CAPACITY },
      accessModes: ["ReadWriteOnce"],
      // The node agent empties a released volume and offers it again.
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: STORAGE_CLASS,
      local: { path: `${layout.volumesDir}/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: "kubernetes.io/hostname", operator: "In", values: [NODE_NAME] },
              ],
            },
          ],
        },
      },
    },
  }));
  const storageClass = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: STORAGE_CLASS,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy: "Retain",
  };
  return [storageClass, ...volumes];
}

export function volumeNames(): string[] {
  return Array.from(
    { length: VOLUME_COUNT },
    (_, index) => `local-${String(index + 1).padStart(2, "0")}`,
  );
}

/**
 * CoreDNS as ordinary pods behind the Service kube-dns, as on other clusters: a NetworkPolicy that
 * names the DNS pods by their labels means the same here.
 */
export function dns(layout: Layout, choices: ObjectChoices): KubernetesObject[] {
  const namespace = "kube-system";
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "coredns", namespace } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "coredns", namespace },
      data: { Corefile: corefile(choices.upstreams) },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace, labels: DNS_LABELS },
      spec: {
        clusterIP: layout.network.dnsAddress,
        selector: DNS_LABELS,
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
        ],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "coredns", namespace, labels: DNS_LABELS },
      spec: {
        replicas: 1,
        selector: { matchLabels: DNS_LABELS },
        template: {
          metadata: {
            labels: DNS_LABELS,
            annotations: { "deepseek.local/corefile": corefile(choices.upstreams) },
          },
          spec: dnsPod(choices.corednsImage),
        },
      },
    },
  ];
}

function dnsPod(image: string): unknown {
  const probe = (path: string, port: number) => ({ httpGet: { path, port }, periodSeconds: 2 });
  return {
    serviceAccountName: "coredns",
    dnsPolicy: "Default",
    priorityClassName: "system-cluster-critical",
    terminationGracePeriodSeconds: 5,
    nodeSelector: { "kubernetes.io/hostname": NODE_NAME },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: DNS_USER,
      runAsGroup: DNS_USER,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "coredns",
        image,
        imagePullPolicy: "Never",
        args: ["-conf", "/etc/coredns/Corefile"],
        ports: [
          { name: "dns", containerPort: 53, protocol: "UDP" },
          { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
        ],
        readinessProbe: probe("/ready", 8181),
        livenessProbe: { ...probe("/health", 8080), periodSeconds: 10, failureThreshold: 5 },
        resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "170Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "configuration", mountPath: "/etc/coredns", readOnly: true }],
      },
    ],
    volumes: [{ name: "configuration", configMap: { name: "coredns" } }],
  };
}

function corefile(upstreams: readonly string[]): string {
  const forward = upstreams.length === 0 ? "" : `  forward . ${upstreams.join(" ")}\n`;
  return `.:53 {
  errors
  health :8080
  ready :8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  cache 30
${forward}}
`;
}

/** Resolvers that a pod can reach: no loopback, IPv4 only, at most three as resolv.conf has. */
export function upstreamsOf(resolvConf: string): string[] {
  return resolvConf
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)/.exec(line)?.[1])
    .filter((address) => address !== undefined)
    .filter((address) => !address.startsWith("127."))
    .slice(0, 3);
}
