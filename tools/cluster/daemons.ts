/** The programs of the cluster: their arguments, what they wait for, how readiness is asked. Pure. */
import type { Binaries } from "./binaries.ts";
import { certificateFile, keyFile, kubeconfigFile } from "./certificates.ts";
import {
  agentSocket,
  below,
  containerdSocket,
  type Layout,
  NODE_NAME,
  PORTS,
  STORAGE_CLASS,
} from "./layout.ts";
import { schedulerFile } from "./node-files.ts";

export type Probe =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "unix"; readonly path: string; readonly url: string }
  | { readonly kind: "http"; readonly port: number; readonly url: string }
  | {
      readonly kind: "https";
      readonly port: number;
      readonly url: string;
      readonly authority: string;
      readonly client?: string;
    };

export interface DaemonSpec {
  readonly name: DaemonName;
  readonly command: readonly string[];
  readonly after: readonly (DaemonName | "objects")[];
  readonly ready: Probe;
}

export type DaemonName =
  | "etcd"
  | "containerd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kube-proxy"
  | "node-agent"
  | "kubelet"
  | "kwok";

export interface DaemonChoices {
  readonly binaries: Binaries;
  readonly lockForwarding: boolean;
  readonly gpuNodes: number;
}

/** In the order in which they are started where nothing else orders them. */
export function daemonSpecs(layout: Layout, choices: DaemonChoices): DaemonSpec[] {
  const { kube } = choices.binaries;
  return [
    etcd(layout, kube),
    containerd(layout),
    apiServer(layout, kube),
    controllerManager(layout, kube),
    scheduler(layout, kube),
    proxy(layout, kube),
    nodeAgent(layout, kube, choices.lockForwarding),
    kubelet(layout, kube),
    ...(choices.gpuNodes > 0 ? [kwok(layout, choices.binaries.kwok)] : []),
  ];
}

/** The order in which they are ended: the kubelet first, so that it restarts nothing. */
export const STOP_ORDER: readonly DaemonName[] = [
  "kubelet",
  "kwok",
  "kube-proxy",
  "kube-scheduler",
  "kube-controller-manager",
  "node-agent",
  "kube-apiserver",
  "etcd",
  "containerd",
];

function etcd(layout: Layout, kube: string): DaemonSpec {
  const client = `https://127.0.0.1:${PORTS.etcd}`;
  const peer = `https://127.0.0.1:${PORTS.etcdPeer}`;
  const authority = certificateFile(layout, "etcd-ca");
  const pair = [certificateFile(layout, "etcd"), keyFile(layout, "etcd")] as const;
  return {
    name: "etcd",
    after: [],
    command: [
      kube,
      "etcd",
      `--name=${NODE_NAME}`,
      `--data-dir=${below(layout, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${NODE_NAME}=${peer}`,
      "--client-cert-auth",
      "--peer-client-cert-auth",
      `--trusted-ca-file=${authority}`,
      `--peer-trusted-ca-file=${authority}`,
      `--cert-file=${pair[0]}`,
      `--key-file=${pair[1]}`,
      `--peer-cert-file=${pair[0]}`,
      `--peer-key-file=${pair[1]}`,
      "--log-level=warn",
    ],
    ready: {
      kind: "https",
      port: PORTS.etcd,
      url: "/health",
      authority: "etcd-ca",
      client: "etcd-client",
    },
  };
}

function containerd(layout: Layout): DaemonSpec {
  return {
    name: "containerd",
    after: [],
    command: [
      "containerd",
      "--config",
      below(layout, "config/containerd.toml"),
      "--log-level=warn",
    ],
    ready: { kind: "socket", path: containerdSocket(layout) },
  };
}

function apiServer(layout: Layout, kube: string): DaemonSpec {
  return {
    name: "kube-apiserver",
    after: ["etcd"],
    command: [
      kube,
      "kube-apiserver",
      "--bind-address=127.0.0.1",
      `--secure-port=${PORTS.api}`,
      // Pods reach it through the node agent's relay at the node's own address.
      `--advertise-address=${layout.network.nodeAddress}`,
      "--endpoint-reconciler-type=lease",
      `--service-cluster-ip-range=${layout.network.serviceRange}`,
      `--tls-cert-file=${certificateFile(layout, "apiserver")}`,
      `--tls-private-key-file=${keyFile(layout, "apiserver")}`,
      `--client-ca-file=${certificateFile(layout, "ca")}`,
      `--etcd-servers=https://127.0.0.1:${PORTS.etcd}`,
      `--etcd-cafile=${certificateFile(layout, "etcd-ca")}`,
      `--etcd-certfile=${certificateFile(layout, "etcd-client")}`,
      `--etcd-keyfile=${keyFile(layout, "etcd-client")}`,
      `--kubelet-certificate-authority=${certificateFile(layout, "ca")}`,
      `--kubelet-client-certificate=${certificateFile(layout, "apiserver-kubelet")}`,
      `--kubelet-client-key=${keyFile(layout, "apiserver-kubelet")}`,
      "--kubelet-preferred-address-types=InternalIP",
      `--service-account-key-file=${below(layout, "pki", "service-account.pub")}`,
      `--service-account-signing-key-file=${keyFile(layout, "service-account")}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--anonymous-auth=false",
      "--allow-privileged=true",
      "--profiling=false",
    ],
    ready: {
      kind: "https",
      port: PORTS.api,
      url: "/readyz",
      authority: "ca",
      client: "admin",
    },
  };
}

function controllerManager(layout: Layout, kube: string): DaemonSpec {
  return {
    name: "kube-controller-manager",
    after: ["kube-apiserver"],
    command: [
      kube,
      "kube-controller-manager",
      ...controlPlane(layout, "controller-manager", PORTS.controllerManager),
      `--root-ca-file=${certificateFile(layout, "ca")}`,
      `--service-account-private-key-file=${keyFile(layout, "service-account")}`,
      "--use-service-account-credentials",
      `--cluster-signing-cert-file=${certificateFile(layout, "ca")}`,
      `--cluster-signing-key-file=${keyFile(layout, "ca")}`,
      // A single node that is briefly busy must not lose its pods.
      "--node-monitor-grace-period=60s",
    ],
    ready: loopbackHealth(PORTS.controllerManager),
  };
}

function scheduler(layout: Layout, kube: string): DaemonSpec {
  return {
    name: "kube-scheduler",
    after: ["kube-apiserver"],
    command: [
      ...[kube, "kube-scheduler", `--config=${schedulerFile(layout)}`],
      ...servingFlags(layout, "scheduler", PORTS.scheduler),
    ],
    ready: loopbackHealth(PORTS.scheduler),
  };
}

function controlPlane(layout: Layout, name: string, port: number): string[] {
  return [
    `--kubeconfig=${kubeconfigFile(layout, name)}`,
    "--leader-elect=false",
    "--profiling=false",
    ...servingFlags(layout, name, port),
  ];
}

/** How a control-plane program listens, and whom it asks about its callers. */
function servingFlags(layout: Layout, name: string, port: number): string[] {
  const kubeconfig = kubeconfigFile(layout, name);
  return [
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${certificateFile(layout, "loopback")}`,
    `--tls-private-key-file=${keyFile(layout, "loopback")}`,
  ];
}

function loopbackHealth(port: number): Probe {
  return { kind: "https", port, url: "/healthz", authority: "ca" };
}

function proxy(layout: Layout, kube: string): DaemonSpec {
  return {
    name: "kube-proxy",
    after: ["kube-apiserver"],
    command: [
      kube,
      "kube-proxy",
      `--kubeconfig=${kubeconfigFile(layout, "kube-proxy")}`,
      `--hostname-override=${NODE_NAME}`,
      "--proxy-mode=iptables",
      `--cluster-cidr=${layout.network.podRange}`,
      // NodePorts answer on loopback and nowhere else.
      "--nodeport-addresses=127.0.0.0/8",
      "--iptables-localhost-nodeports=true",
      `--healthz-bind-address=127.0.0.1:${PORTS.proxyHealth}`,
      `--metrics-bind-address=127.0.0.1:${PORTS.proxyMetrics}`,
      "--iptables-min-sync-period=100ms",
      // The host's connection table keeps its own limits.
      "--conntrack-max-per-core=0",
      "--conntrack-tcp-timeout-established=0s",
      "--conntrack-tcp-timeout-close-wait=0s",
    ],
    ready: { kind: "http", port: PORTS.proxyHealth, url: "/healthz" },
  };
}

function nodeAgent(layout: Layout, kube: string, lockForwarding: boolean): DaemonSpec {
  const { network } = layout;
  return {
    name: "node-agent",
    after: ["kube-apiserver", "objects"],
    command: [
      kube,
      "node-agent",
      `--kubeconfig=${kubeconfigFile(layout, "node-agent")}`,
      `--node=${NODE_NAME}`,
      `--table=${network.table}`,
      `--bridge=${network.bridge}`,
      `--pod-range=${network.podRange}`,
      `--service-range=${network.serviceRange}`,
      `--lock-forwarding=${lockForwarding}`,
      `--socket=${agentSocket(layout)}`,
      `--volumes=${layout.volumesDir}`,
      `--storage-class=${STORAGE_CLASS}`,
      `--relay-address=${network.nodeAddress}:${PORTS.api}`,
      `--relay-target=127.0.0.1:${PORTS.api}`,
    ],
    ready: { kind: "unix", path: agentSocket(layout), url: "/healthz" },
  };
}

function kubelet(layout: Layout, kube: string): DaemonSpec {
  return {
    name: "kubelet",
    after: ["kube-apiserver", "containerd", "node-agent"],
    command: [
      kube,
      "kubelet",
      `--config=${below(layout, "config/kubelet.json")}`,
      `--kubeconfig=${kubeconfigFile(layout, "kubelet")}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${layout.network.nodeAddress}`,
      `--root-dir=${layout.kubeletDir}`,
      `--cert-dir=${below(layout, "pki")}`,
    ],
    ready: { kind: "http", port: PORTS.kubeletHealth, url: "/healthz" },
  };
}

function kwok(layout: Layout, program: string): DaemonSpec {
  return {
    name: "kwok",
    after: ["kube-apiserver", "objects"],
    command: [
      program,
      `--kubeconfig=${kubeconfigFile(layout, "kwok")}`,
      `--config=${below(layout, "config/kwok.yaml")}`,
      "--manage-all-nodes=false",
      "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
      "--node-lease-duration-seconds=40",
      "--cidr=10.0.0.1/24",
      `--server-address=127.0.0.1:${PORTS.kwok}`,
    ],
    ready: { kind: "http", port: PORTS.kwok, url: "/healthz" },
  };
}
