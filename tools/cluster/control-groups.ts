/**
 * The cluster's own control group, in version 2 or in every hierarchy of version 1. It holds all
 * programs and all pods, so whatever a kill left behind is found here, even what no record names.
 */
import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../base/user-error.ts";
import { signal, until } from "./processes.ts";

export interface GroupHost {
  readonly version: 1 | 2;
  /** Mount points: one for version 2, one for each hierarchy for version 1. */
  readonly roots: readonly string[];
  /** The hierarchy in which our programs are counted. */
  readonly tracking: string;
}

/** Controllers that the kubelet insists on. */
const NEEDED = ["cpu", "cpuset", "memory", "pids"];

/** What the mount table says; pure. */
export function groupHostOf(mountinfo: string): GroupHost | undefined {
  const v1 = new Map<string, string>();
  let v2: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const mountPoint = left.split(" ")[4] ?? "";
    const [kind = "", , options = ""] = right.split(" ");
    if (kind === "cgroup2") v2 ??= mountPoint;
    if (kind !== "cgroup") continue;
    for (const option of options.split(",")) {
      const controller = option.replace(/^name=/, "");
      if (controller !== "rw" && controller !== "xattr") v1.set(controller, mountPoint);
    }
  }
  const pids = v1.get("pids");
  if (pids !== undefined && NEEDED.every((name) => v1.has(name))) {
    // A version 2 hierarchy without controllers may stand beside them; runc makes groups there too.
    const roots = new Set([...v1.values(), ...(v2 === undefined ? [] : [v2])]);
    return { version: 1, roots: [...roots], tracking: pids };
  }
  return v2 === undefined ? undefined : { version: 2, roots: [v2], tracking: v2 };
}

export async function readGroupHost(): Promise<GroupHost | undefined> {
  const host = groupHostOf(await readFile("/proc/self/mountinfo", "utf8"));
  if (host === undefined || host.version === 1) return host;
  const text = await readFile(path.join(host.tracking, "cgroup.controllers"), "utf8").catch(
    () => "",
  );
  return NEEDED.every((name) => text.split(/\s+/).includes(name)) ? host : undefined;
}

/** `cgroup.procs` of the group that our programs are started in. */
export function programsFile(host: GroupHost, group: string): string {
  return path.join(host.tracking, group, "programs", "cgroup.procs");
}

export async function createGroup(host: GroupHost, group: string): Promise<void> {
  for (const root of host.roots) {
    const folder = path.join(root, group);
    await mkdir(folder, { recursive: true });
    if (host.version === 1) await copyCpuset(root, folder);
    else await enableControllers(root, folder);
  }
  await mkdir(path.dirname(programsFile(host, group)), { recursive: true });
}

/** Every process in the group or below it. */
export async function groupProcesses(
  host: GroupHost,
  group: string,
  part = "",
): Promise<readonly number[]> {
  const found = new Set<number>();
  for (const root of host.roots) {
    for (const folder of await groupFolders(path.join(root, group, part))) {
      const text = await readFile(path.join(folder, "cgroup.procs"), "utf8").catch(() => "");
      for (const line of text.split("\n")) if (line !== "") found.add(Number(line));
    }
  }
  found.delete(process.pid);
  // A process of another process-id namespace shows as 0.
  found.delete(0);
  return [...found];
}

/** Ends what runs in the group: asks first, then kills until nothing is left. */
export async function emptyGroup(
  host: GroupHost,
  group: string,
  options: { graceMs: number; part?: string },
): Promise<void> {
  const part = options.part ?? "";
  const isEmpty = async () => (await groupProcesses(host, group, part)).length === 0;
  if (options.graceMs > 0) {
    for (const pid of await groupProcesses(host, group, part)) signal(pid, "SIGTERM");
    if (await until(isEmpty, options.graceMs)) return;
  }
  const killed = await until(async () => {
    for (const pid of await groupProcesses(host, group, part)) signal(pid, "SIGKILL");
    return isEmpty();
  }, 20_000);
  if (killed) return;
  const left = await groupProcesses(host, group, part);
  throw new UserError(`processes ${left.join(", ")} of the cluster do not end`, {
    where: path.join(host.tracking, group, part),
    fix: "look what holds them (cat /proc/<id>/stack), then run the command again",
    exitCode: 1,
  });
}

/** Removes the empty group; the kernel needs a moment after the last process. */
export async function removeGroup(host: GroupHost, group: string): Promise<void> {
  for (const root of host.roots) {
    await until(async () => {
      for (const folder of (await groupFolders(path.join(root, group))).reverse()) {
        await rmdir(folder).catch(() => {});
      }
      return !(await exists(path.join(root, group)));
    }, 5_000);
  }
}

/** Parents before children. */
async function groupFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => groupFolders(path.join(folder, entry.name))),
  );
  return [folder, ...below.flat()];
}

/** A version 1 cpuset starts empty and lets no process in. */
async function copyCpuset(root: string, folder: string): Promise<void> {
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    const value = await readFile(path.join(root, name), "utf8").catch(() => undefined);
    if (value !== undefined) await writeFile(path.join(folder, name), value.trim());
  }
}

async function enableControllers(root: string, folder: string): Promise<void> {
  const text = await readFile(path.join(root, "cgroup.controllers"), "utf8");
  const wanted = text.split(/\s+/).filter((name) => [...NEEDED, "io", "hugetlb"].includes(name));
  for (const where of [root, folder]) {
    await writeFile(
      path.join(where, "cgroup.subtree_control"),
      wanted.map((name) => `+${name}`).join(" "),
    );
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
