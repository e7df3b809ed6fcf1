/** What must hold before a cluster starts. Every fault is found before anything is changed. */
import { mkdir, statfs } from "node:fs/promises";
import { isPortFree, portHolder } from "../base/ports.ts";
import { UserError } from "../base/user-error.ts";
import { readGroupHost } from "./control-groups.ts";
import type { Layout } from "./layout.ts";

/** Images, etcd and logs of a running stack take about 3 GB; the rest is room to work. */
const FREE_BYTES_MIN = 5 * 1024 ** 3;

export interface Fault {
  readonly what: string;
  readonly where: string;
  readonly fix: string;
}

/** Refuses with all faults at once. `ports` are those that nobody may hold now. */
export async function checkHost(layout: Layout, ports: readonly number[]): Promise<void> {
  const faults = platformFaults(process.platform, process.getuid?.());
  if (faults.length === 0) {
    faults.push(
      ...(await diskFaults(layout)),
      ...(await groupFaults()),
      ...(await portFaults(ports)),
    );
  }
  refuse(faults);
}

export function refuse(faults: readonly Fault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  if (faults.length === 1) throw new UserError(first.what, first);
  const list = faults.map(({ what, where, fix }) => `  ${what} (${where})\n    fix: ${fix}`);
  throw new UserError(
    `the cluster cannot start for ${faults.length} reasons:\n${list.join("\n")}`,
    {
      fix: "mend these and run the command again",
    },
  );
}

export function platformFaults(platform: string, uid: number | undefined): Fault[] {
  if (platform !== "linux") {
    return [
      {
        what: `the one-node cluster needs Linux, and this is ${platform}`,
        where: "this machine",
        fix: "use a cluster you have: --kubeconfig FILE (kind, k3d and others work)",
      },
    ];
  }
  if (uid !== 0) {
    return [
      {
        what: "the one-node cluster starts containers and a bridge, which only root may",
        where: `user ${uid}`,
        fix: "run the command as root (sudo), or use a cluster you have: --kubeconfig FILE",
      },
    ];
  }
  return [];
}

async function diskFaults(layout: Layout): Promise<Fault[]> {
  await mkdir(layout.dir, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(layout.dir);
  return freeSpaceFaults(layout.dir, bavail * bsize);
}

export function freeSpaceFaults(dir: string, freeBytes: number): Fault[] {
  if (freeBytes >= FREE_BYTES_MIN) return [];
  const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  return [
    {
      what: `the disk has ${gib(freeBytes)} free; the cluster needs ${gib(FREE_BYTES_MIN)}`,
      where: dir,
      fix: "free some space, or put the checkout on a larger disk",
    },
  ];
}

async function groupFaults(): Promise<Fault[]> {
  if ((await readGroupHost()) !== undefined) return [];
  return [
    {
      what: "the kernel's control groups are not mounted with cpu, cpuset, memory and pids",
      where: "/sys/fs/cgroup",
      fix: "mount them (cgroup2, or version 1 with these controllers); in a container: --privileged",
    },
  ];
}

async function portFaults(ports: readonly number[]): Promise<Fault[]> {
  const taken = await Promise.all(
    ports.map(async (port) => ((await isPortFree(port)) ? undefined : port)),
  );
  const faults: Fault[] = [];
  for (const port of taken.filter((port) => port !== undefined)) {
    const holder = await portHolder(port);
    faults.push({
      what: `port ${port} is taken${holder === undefined ? "" : ` by ${holder}`}`,
      where: `127.0.0.1:${port}`,
      fix: "stop that program; the cluster's ports are listed in docs/cluster.md",
    });
  }
  return faults;
}
