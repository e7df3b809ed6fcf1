/**
 * Starts the cluster, or completes one that runs in part. Safe to call at any time and from any
 * state: what is right is left alone, what a dead cluster left behind is cleared first.
 */
import { createHash } from "node:crypto";
import { access, chmod, mkdir, readdir, readFile, rm, statfs, symlink } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { run } from "../base/process.ts";
import type { Progress, Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { type Api, ApplyError, type KubernetesObject, openApi } from "./api.ts";
import { type Binaries, ensureBinaries } from "./binaries.ts";
import { ensureCredentials } from "./certificates.ts";
import { createGroup, type GroupHost, programsFile, readGroupHost } from "./control-groups.ts";
import { daemonSpecs } from "./daemons.ts";
import { gpuNode, gpuNodeStatus, SIMULATED_LABEL, stages } from "./gpu-nodes.ts";
import { ensureHostPrograms, type HostPrograms } from "./host-programs.ts";
import { prepareHost } from "./host-settings.ts";
import { writeProgramImage } from "./image-archive.ts";
import { importArchives } from "./images.ts";
import {
  BRIDGE,
  below,
  clusterLayout,
  type Layout,
  PORTS,
  RANGE_CANDIDATES,
  takenRanges,
} from "./layout.ts";
import { bindMount } from "./mounts.ts";
import { type NodeChoices, nodeFiles, pluginFolder } from "./node-files.ts";
import { dns, rights, storage, upstreamsOf, volumeNames } from "./objects.ts";
import { claim, listOwners, type Owner, ownerOf } from "./owners.ts";
import { checkHost, refuse } from "./preflight.ts";
import { isAlive } from "./processes.ts";
import { startPrograms } from "./programs.ts";
import { markPodsNotReady, waitUntilServing } from "./readiness.ts";
import { readChoices, readRecords, writeChoices } from "./records.ts";
import { isOnMachine, tearDown } from "./teardown.ts";

/** statfs(2): the magic number of an overlay file system. */
const OVERLAY_MAGIC = 0x794c7630;
/** The user that CoreDNS and pause run as; it owns nothing. */
const IMAGE_USER = 10001;

export interface StartOptions {
  readonly dir: string;
  readonly gpuNodes: number;
  readonly progress: Progress;
}

export async function start(options: StartOptions): Promise<Layout> {
  const { dir, progress } = options;
  const alive = await aliveNames(dir);
  await refuseOtherClusters(dir);
  const leftovers = alive.length > 0 ? [] : await findLeftovers(dir);
  const ports = alive.length > 0 ? [] : portsOf(options.gpuNodes);
  // What is left over may hold the ports itself: they are judged when it is gone.
  await checkHost(clusterLayout(dir), leftovers.length > 0 ? [] : ports);
  const [binaries, programs] = await Promise.all([
    ensureBinaries({ progress }),
    ensureHostPrograms(progress),
  ]);
  for (const owner of leftovers) {
    await progress.step(`Clearing what a dead cluster left (${owner.dir})`, (step) =>
      tearDown(owner, programs.env, step),
    );
  }
  if (leftovers.length > 0) await checkHost(clusterLayout(dir), ports);
  const second = await chooseRange(dir, programs);
  await writeChoices(dir, { second, gpuNodes: options.gpuNodes });
  const layout = clusterLayout(dir, second);
  await progress.step("Starting the cluster", (step) =>
    bringUp(layout, { ...options, binaries, programs, fresh: alive.length === 0 }, step),
  );
  return layout;
}

interface Parts extends StartOptions {
  readonly binaries: Binaries;
  readonly programs: HostPrograms;
  /** Nothing ran before: nothing holds an address. */
  readonly fresh: boolean;
}

async function bringUp(layout: Layout, parts: Parts, step: Step): Promise<void> {
  const { binaries, programs, gpuNodes } = parts;
  const since = parts.fresh ? new Date() : undefined;
  step.status("folders and certificates");
  const host = await prepareFolders(layout, parts);
  const { wasRouter } = await prepareHost(layout, programs.env);
  const images = programImages(layout, binaries);
  const generation = await writeFiles(layout, {
    pluginRoot: path.join(programs.root, "usr/lib/cni"),
    pauseImage: images.pause.tag,
    snapshotter: (await isOverlay(layout.dir)) ? "native" : "overlayfs",
  });
  await linkPlugins(layout, parts);
  const specs = daemonSpecs(layout, { binaries, lockForwarding: !wasRouter, gpuNodes });
  const groupFile = programsFile(host, layout.group);
  await startPrograms(
    { layout, env: programs.env, groupFile, generation },
    specs,
    {
      images: { after: ["containerd"], work: () => importOwnImages(layout, parts) },
      objects: {
        after: ["kube-apiserver"],
        work: () =>
          withApi(layout, async (api) => {
            await applyAll(api, rights());
            if (parts.fresh) await markPodsNotReady(api);
          }),
      },
      content: {
        after: ["objects"],
        work: () =>
          withApi(layout, async (api) => {
            const upstreams = await hostResolvers();
            const wanted = [...dns(layout, { corednsImage: images.coredns.tag, upstreams })];
            await applyAll(api, [...wanted, ...storage(layout)]);
            await ensureGpuNodes(api, gpuNodes);
          }),
      },
      node: {
        after: ["kubelet", "images", "content"],
        work: () => withApi(layout, (api) => waitUntilServing(api, { gpuNodes, since }, step)),
      },
    },
    step,
  );
}

function portsOf(gpuNodes: number): number[] {
  const { kwok, kubelet: _onBridge, ...others } = PORTS;
  return [...Object.values(others), ...(gpuNodes > 0 ? [kwok] : [])];
}

async function aliveNames(dir: string): Promise<string[]> {
  const records = await readRecords(dir);
  const checks = await Promise.all(records.map(isAlive));
  return records.filter((_record, index) => checks[index]).map((record) => record.name);
}

async function refuseOtherClusters(dir: string): Promise<void> {
  for (const owner of await otherOwners(dir)) {
    if ((await aliveNames(owner.dir)).length === 0) continue;
    refuse([
      {
        what: `another checkout runs its cluster on this machine: ${owner.dir}`,
        where: owner.runDir,
        fix: "stop it there (npm run cluster -- stop); one machine holds one cluster at a time",
      },
    ]);
  }
}

async function otherOwners(dir: string): Promise<Owner[]> {
  return (await listOwners()).filter((owner) => owner.dir !== path.resolve(dir));
}

/** What a kill -9 left: our own processes without a record, and dead clusters of other checkouts. */
async function findLeftovers(dir: string): Promise<Owner[]> {
  const own = ownerOf(clusterLayout(dir));
  return [...(await otherOwners(dir)), ...((await isOnMachine(own)) ? [own] : [])];
}

async function chooseRange(dir: string, programs: HostPrograms): Promise<number> {
  const known = await readChoices(dir);
  const routes = await run("ip", ["-4", "route", "show"], { env: programs.env });
  const taken = takenRanges(routes.stdout, BRIDGE);
  if (known !== undefined && !taken.includes(known.second)) return known.second;
  const free = RANGE_CANDIDATES.find((candidate) => !taken.includes(candidate));
  if (free === undefined || known !== undefined) {
    throw new UserError("the host's routes overlap the cluster's address ranges", {
      where: "ip route",
      fix: "remove the overlapping route, or start anew with other ranges: npm run cluster -- reset",
    });
  }
  return free;
}

async function prepareFolders(layout: Layout, parts: Parts): Promise<GroupHost> {
  const host = await readGroupHost();
  if (host === undefined) throw new Error("control groups vanished");
  await mkdir(layout.dir, { recursive: true, mode: 0o700 });
  await chmod(layout.dir, 0o700);
  await mkdir(layout.runDir, { recursive: true, mode: 0o700 });
  await claim(layout);
  if (parts.fresh) await rm(below(layout, "ipam"), { recursive: true, force: true });
  for (const name of ["kubelet", "volumes", "config", "logs", "images"]) {
    await mkdir(below(layout, name), { recursive: true });
  }
  for (const name of volumeNames()) await ensureVolume(path.join(layout.volumesDir, name));
  await mkdir(layout.kubeletDir, { recursive: true });
  await bindMount(below(layout, "kubelet"), layout.kubeletDir);
  await createGroup(host, layout.group);
  return host;
}

/** Open to every user, as a fresh volume; the folders above are closed to all but root. */
async function ensureVolume(folder: string): Promise<void> {
  if (await exists(folder)) return;
  await mkdir(folder);
  await chmod(folder, 0o777);
}

/** Certificates and configuration; the answer changes when any of them does. */
async function writeFiles(layout: Layout, choices: NodeChoices): Promise<string> {
  const { generation } = await ensureCredentials(layout);
  const files = [
    ...nodeFiles(layout, choices),
    { path: below(layout, "config/kwok.yaml"), content: stages() },
  ];
  for (const file of files) await writeFileAtomic(file.path, file.content);
  return createHash("sha256")
    .update(JSON.stringify([generation, files]))
    .digest("hex")
    .slice(0, 16);
}

async function linkPlugins(layout: Layout, { binaries, programs }: Parts): Promise<void> {
  const folder = pluginFolder(layout);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of ["bridge", "host-local", "loopback", "tuning"]) {
    await symlink(path.join(programs.root, "usr/lib/cni", name), path.join(folder, name));
  }
  await symlink(binaries.networkGate, path.join(folder, "network-gate"));
}

/** Tags carry the key of the build that the programs come from. */
function programImages(layout: Layout, binaries: Binaries) {
  const key = path.basename(path.dirname(binaries.kube));
  const image = (name: "pause" | "coredns") => ({
    tag: `deepseek.local/${name}:${key.slice(0, 12)}`,
    program: binaries[name],
    name,
    user: IMAGE_USER,
    archive: below(layout, "images", `${name}-${key}.tar`),
  });
  return { pause: image("pause"), coredns: image("coredns") };
}

async function importOwnImages(layout: Layout, parts: Parts): Promise<void> {
  const images = Object.values(programImages(layout, parts.binaries));
  for (const image of images) {
    if (!(await exists(image.archive))) await writeProgramImage(image, image.archive);
  }
  const archives = images.map((image) => image.archive);
  await removeOthers(below(layout, "images"), archives);
  const quiet: Progress = {
    step: (_name, work) => work({ status: () => {} }),
    note: parts.progress.note,
  };
  await importArchives(layout, archives, { env: parts.programs.env, progress: quiet });
}

/** Archives of former builds. */
async function removeOthers(folder: string, wanted: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (!wanted.includes(file)) await rm(file, { force: true });
  }
}

async function withApi(layout: Layout, work: (api: Api) => Promise<void>): Promise<void> {
  const api = await openApi(layout);
  try {
    await work(api);
  } finally {
    api.close();
  }
}

/** In order within a kind; a young API server may still be making its own namespaces. */
async function applyAll(api: Api, objects: readonly KubernetesObject[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await Promise.all(objects.map((object) => api.apply(object)));
      return;
    } catch (error) {
      if (attempt >= 20 || (error instanceof ApplyError && !error.transient)) throw error;
      await sleep(250);
    }
  }
}

/** Creates what is missing and removes simulated nodes beyond `count`. */
async function ensureGpuNodes(api: Api, count: number): Promise<void> {
  const selector = encodeURIComponent(`${SIMULATED_LABEL}=true`);
  const listed = await api.request("GET", `/api/v1/nodes?labelSelector=${selector}`);
  const nodes = (listed.body as { items?: { metadata: { name: string } }[] }).items ?? [];
  const wanted = Array.from({ length: count }, (_, index) => index);
  const names = wanted.map((index) => gpuNode(index).metadata.name);
  for (const { metadata } of nodes) {
    if (!names.includes(metadata.name)) {
      await api.request("DELETE", `/api/v1/nodes/${metadata.name}`);
    }
  }
  for (const index of wanted) {
    await api.apply(gpuNode(index));
    await api.apply(gpuNodeStatus(index), "status");
  }
}

/** systemd's resolver writes the real servers elsewhere. */
async function hostResolvers(): Promise<string[]> {
  for (const file of ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"]) {
    const found = upstreamsOf(await readFile(file, "utf8").catch(() => ""));
    if (found.length > 0) return found;
  }
  return [];
}

async function isOverlay(folder: string): Promise<boolean> {
  return (await statfs(folder)).type === OVERLAY_MAGIC;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
