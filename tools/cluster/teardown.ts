/**
 * Takes a cluster off the machine, whatever state it is in: programs, containers and their shims,
 * mounts, control groups, bridge, rules, sockets, settings. Used by stop, by reset, and by start for
 * what a dead cluster left behind. Data stays.
 */
import { rm, stat } from "node:fs/promises";
import type { Step } from "../base/progress.ts";
import {
  emptyGroup,
  type GroupHost,
  groupProcesses,
  readGroupHost,
  removeGroup,
} from "./control-groups.ts";
import { STOP_ORDER } from "./daemons.ts";
import { restoreHost } from "./host-settings.ts";
import { removeTraces, shimSockets } from "./host-traces.ts";
import { unmountBelow } from "./mounts.ts";
import type { Owner } from "./owners.ts";
import { endProcess, type ProcessRecord } from "./processes.ts";
import { type Records, readRecords, removeRecords } from "./records.ts";

/** Pods get this long to end by themselves; data stores flush within it. */
const PODS_GRACE_MS = 8_000;
const PROGRAM_GRACE_MS = 5_000;

/** Whether anything of the cluster is still on the machine. */
export async function isOnMachine(owner: Owner): Promise<boolean> {
  if ((await readRecords(owner.dir)).length > 0) return true;
  const present = await stat(owner.runDir).catch(() => undefined);
  const host = await readGroupHost();
  if (present !== undefined || host === undefined) return present !== undefined;
  return (await groupProcesses(host, owner.group)).length > 0;
}

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
  await removeTraces(owner.runDir, sockets);
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
