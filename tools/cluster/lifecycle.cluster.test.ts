/**
 * A cluster's life on a machine: from nothing, again, after a kill -9 of everything, stopped,
 * removed. One story; each test stands on the one before it. "Nothing is left" is read from the
 * kernel, not from our own records.
 */
import { access, glob, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../base/process.ts";
import { createProgress } from "../base/progress.ts";
import { ensureBinaries } from "./binaries.ts";
import { clusterStatus, resetCluster, startCluster, stopCluster } from "./cluster.ts";
import { groupProcesses, readGroupHost } from "./control-groups.ts";
import { ensureHostPrograms } from "./host-programs.ts";
import { BRIDGE, clusterLayout, TABLE } from "./layout.ts";
import { mountPointsOf } from "./mounts.ts";
import { signal } from "./processes.ts";
import { readRecords } from "./records.ts";
import { eventually } from "./test-cluster.ts";

const progress = createProgress();
const SETTINGS = ["net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "kernel/panic"];

let folder: string;
let dir: string;
let before: { settings: string[]; traces: string[][] };

beforeAll(async () => {
  // A long path: a socket below it would not fit into the kernel's 107 bytes.
  folder = await mkdtemp(path.join(tmpdir(), `deepseek-${"long-".repeat(16)}`));
  dir = path.join(folder, "cluster");
  before = { settings: await settings(), traces: await traces() };
});

afterAll(async () => {
  await resetCluster({ dir, progress });
  await rm(folder, { recursive: true, force: true });
});

function settings(): Promise<string[]> {
  return Promise.all(SETTINGS.map((name) => readFile(`/proc/sys/${name}`, "utf8")));
}

/** Folders that containerd and the kubelet have built in; the host's own may use them too. */
function traces(): Promise<string[][]> {
  const folders = ["/run/containerd/s", "/var/log/containers", "/var/lib/cni/results"];
  const more = [
    "/var/lib/kubelet",
    "/var/lib/kubelet/device-plugins",
    "/opt/containerd",
    "/etc/cni",
  ];
  return Promise.all([...folders, ...more].map((name) => readdir(name).catch(() => ["absent"])));
}

async function kubectl(...args: string[]): Promise<string> {
  const { kube } = await ensureBinaries({ progress });
  const config = ["--kubeconfig", path.join(dir, "kubeconfig")];
  const result = await run(kube, ["kubectl", ...config, ...args]);
  return result.code === 0 ? result.stdout : `failed: ${result.stderr}`;
}

async function ownProcesses(): Promise<readonly number[]> {
  const host = await readGroupHost();
  return host === undefined ? [] : groupProcesses(host, clusterLayout(dir).group);
}

async function nft(...args: string[]): Promise<string> {
  const { env } = await ensureHostPrograms(progress);
  return (await run("nft", args, { env })).stdout;
}

async function expectClean(): Promise<void> {
  const layout = clusterLayout(dir);
  expect(await ownProcesses()).toEqual([]);
  expect(await mountPointsOf([layout.runDir, layout.dir])).toEqual([]);
  await expect(access(layout.runDir)).rejects.toThrow("ENOENT");
  expect(await readFile("/proc/net/dev", "utf8")).not.toContain(BRIDGE);
  const rules = await nft("list", "ruleset");
  expect(rules).not.toContain(TABLE);
  expect(rules).not.toContain("KUBE-");
  const groups: string[] = [];
  for await (const found of glob(`/sys/fs/cgroup/**/${layout.group}`)) groups.push(found);
  expect(groups).toEqual([]);
  expect({ settings: await settings(), traces: await traces() }).toEqual(before);
}

test("a port that is taken is refused by its holder's name, and nothing is changed", async () => {
  const server = net.createServer().listen(6443, "127.0.0.1");
  await eventually(async () => server.listening, Boolean);
  const refusal = startCluster({ dir, progress });
  await expect(refusal).rejects.toThrow(`port 6443 is taken by process ${process.pid}`);
  server.close();
  await expectClean();
});

test("starts from nothing, the node Ready and names served", async () => {
  const started = await startCluster({ dir, progress });
  expect(
    await kubectl("get", "node", "local", "-o", "jsonpath={.status.nodeInfo.kubeletVersion}"),
  ).toMatch(/^v1\.\d+/);
  expect((await clusterStatus({ dir })).components.filter((one) => !one.running)).toEqual([]);
  const { mode } = await stat(started.kubeconfig);
  expect(mode & 0o777).toBe(0o600);
  await kubectl("create", "configmap", "kept", "--from-literal=a=1");
});

test("listens on loopback and on its bridge only", async () => {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8")),
  );
  const inodes = new Set<string>();
  for (const pid of await ownProcesses()) {
    const { stdout } = await run("ls", ["-l", `/proc/${pid}/fd`]);
    for (const [, inode = ""] of stdout.matchAll(/socket:\[(\d+)\]/g)) inodes.add(inode);
  }
  const listening = tables
    .flatMap((table) => table.split("\n").map((line) => line.trim().split(/\s+/)))
    .filter((fields) => fields[3] === "0A" && inodes.has(fields[9] ?? ""))
    .map((fields) => fields[1] ?? "");
  const hex = (text: string) =>
    text
      .split(".")
      .reverse()
      .map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"))
      .join("");
  const { nodeAddress } = clusterLayout(dir).network;
  const allowed = [hex("127.0.0.1"), hex(nodeAddress)];
  expect(listening.length).toBeGreaterThan(8);
  expect(listening.filter((local) => !allowed.includes(local.split(":")[0] ?? ""))).toEqual([]);
});

test("a second start changes nothing and is quick", async () => {
  const records = await readRecords(dir);
  const started = performance.now();
  await startCluster({ dir, progress });
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(await readRecords(dir)).toEqual(records);
});

test("a start beside it waits; another checkout is refused by name", async () => {
  const both = await Promise.all([
    startCluster({ dir, progress }),
    startCluster({ dir, progress }),
  ]);
  expect(both[0]).toEqual(both[1]);
  const other = startCluster({ dir: path.join(folder, "other"), progress });
  await expect(other).rejects.toThrow(dir);
});

test("a program that died alone is started again, the rest left alone", async () => {
  const records = await readRecords(dir);
  for (const { name, pid } of records) if (name === "kube-scheduler") signal(pid, "SIGKILL");
  await eventually(
    () => clusterStatus({ dir }),
    (status) => !status.running,
  );
  await startCluster({ dir, progress });
  const changed = (await readRecords(dir)).filter(
    (record) => !records.some((old) => old.pid === record.pid),
  );
  expect(changed.map(({ name }) => name)).toEqual(["kube-scheduler"]);
});

test("survives a kill -9 of everything it runs", async () => {
  for (const pid of await ownProcesses()) signal(pid, "SIGKILL");
  await eventually(ownProcesses, (left) => left.length === 0);
  await startCluster({ dir, progress });
  expect(await kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}")).toBe("1");
});

test("survives the loss of its own records", async () => {
  await rm(path.join(dir, "processes.json"));
  await startCluster({ dir, progress });
  expect((await clusterStatus({ dir })).running).toBe(true);
});

test("a dead cluster of another checkout is cleared away", async () => {
  for (const pid of await ownProcesses()) signal(pid, "SIGKILL");
  await eventually(ownProcesses, (left) => left.length === 0);
  const other = path.join(folder, "other");
  await startCluster({ dir: other, progress });
  expect(await mountPointsOf([clusterLayout(dir).runDir])).toEqual([]);
  await resetCluster({ dir: other, progress });
  await expect(access(other)).rejects.toThrow("ENOENT");
  await expectClean();
});

test("stop leaves nothing running and keeps the data; reset removes that too", async () => {
  await startCluster({ dir, progress });
  await stopCluster({ dir, progress });
  const stopped = Date.now();
  await expectClean();
  await startCluster({ dir, progress });
  expect(await kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}")).toBe("1");
  // Ready is said of what runs now, not of what ran before the stop.
  const status = "{.items[0].status.containerStatuses[0].state.running.startedAt}";
  const dns = await kubectl("get", "pods", "-n", "kube-system", "-o", `jsonpath=${status}`);
  expect(new Date(dns).getTime()).toBeGreaterThanOrEqual(stopped - 1_000);
  await resetCluster({ dir, progress });
  await expectClean();
  await expect(access(dir)).rejects.toThrow("ENOENT");
});
