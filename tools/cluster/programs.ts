/**
 * Brings the cluster's programs up: each as soon as what it waits for is ready, several at a time.
 * A program that runs with the same arguments is left alone; one that ends early is reported with
 * the last lines of its log.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import type { DaemonName, DaemonSpec } from "./daemons.ts";
import { type Layout, logFile } from "./layout.ts";
import { askProbe } from "./probe.ts";
import { endProcess, isAlive, launch, type ProcessRecord } from "./processes.ts";
import { readRecords, writeRecords } from "./records.ts";

const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 100;
const STOP_GRACE_MS = 5_000;

export interface ProgramHost {
  readonly layout: Layout;
  readonly env: NodeJS.ProcessEnv;
  /** `cgroup.procs` of the group that holds them. */
  readonly groupFile: string;
  /** Changes when certificates or configuration files changed. */
  readonly generation: string;
}

/** Steps beside the programs that have their place in the same order. */
export type Tasks = Readonly<
  Record<string, { after: readonly string[]; work: () => Promise<void> }>
>;

/** Resolves when every program is ready and every task is done; the first failure wins. */
export async function startPrograms(
  host: ProgramHost,
  specs: readonly DaemonSpec[],
  tasks: Tasks,
  step: Step,
): Promise<void> {
  const keeper = await keepRecords(host.layout.dir, specs);
  const waiting = new Set<string>();
  const show = () => step.status([...waiting].join(", "));
  const done = new Map<string, Promise<void>>();
  const begin = (name: string, after: readonly string[], work: () => Promise<void>) => {
    done.set(
      name,
      (async () => {
        await Promise.all(after.map((other) => done.get(other)));
        waiting.add(name);
        show();
        await work();
        waiting.delete(name);
        show();
      })(),
    );
  };
  // A name is looked up only after this turn, so that the order of definition does not matter.
  await Promise.resolve();
  const nodes: [string, readonly string[], () => Promise<void>][] = [
    ...specs.map((spec): [string, readonly string[], () => Promise<void>] => [
      spec.name,
      spec.after,
      () => ensureProgram(host, spec, keeper),
    ]),
    ...Object.entries(tasks).map(
      ([name, task]): [string, readonly string[], () => Promise<void>] => [
        name,
        task.after,
        task.work,
      ],
    ),
  ];
  for (const [name, after, work] of inOrder(nodes)) begin(name, after, work);
  await Promise.all(done.values());
}

/** Those without open predecessors first; a name that nobody has is a mistake of ours. */
function inOrder<T extends readonly [string, readonly string[], ...unknown[]]>(
  nodes: readonly T[],
): T[] {
  const ordered: T[] = [];
  let rest = [...nodes];
  while (rest.length > 0) {
    const ready = rest.filter((node) =>
      node[1].every((name) => ordered.some((other) => other[0] === name)),
    );
    if (ready.length === 0)
      throw new Error(`no order for ${rest.map((node) => node[0]).join(", ")}`);
    ordered.push(...ready);
    rest = rest.filter((node) => !ready.includes(node));
  }
  return ordered;
}

interface Keeper {
  find(name: DaemonName): ProcessRecord | undefined;
  put(record: ProcessRecord): Promise<void>;
}

/** The record is on disk before a program is waited for: a kill -9 of ours loses no process. */
async function keepRecords(dir: string, specs: readonly DaemonSpec[]): Promise<Keeper> {
  const records = new Map((await readRecords(dir)).map((record) => [record.name, record]));
  let writing = Promise.resolve();
  const save = () => {
    writing = writing.then(() => writeRecords(dir, [...records.values()]));
    return writing;
  };
  for (const record of [...records.values()]) {
    if (specs.some((spec) => spec.name === record.name)) continue;
    await endProcess(record, STOP_GRACE_MS);
    records.delete(record.name);
  }
  await save();
  return {
    find: (name) => records.get(name),
    put: (record) => {
      records.set(record.name, record);
      return save();
    },
  };
}

async function ensureProgram(host: ProgramHost, spec: DaemonSpec, keeper: Keeper): Promise<void> {
  const fingerprint = fingerprintOf(host, spec);
  let record = keeper.find(spec.name);
  if (record === undefined || record.fingerprint !== fingerprint || !(await isAlive(record))) {
    if (record !== undefined) await endProcess(record, STOP_GRACE_MS);
    record = await launch({
      name: spec.name,
      command: spec.command,
      env: host.env,
      logFile: logFile(host.layout, spec.name),
      fingerprint,
      groupFile: host.groupFile,
    });
    await keeper.put(record);
  }
  await waitUntilReady(host.layout, spec, record);
}

function fingerprintOf(host: ProgramHost, spec: DaemonSpec): string {
  return createHash("sha256")
    .update(JSON.stringify([spec.command, host.generation, host.env]))
    .digest("hex")
    .slice(0, 16);
}

async function waitUntilReady(
  layout: Layout,
  spec: DaemonSpec,
  record: ProcessRecord,
): Promise<void> {
  const end = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const fault = await askProbe(layout, spec.ready);
    if (fault === undefined) return;
    const alive = await isAlive(record);
    if (alive && performance.now() < end) {
      await sleep(POLL_MS);
      continue;
    }
    const what = alive ? `is not ready after ${READY_TIMEOUT_MS / 1000} s: ${fault}` : "has ended";
    throw new UserError(`${spec.name} ${what}\n${await lastLines(layout, spec.name)}`, {
      where: logFile(layout, spec.name),
      fix: "mend what the log says and start again, or begin anew: npm run cluster -- reset",
      exitCode: 1,
    });
  }
}

async function lastLines(layout: Layout, name: string): Promise<string> {
  const text = await readFile(logFile(layout, name), "utf8").catch(() => "");
  return text
    .trim()
    .split("\n")
    .slice(-6)
    .map((line) => `    ${line.slice(0, 240)}`)
    .join("\n");
}
