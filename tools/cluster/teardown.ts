/**
 * Takes a cluster off the machine, whatever state it is in: programs, containers and their shims,
 * mounts, control groups, bridge, rules, sockets, settings. Used by stop, by reset, and by start for
 * what a dead cluster left behind. Data stays.
 */
import { glob, readdir, readFile, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import type { Step } from "../base/progress.ts";
import { emptyGroup, type GroupHost, readGroupHost, removeGroup } from "./control-groups.ts";
import { STOP_ORDER } from "./daemons.ts";
import { restoreHost } from "./host-settings.ts";
import { unmountBelow } from "./mounts.ts";
import type { Owner } from "./owners.ts";
import { endProcess, type ProcessRecord } from "./processes.ts";
import { type Records, readRecords, removeRecords } from "./records.ts";

/** Pods get this long to end by themselves; data stores flush within it. */
const PODS_GRACE_MS = 8_000;
const PROGRAM_GRACE_MS = 5_000;
/** Where containerd 1.6 keeps its shims' sockets, whatever its own folders are. */
const SHIM_SOCKETS = "/run/containerd/s";

export async function tearDown(owner: Owner, env: NodeJS.ProcessEnv, step: Step): Promise<void> {
  const host = await readGroupHost();
  const records = await readRecords(owner.dir);
  step.status("the kubelet");
  await endRecorded(records, ["kubelet", "kwok"]);
  if (host !== undefined) await endPods(host, owner, step);
  for (const name of STOP_ORDER) {
    step.status(name);
    await endRecorded(records, [name]);
  }
  step.status("what is left in the control group");
  if (host !== undefined) await emptyGroup(host, owner.group, { graceMs: 0 });
  const sockets = await shimSockets(owner.runDir);
  step.status("mounts");
  await unmountBelow([owner.runDir, owner.dir]);
  step.status("bridge and rules");
  await restoreHost(owner.runDir, owner, env);
  if (host !== undefined) await removeGroup(host, owner.group);
  await removeSockets(sockets);
  await rm(owner.runDir, { recursive: true, force: true });
  await removeRecords(owner.dir);
}

async function endRecorded(records: Records, names: readonly string[]): Promise<void> {
  const wanted = records.filter((record: ProcessRecord) => names.includes(record.name));
  await Promise.all(wanted.map((record) => endProcess(record, PROGRAM_GRACE_MS)));
}

async function endPods(host: GroupHost, owner: Owner, step: Step): Promise<void> {
  step.status("pods");
  await emptyGroup(host, owner.group, { graceMs: PODS_GRACE_MS, part: "kubepods" });
}

/** Each container's bundle names its shim's socket. */
async function shimSockets(runDir: string): Promise<string[]> {
  const sockets: string[] = [];
  const pattern = "containerd/io.containerd.runtime.v2.task/*/*/address";
  for await (const file of glob(pattern, { cwd: runDir })) {
    const text = await readFile(path.join(runDir, file), "utf8").catch(() => "");
    const socket = text.trim().replace(/^unix:\/\//, "");
    if (path.dirname(socket) === SHIM_SOCKETS) sockets.push(socket);
  }
  return sockets;
}

/** The folders are shared with a containerd of the host's own: removed only when empty. */
async function removeSockets(sockets: readonly string[]): Promise<void> {
  for (const socket of sockets) await rm(socket, { force: true });
  for (const folder of [SHIM_SOCKETS, path.dirname(SHIM_SOCKETS)]) {
    const entries = await readdir(folder).catch(() => ["unreadable"]);
    if (entries.length === 0) await rmdir(folder).catch(() => {});
  }
}
