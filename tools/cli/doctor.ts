/**
 * What this machine has and lacks for each way of using the package. Every finding says what was
 * looked at, what was found, and how to mend it; nothing is changed.
 */
import { constants } from "node:fs";
import { access, readFile, statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isPortFree } from "../base/ports.ts";
import { run } from "../base/process.ts";
import { GO_MINIMUM } from "../go/programs.ts";
import type { Environment } from "./environment.ts";
import type { Finding } from "./finding.ts";

const GIB = 1024 ** 3;
// Caches (Go build, Debian packages, images) and the cluster's data, measured on a full run.
const DISK_FREE_MIN_BYTES = 8 * GIB;
// Control plane and node 1.2 GiB, the stack's pods 1.5 GiB, the Go build's peak 3 GiB.
const MEMORY_MIN_BYTES = 4 * GIB;
/** `ownCluster`: whether the one-node cluster is to run here, too. */
export async function examine(
  environment: Environment,
  { ownCluster }: { readonly ownCluster: boolean },
): Promise<readonly Finding[]> {
  return Promise.all([
    ...(ownCluster ? fitForCluster(environment) : []),
    nodeVersion(),
    program(environment, "npm", ["--version"], "the packages", "install npm"),
    program(
      environment,
      "git",
      ["--version"],
      "previews against a revision",
      "apt-get install git",
    ),
    kubeconfig(environment),
    pulumi(environment),
  ]);
}

function fitForCluster(environment: Environment): Promise<Finding>[] {
  return [
    operatingSystem(),
    superuser(),
    goVersion(environment),
    diskSpace(environment),
    memory(),
    kernelFeature("overlay", "/proc/filesystems"),
    kernelFeature("cgroup", "/proc/filesystems"),
    port(30_443),
    port(30_080),
  ];
}

async function operatingSystem(): Promise<Finding> {
  const release = await text("/etc/os-release");
  const name = /PRETTY_NAME="(.*)"/.exec(release)?.[1] ?? os.platform();
  const debian = /^ID=debian$/m.test(release) && os.arch() === "x64";
  return {
    what: "operating system",
    found: `${name} (${os.arch()})`,
    state: debian ? "ok" : "missing",
    fix: "the one-node cluster needs Debian 12 on amd64; elsewhere give a cluster with --kubeconfig",
    neededBy: "the one-node cluster",
  };
}

async function superuser(): Promise<Finding> {
  const root = process.getuid?.() === 0;
  return {
    what: "root",
    found: root ? "yes" : `no (${os.userInfo().username})`,
    state: root ? "ok" : "missing",
    fix: "run as root (sudo), or give a cluster with --kubeconfig",
    neededBy: "the one-node cluster",
  };
}

async function nodeVersion(): Promise<Finding> {
  return { what: "Node.js", found: process.version, state: "ok", neededBy: "everything" };
}

async function goVersion(environment: Environment): Promise<Finding> {
  const found = await output(environment, "go", ["env", "GOVERSION"]);
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found ?? "") ?? [];
  const enough =
    Number(major) > GO_MINIMUM[0] ||
    (Number(major) === GO_MINIMUM[0] && Number(minor) >= GO_MINIMUM[1]);
  return {
    what: "Go",
    found: found ?? "not found",
    state: enough ? "ok" : "missing",
    fix: `install Go ${GO_MINIMUM.join(".")} or newer (it fetches the toolchain it needs by itself)`,
    neededBy: "building the one-node cluster, once",
  };
}

async function program(
  environment: Environment,
  name: string,
  args: readonly string[],
  neededBy: string,
  fix: string,
): Promise<Finding> {
  const found = await output(environment, name, args);
  return {
    what: name,
    found: found ?? "not found",
    state: found === undefined ? "missing" : "ok",
    fix,
    neededBy,
  };
}

async function diskSpace(environment: Environment): Promise<Finding> {
  const { bavail, bsize } = await statfs(environment.projectDir);
  const free = bavail * bsize;
  return {
    what: "free disk space",
    found: `${(free / GIB).toFixed(1)} GiB`,
    state: free >= DISK_FREE_MIN_BYTES ? "ok" : "missing",
    fix: `make room for ${DISK_FREE_MIN_BYTES / GIB} GiB below ${environment.projectDir}`,
    neededBy: "the one-node cluster and its images",
  };
}

async function memory(): Promise<Finding> {
  const total = os.totalmem();
  return {
    what: "memory",
    found: `${(total / GIB).toFixed(1)} GiB`,
    state: total >= MEMORY_MIN_BYTES ? "ok" : "missing",
    fix: `the local stack needs ${MEMORY_MIN_BYTES / GIB} GiB`,
    neededBy: "the local stack",
  };
}

async function kernelFeature(name: string, file: string): Promise<Finding> {
  const present = new RegExp(`\\b${name}\\b`).test(await text(file));
  return {
    what: `kernel: ${name}`,
    found: present ? "yes" : "no",
    state: present ? "ok" : "missing",
    fix: `a kernel with ${name}, or a cluster given with --kubeconfig`,
    neededBy: "the one-node cluster",
  };
}

async function port(number: number): Promise<Finding> {
  const taken = !(await isPortFree(number));
  return {
    what: `port ${number} of 127.0.0.1`,
    found: taken ? "taken" : "free",
    state: taken ? "optional" : "ok",
    fix: `end the program that listens on it (ss -ltnp sport = :${number}), or set deepseek:edge.ports`,
    neededBy: "the edge of the local stack (taken while the stack itself is up)",
  };
}

async function kubeconfig(environment: Environment): Promise<Finding> {
  const file = environment.variables["KUBECONFIG"] ?? path.join(os.homedir(), ".kube/config");
  const readable = await access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
  return {
    what: "kubeconfig",
    found: readable ? file : "none",
    state: readable ? "ok" : "optional",
    fix: "set KUBECONFIG or pass --kubeconfig FILE",
    neededBy: "an existing cluster; without one, local starts its own",
  };
}

async function pulumi(environment: Environment): Promise<Finding> {
  const found = await output(environment, "pulumi", ["version"]);
  return {
    what: "Pulumi CLI",
    found: found ?? "not found",
    state: found === undefined ? "optional" : "ok",
    fix: "install it for production stacks; the embedded engine needs no download",
    neededBy: "up of production stacks, as documented",
  };
}

async function output(
  environment: Environment,
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const result = await run(command, args, {
      env: { ...environment.variables },
      signal: AbortSignal.timeout(10_000),
    });
    return result.code === 0 ? result.stdout.trim().split("\n")[0] : undefined;
  } catch {
    return undefined;
  }
}

async function text(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
