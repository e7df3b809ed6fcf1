/**
 * Where everything of the one-node cluster lies and which addresses it uses: computed from the data
 * folder alone, so that start, stop and reset of different runs agree. Pure.
 */
import { createHash } from "node:crypto";
import path from "node:path";

export interface Layout {
  /** The data folder, normally `.state/cluster` of a checkout. */
  readonly dir: string;
  /** Short, because a unix socket's path ends at 107 bytes (unix(7)); gone after a reboot. */
  readonly runDir: string;
  /** The kubelet's folder under its short name: a bind mount of `dir`/kubelet. */
  readonly kubeletDir: string;
  /** Name of the control group that holds every process and every pod. */
  readonly group: string;
  readonly volumesDir: string;
  readonly kubeconfig: string;
  readonly network: NetworkPlan;
}

export interface NetworkPlan {
  readonly bridge: string;
  /** Table of the packet filter. */
  readonly table: string;
  /** The node's own address on the bridge; pods reach the API server here, port 6443. */
  readonly nodeAddress: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly dnsAddress: string;
  /** The `kubernetes` Service. */
  readonly apiServiceAddress: string;
}

export const NODE_NAME = "local";
export const CONTEXT = "deepseek-local";
export const STORAGE_CLASS = "local";
export const VOLUME_COUNT = 12;
export const RUN_ROOT = "/run";
/** Every run folder begins so: by it the clusters of other checkouts are found. */
export const RUN_PREFIX = "deepseek-";
export const BRIDGE = "deepseek0";
/** Name of the pods' network in the CNI configuration. */
export const POD_NETWORK = "deepseek";
export const TABLE = "deepseek_cluster";

/** Every port that is listened on, all on loopback unless said otherwise. */
export const PORTS = {
  api: 6443,
  etcd: 2379,
  etcdPeer: 2380,
  kubelet: 10250,
  kubeletHealth: 10248,
  proxyMetrics: 10249,
  proxyHealth: 10256,
  controllerManager: 10257,
  scheduler: 10259,
  kwok: 10247,
} as const;

/** Private ranges to choose from, in this order: the first that meets no route of the host. */
export const RANGE_CANDIDATES = [201, 211, 221, 231] as const;

export function networkPlan(second: number): NetworkPlan {
  return {
    bridge: BRIDGE,
    table: TABLE,
    nodeAddress: `10.${second}.0.1`,
    podRange: `10.${second}.0.0/24`,
    serviceRange: `10.${second + 1}.0.0/16`,
    dnsAddress: `10.${second + 1}.0.10`,
    apiServiceAddress: `10.${second + 1}.0.1`,
  };
}

export function clusterLayout(dir: string, second: number = RANGE_CANDIDATES[0]): Layout {
  const absolute = path.resolve(dir);
  const hash = createHash("sha256").update(absolute).digest("hex").slice(0, 8);
  const name = `${RUN_PREFIX}${hash}`;
  const runDir = path.join(RUN_ROOT, name);
  return {
    dir: absolute,
    runDir,
    kubeletDir: path.join(runDir, "kubelet"),
    group: name,
    volumesDir: path.join(absolute, "volumes"),
    kubeconfig: path.join(absolute, "kubeconfig"),
    network: networkPlan(second),
  };
}

/** Where kubelet keeps the pods' lines. */
export function podLogsDir(layout: Layout): string {
  return `${layout.kubeletDir}/pod-logs`;
}

/** A path below the data folder. */
export function below(layout: Layout, ...parts: string[]): string {
  return path.join(layout.dir, ...parts);
}

export function containerdSocket(layout: Layout): string {
  return path.join(layout.runDir, "containerd.sock");
}

export function agentSocket(layout: Layout): string {
  return path.join(layout.runDir, "agent.sock");
}

export function logFile(layout: Layout, program: string): string {
  return below(layout, "logs", `${program}.log`);
}

/** The second numbers of 10.x that collide with a route in `ip -4 route` output. */
export function takenRanges(routes: string, ownBridge: string): number[] {
  return RANGE_CANDIDATES.filter((second) => {
    const plan = networkPlan(second);
    const own = [plan.podRange, plan.serviceRange].map(parseRange);
    return routes
      .split("\n")
      .filter((line) => !line.includes(` dev ${ownBridge} `))
      .map((line) => /^(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)/.exec(line)?.[1])
      .filter((range) => range !== undefined)
      .map(parseRange)
      .some((route) => own.some((range) => overlap(range, route)));
  });
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function parseRange(text: string): Range {
  const [address = "", bits = "32"] = text.split("/");
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
