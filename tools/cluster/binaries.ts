/**
 * The cluster's programs, built once from the Go modules that go.sum pins, and kept in the user's
 * cache under the hash of everything that decides about them. A second call costs a few
 * milliseconds and needs no Go.
 */
import { createHash } from "node:crypto";
import { access, glob, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { run } from "../base/process.ts";
import type { Progress, Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { defaultCacheFolder, inheritedEnvironment } from "../debian/config.ts";
import { withFileLock } from "../debian/file-lock.ts";

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
const PROGRAMS = ["./cmd/...", "sigs.k8s.io/kwok/cmd/kwok"];
const FILES = {
  kube: "kube",
  coredns: "coredns",
  kwok: "kwok",
  pause: "pause",
  networkGate: "network-gate",
};
const BUILD_FLAGS = ["-trimpath", "-buildvcs=false", "-mod=readonly"];
/** The first release that fetches the toolchain that go.mod asks for. */
const GO_MINIMUM = [1, 21] as const;
/** A cold build takes 4 to 6 minutes on two cores, and a slow line needs as much for the modules. */
const BUILD_TIMEOUT_MS = 45 * 60_000;

export function clusterCacheFolder(): string {
  return path.join(path.dirname(defaultCacheFolder()), "cluster");
}

/** Paths of the programs; builds them where the cache lacks them. Two processes build once. */
export async function ensureBinaries(options: {
  progress: Progress;
  cacheDir?: string;
}): Promise<Binaries> {
  const cache = options.cacheDir ?? clusterCacheFolder();
  const flags = linkerFlags(await kubernetesVersion());
  const folder = path.join(cache, await buildKey(flags));
  const binaries = binariesIn(folder);
  if (await isComplete(binaries)) return binaries;
  await options.progress.step("Building the cluster's programs", (step) =>
    withFileLock(
      `${folder}.lock`,
      async () => {
        if (!(await isComplete(binaries))) await build(cache, folder, flags, step);
      },
      (holder) => step.status(`process ${holder} is building them`),
    ),
  );
  return binaries;
}

/** The version of Kubernetes that go.mod pins, such as v1.36.3. */
export async function kubernetesVersion(): Promise<string> {
  const text = await readFile(path.join(MODULE, "go.mod"), "utf8");
  const found = /^\s*k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/m.exec(text)?.[1];
  if (found === undefined) throw new Error("go.mod names no version of k8s.io/kubernetes");
  return found;
}

function binariesIn(folder: string): Binaries {
  return {
    kube: path.join(folder, FILES.kube),
    coredns: path.join(folder, FILES.coredns),
    kwok: path.join(folder, FILES.kwok),
    pause: path.join(folder, FILES.pause),
    networkGate: path.join(folder, FILES.networkGate),
  };
}

async function isComplete(binaries: Binaries): Promise<boolean> {
  const checks = Object.values(binaries).map((file: string) => access(file));
  return Promise.all(checks).then(
    () => true,
    () => false,
  );
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

async function buildKey(flags: string): Promise<string> {
  const sources: string[] = ["go.mod", "go.sum"];
  for await (const file of glob("**/*.go", { cwd: MODULE })) {
    if (!file.endsWith("_test.go")) sources.push(file);
  }
  const hash = createHash("sha256").update(JSON.stringify([PROGRAMS, BUILD_FLAGS, flags]));
  hash.update(process.arch);
  for (const file of sources.sort()) {
    hash.update(`\0${file}\0`).update(await readFile(path.join(MODULE, file)));
  }
  return hash.digest("hex").slice(0, 20);
}

async function build(cache: string, folder: string, flags: string, step: Step): Promise<void> {
  const environment = goEnvironment();
  await requireGo(environment);
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(path.join(cache, ".partial-"));
  try {
    const total = await countPackages(environment, step);
    let compiled = 0;
    await go(
      [
        "build",
        "-v",
        ...BUILD_FLAGS,
        "-ldflags",
        flags,
        "-o",
        `${partial}${path.sep}`,
        ...PROGRAMS,
      ],
      environment,
      (line) => {
        if (isDownload(line)) return step.status(line.replace(/^go: /, ""));
        compiled += 1;
        step.status(`${compiled} packages compiled (${total} in a first build), then linking`);
      },
    );
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function goEnvironment(): NodeJS.ProcessEnv {
  const environment = inheritedEnvironment();
  // /usr/local/go/bin is where Go's own archive installs it; it is often missing from PATH of root.
  const search = `${environment["PATH"] ?? ""}:/usr/local/go/bin`;
  return { ...environment, PATH: search, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
}

async function requireGo(environment: NodeJS.ProcessEnv): Promise<void> {
  const fix = "install Go 1.21 or newer (https://go.dev/dl) and run the command again";
  const found = await run("go", ["env", "GOVERSION"], { env: environment, cwd: MODULE }).catch(
    () => undefined,
  );
  if (found === undefined) {
    throw new UserError("Go is needed to build the cluster's programs, and it is not here", {
      where: "PATH",
      fix,
    });
  }
  if (found.code !== 0) throw goFailure(found.stderr);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(found.stdout) ?? [];
  if (Number(major) === GO_MINIMUM[0] && Number(minor) < GO_MINIMUM[1]) {
    throw new UserError(`${found.stdout.trim()} is too old`, { where: "go on PATH", fix });
  }
}

async function countPackages(environment: NodeJS.ProcessEnv, step: Step): Promise<number> {
  let modules = 0;
  step.status("reading the modules");
  const listed = await go(["list", "-mod=readonly", "-deps", ...PROGRAMS], environment, (line) => {
    if (!isDownload(line)) return;
    modules += 1;
    step.status(`${modules} modules downloaded`);
  });
  return listed.trim().split("\n").length;
}

function isDownload(line: string): boolean {
  return line.startsWith("go: downloading ");
}

async function go(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<string> {
  const result = await run("go", args, {
    cwd: MODULE,
    env: environment,
    onLine,
    signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
  });
  if (result.code !== 0) throw goFailure(result.stderr);
  return result.stdout;
}

function goFailure(stderr: string): Error {
  const tail = stderr.trim().split("\n").slice(-8).join("\n");
  if (/go\.mod requires go|toolchain not available|invalid go version/.test(stderr)) {
    return new UserError(`this Go cannot build the cluster's programs:\n${tail}`, {
      where: "go on PATH",
      fix: "install the Go release that tools/cluster/go.mod names, or allow GOTOOLCHAIN=auto",
    });
  }
  if (/dial tcp|i\/o timeout|no such host|connection refused|403 Forbidden/.test(stderr)) {
    return new UserError(`the Go modules cannot be fetched:\n${tail}`, {
      where: "go build",
      fix: "check the network and GOPROXY, then run the command again; what was fetched is kept",
      exitCode: 1,
    });
  }
  return new UserError(`the cluster's programs were not built:\n${tail}`, {
    where: "go build in tools/cluster",
    fix: "mend what the message names and run the command again",
    exitCode: 1,
  });
}
