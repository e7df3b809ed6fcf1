/** What must hold before a cluster starts. Every fault is found before anything is changed. */
import { mkdir, readdir, readFile, readlink, statfs } from "node:fs/promises";
import net from "node:net";
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
    ports.map(async (port) => ((await isFree(port)) ? undefined : port)),
  );
  const faults: Fault[] = [];
  for (const port of taken.filter((port) => port !== undefined)) {
    const holder = await holderOf(port);
    faults.push({
      what: `port ${port} is taken${holder === undefined ? "" : ` by ${holder}`}`,
      where: `127.0.0.1:${port}`,
      fix: "stop that program; the cluster's ports are listed in docs/cluster.md",
    });
  }
  return faults;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** Process id and name of who listens on the port, where the kernel tells. */
async function holderOf(port: number): Promise<string | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const inode = tables
    .map((table) => listenerInode(table, port))
    .find((found) => found !== undefined);
  if (inode === undefined) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const handle of handles) {
      const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => "");
      if (target !== `socket:[${inode}]`) continue;
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      return `process ${pid} (${name.trim()})`;
    }
  }
  return undefined;
}

/** The inode of the listening socket (state 0A) in the text of /proc/net/tcp; pure. */
export function listenerInode(table: string, port: number): string | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  for (const line of table.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === "0A" && fields[1]?.endsWith(`:${wanted}`) === true) return fields[9];
  }
  return undefined;
}
