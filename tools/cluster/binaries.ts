/** The cluster's programs, built from the Go modules that go.sum pins and kept in the user's cache. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Progress } from "../base/progress.ts";
import { defaultCacheFolder } from "../debian/config.ts";
import { ensureGoPrograms } from "../go/programs.ts";

export interface Binaries {
  /** etcd, kube-apiserver, kubelet, kubectl, node-agent ...: the first argument says which. */
  readonly kube: string;
  readonly coredns: string;
  readonly kwok: string;
  readonly pause: string;
  /** The CNI plugin that asks the node agent before a pod may run. */
  readonly networkGate: string;
}

const MODULE = import.meta.dirname;
const FILES = {
  kube: "kube",
  coredns: "coredns",
  kwok: "kwok",
  pause: "pause",
  networkGate: "network-gate",
};

export function clusterCacheFolder(): string {
  return path.join(path.dirname(defaultCacheFolder()), "cluster");
}

/** Paths of the programs; builds them where the cache lacks them. */
export async function ensureBinaries(options: {
  progress: Progress;
  cacheDir?: string;
}): Promise<Binaries> {
  const programs = {
    title: "the cluster's programs",
    module: MODULE,
    packages: ["./cmd/...", "sigs.k8s.io/kwok/cmd/kwok"],
    linkerFlags: linkerFlags(await kubernetesVersion()),
    files: Object.values(FILES),
    cacheDir: options.cacheDir ?? clusterCacheFolder(),
  };
  const folder = await ensureGoPrograms(programs, options.progress);
  return {
    kube: path.join(folder, FILES.kube),
    coredns: path.join(folder, FILES.coredns),
    kwok: path.join(folder, FILES.kwok),
    pause: path.join(folder, FILES.pause),
    networkGate: path.join(folder, FILES.networkGate),
  };
}

/** The version of Kubernetes that go.mod pins, such as v1.36.3. */
export async function kubernetesVersion(): Promise<string> {
  const text = await readFile(path.join(MODULE, "go.mod"), "utf8");
  const found = /^\s*k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/m.exec(text)?.[1];
  if (found === undefined) throw new Error("go.mod names no version of k8s.io/kubernetes");
  return found;
}

/** Without these the API server calls itself v0.0.0-master, and clients refuse it. */
function linkerFlags(version: string): string {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const values = packages.flatMap((name) => [
    `-X ${name}.gitVersion=${version}`,
    `-X ${name}.gitMajor=${major}`,
    `-X ${name}.gitMinor=${minor}`,
  ]);
  return ["-s -w", ...values].join(" ");
}
