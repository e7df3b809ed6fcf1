/**
 * One real Kubernetes node on this machine, without Docker and without an image registry: what the
 * command line and other tools call. One call at a time works on the machine; the others wait.
 */
import { rm } from "node:fs/promises";
import path from "node:path";
import { type Progress, type Step, silentProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { withFileLock } from "../debian/file-lock.ts";
import { clusterCacheFolder } from "./binaries.ts";
import { readGroupHost, removeGroup } from "./control-groups.ts";
import { daemonSpecs } from "./daemons.ts";
import { ensureHostPrograms } from "./host-programs.ts";
import { importArchives } from "./images.ts";
import { CONTEXT, clusterLayout, type Layout, logFile, RUN_ROOT } from "./layout.ts";
import { mountPointsOf } from "./mounts.ts";
import { ownerOf } from "./owners.ts";
import { platformFaults, refuse } from "./preflight.ts";
import { askProbe } from "./probe.ts";
import { isAlive } from "./processes.ts";
import { readChoices, readRecords } from "./records.ts";
import { start } from "./start.ts";
import { isOnMachine, tearDown } from "./teardown.ts";

const MACHINE_LOCK = path.join(RUN_ROOT, "deepseek-cluster.lock");

export interface StartedCluster {
  readonly kubeconfig: string;
  readonly context: string;
  /** Where pods reach the node, and the API server on port 6443. */
  readonly nodeAddress: string;
}

export interface ComponentStatus {
  readonly name: string;
  readonly running: boolean;
  readonly pid?: number;
  /** What the component says is wrong with it. */
  readonly fault?: string;
  readonly log: string;
}

export interface ClusterStatus {
  readonly running: boolean;
  readonly kubeconfig: string;
  readonly components: readonly ComponentStatus[];
}

/** `dir` is the cluster's data folder, normally `.state/cluster`. Idempotent. */
export async function startCluster(options: {
  dir: string;
  gpuNodes?: number;
  progress: Progress;
}): Promise<StartedCluster> {
  const { dir, progress } = options;
  return exclusively(progress, async () => {
    const layout = await start({ dir, progress, gpuNodes: options.gpuNodes ?? 0 });
    return {
      kubeconfig: layout.kubeconfig,
      context: CONTEXT,
      nodeAddress: layout.network.nodeAddress,
    };
  });
}

/** Ends everything and leaves the host as it was; data and images stay for the next start. */
export async function stopCluster(options: { dir: string; progress?: Progress }): Promise<void> {
  const progress = options.progress ?? silentProgress;
  await exclusively(progress, async () => takeDown(await layoutOf(options.dir), progress));
}

/** Stops and removes all data; with `caches` also what was built and downloaded for any checkout. */
export async function resetCluster(options: {
  dir: string;
  caches?: boolean;
  progress?: Progress;
}): Promise<void> {
  const progress = options.progress ?? silentProgress;
  await exclusively(progress, async () => {
    const layout = await layoutOf(options.dir);
    await takeDown(layout, progress);
    await progress.step("Removing the cluster's data", () => removeData(layout));
  });
  if (options.caches === true) {
    await rm(path.dirname(clusterCacheFolder()), { recursive: true, force: true });
  }
}

export async function clusterStatus(options: { dir: string }): Promise<ClusterStatus> {
  const layout = await layoutOf(options.dir);
  const records = await readRecords(layout.dir);
  const gpuNodes = (await readChoices(layout.dir))?.gpuNodes ?? 0;
  const nothing = { kube: "", coredns: "", kwok: "", pause: "", networkGate: "" };
  const specs = daemonSpecs(layout, { binaries: nothing, lockForwarding: true, gpuNodes });
  const components = await Promise.all(
    specs.map(async ({ name, ready }): Promise<ComponentStatus> => {
      const log = logFile(layout, name);
      const record = records.find((one) => one.name === name);
      if (record === undefined || !(await isAlive(record))) return { name, running: false, log };
      const fault = await askProbe(layout, ready);
      const running = fault === undefined;
      return { name, running, pid: record.pid, log, ...(running ? {} : { fault }) };
    }),
  );
  return {
    running: components.every((component) => component.running),
    kubeconfig: layout.kubeconfig,
    components,
  };
}

/** Imports docker-archive files into the running node; what is there already is skipped. */
export async function importImages(
  archives: readonly string[],
  options: { dir: string; progress?: Progress },
): Promise<void> {
  const progress = options.progress ?? silentProgress;
  const { env } = await ensureHostPrograms(silentProgress);
  await importArchives(await layoutOf(options.dir), archives, { env, progress });
}

async function layoutOf(dir: string): Promise<Layout> {
  return clusterLayout(dir, (await readChoices(path.resolve(dir)))?.second);
}

async function exclusively<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
  refuse(platformFaults(process.platform, process.getuid?.()));
  let told = false;
  return withFileLock(MACHINE_LOCK, work, (holder) => {
    if (!told) progress.note(`waiting for process ${holder}, which works on the cluster`);
    told = true;
  });
}

async function takeDown(layout: Layout, progress: Progress): Promise<void> {
  if (!(await isOnMachine(ownerOf(layout)))) return;
  const { env } = await ensureHostPrograms(progress);
  await progress.step("Stopping the cluster", (step: Step) => tearDown(ownerOf(layout), env, step));
}

/** Never removes a folder in which something is still mounted. */
async function removeData(layout: Layout): Promise<void> {
  const mounted = await mountPointsOf([layout.dir, layout.runDir]);
  if (mounted.length > 0) {
    throw new UserError(`something is still mounted at ${mounted[0]}`, {
      where: layout.dir,
      fix: "end what uses it and run the command again",
      exitCode: 1,
    });
  }
  const host = await readGroupHost();
  if (host !== undefined) await removeGroup(host, layout.group);
  await rm(layout.dir, { recursive: true, force: true });
}
