/** Configuration files of the node's programs: containerd, kubelet, the CNI chain. Pure texts. */
import { certificateFile, keyFile, kubeconfigFile } from "./certificates.ts";
import {
  agentSocket,
  below,
  containerdSocket,
  type Layout,
  POD_NETWORK,
  PORTS,
  podLogsDir,
} from "./layout.ts";

export interface NodeFile {
  readonly path: string;
  readonly content: string;
}

export interface NodeChoices {
  /** Folder with Debian's CNI plugins. */
  readonly pluginRoot: string;
  readonly pauseImage: string;
  /** overlayfs, or native where the data folder itself lies on an overlay. */
  readonly snapshotter: "overlayfs" | "native";
}

export function nodeFiles(layout: Layout, choices: NodeChoices): NodeFile[] {
  return [
    { path: below(layout, "config/containerd.toml"), content: containerdToml(layout, choices) },
    { path: below(layout, "config/kubelet.json"), content: json(kubeletConfiguration(layout)) },
    { path: schedulerFile(layout), content: json(schedulerConfiguration(layout)) },
    { path: below(layout, "config/cni/10-deepseek.conflist"), content: json(podNetwork(layout)) },
    // Pods never see the host's resolver; names outside the cluster go through CoreDNS.
    { path: below(layout, "config/resolv.conf"), content: "# deliberately empty\n" },
  ];
}

/** All plugins in one folder: containerd reads one. */
export function pluginFolder(layout: Layout): string {
  return below(layout, "cni");
}

function containerdToml(layout: Layout, choices: NodeChoices): string {
  const quote = (text: string) => JSON.stringify(text);
  return `version = 2
root = ${quote(below(layout, "containerd"))}
state = ${quote(`${layout.runDir}/containerd`)}
# Plugins for other snapshotters and for tracing are not used here and would only log their absence.
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
]

[grpc]
  address = ${quote(containerdSocket(layout))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${quote(choices.pauseImage)}
  # Hosts without CAP_SYS_RESOURCE cannot lower a score, and every sandbox would die.
  restrict_oom_score_adj = true
  disable_apparmor = true
  # A non-root container may listen on port 53 or 443 of its own pod.
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = ${quote(choices.snapshotter)}
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        Root = ${quote(`${layout.runDir}/runc`)}
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${quote(pluginFolder(layout))}
    conf_dir = ${quote(below(layout, "config/cni"))}
`;
}

function kubeletConfiguration(layout: Layout): unknown {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: layout.network.nodeAddress,
    port: PORTS.kubelet,
    readOnlyPort: 0,
    healthzBindAddress: "127.0.0.1",
    healthzPort: PORTS.kubeletHealth,
    tlsCertFile: certificateFile(layout, "kubelet-server"),
    tlsPrivateKeyFile: keyFile(layout, "kubelet-server"),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: certificateFile(layout, "ca") },
    },
    authorization: { mode: "Webhook" },
    containerRuntimeEndpoint: `unix://${containerdSocket(layout)}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${layout.group}`,
    cgroupsPerQOS: true,
    // Control groups of version 1 still serve where a machine has no other.
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    clusterDNS: [layout.network.dnsAddress],
    clusterDomain: "cluster.local",
    resolvConf: below(layout, "config/resolv.conf"),
    volumePluginDir: below(layout, "kubelet-plugins"),
    // The kubelet takes ASCII only, which a checkout's path need not be.
    podLogsDir: podLogsDir(layout),
    maxPods: 110,
    // The machine is a workplace, not a farm: only real distress evicts, and images imported from
    // archives are never collected, since nothing could pull them again.
    evictionHard: {
      "memory.available": "64Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    containerLogMaxSize: "20Mi",
    containerLogMaxFiles: 3,
    nodeStatusUpdateFrequency: "5s",
    // The lease is renewed after a quarter of its time, and a start waits for a renewal.
    nodeLeaseDurationSeconds: 8,
    registerNode: true,
  };
}

export function schedulerFile(layout: Layout): string {
  return below(layout, "config/scheduler.json");
}

/** A pod that was too early for its node is tried again at once: the default waits up to 10 s. */
function schedulerConfiguration(layout: Layout): unknown {
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig: kubeconfigFile(layout, "scheduler") },
    leaderElection: { leaderElect: false },
    enableProfiling: false,
    podInitialBackoffSeconds: 1,
    podMaxBackoffSeconds: 1,
  };
}

function podNetwork(layout: Layout): unknown {
  const { bridge, podRange, nodeAddress } = layout.network;
  return {
    cniVersion: "0.4.0",
    name: POD_NETWORK,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        // The node agent's table masquerades; the plugin would leave iptables chains behind.
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: below(layout, "ipam"),
          ranges: [[{ subnet: podRange, gateway: nodeAddress }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      // Policies are judged on IPv4; a link-local IPv6 address would be a way around them.
      {
        type: "tuning",
        sysctl: {
          "net.ipv6.conf.all.disable_ipv6": "1",
          "net.ipv6.conf.default.disable_ipv6": "1",
        },
      },
      { type: "network-gate", socket: agentSocket(layout) },
    ],
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
