/**
 * For tests: kills a container's main process on the node, as nothing inside the pod could
 * prevent, and reads back what the ledger and the audit trail hold.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { runVerbOrFail } from "./test-stack.ts";

const SERVICE = "deepseek";

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly containerID?: string;
      readonly restartCount: number;
      readonly ready: boolean;
    }[];
  };
}

/** Sends SIGKILL to the program of the first pod with this label; resolves with the pod's name. */
export async function killMainProcess(label: string, namespace = SERVICE): Promise<string> {
  const pod = await firstPod(label, namespace);
  // Exporters have names of their own that end so.
  const [container] =
    pod.status.containerStatuses?.filter(({ name }) => !name.endsWith("-exporter")) ?? [];
  const id = container?.containerID?.replace(/^.*:\/\//, "");
  if (id === undefined) throw new Error(`${pod.metadata.name} runs no container`);
  process.kill(mainProcessOf(id), "SIGKILL");
  return pod.metadata.name;
}

/** Until the pod's containers run again and are ready. */
export async function waitUntilRestarted(
  label: string,
  name: string,
  namespace = SERVICE,
): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const pods = await podsOf(label, namespace);
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const statuses = pod?.status.containerStatuses ?? [];
    if (
      statuses.some(({ restartCount }) => restartCount > 0) &&
      statuses.every(({ ready }) => ready)
    ) {
      return;
    }
    if (Date.now() > deadline) throw new Error(`${name} did not come back`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function firstPod(label: string, namespace: string): Promise<Pod> {
  const [pod] = await podsOf(label, namespace);
  if (pod === undefined) throw new Error(`no pod of ${label}`);
  return pod;
}

async function podsOf(label: string, namespace: string): Promise<readonly Pod[]> {
  const { stdout } = await kubectl("get", "pods", "-n", namespace, "-l", label, "-o", "json");
  return (JSON.parse(stdout) as { items: Pod[] }).items;
}

/** In its own process namespace it is number 1. */
function mainProcessOf(containerId: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const inside = readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(containerId);
      const status = inside ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
      if (/^NSpid:(\t\d+)+\t1$/m.test(status)) return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`no process runs in container ${containerId}`);
}

/** Request ids of settled rows without an error. */
export async function ledgerIds(): Promise<Set<string>> {
  const query = "SELECT request_id FROM gateway_ledger WHERE state = 'settled' AND error IS NULL";
  const { stdout } = await kubectl(
    ...["exec", "-n", "deepseek", "postgres-0", "-c", "postgres", "--"],
    ...["psql", "-At", "-d", "gateway", "-c", query],
  );
  return new Set(stdout.trim().split("\n"));
}

interface Volume {
  readonly spec: {
    readonly local?: { readonly path: string };
    readonly claimRef?: { readonly name: string };
  };
}

/** Request ids of allowed calls in the trails of all gateways, read from their volumes. */
export async function auditIds(): Promise<Set<string>> {
  const { stdout } = await kubectl("get", "persistentvolumes", "-o", "json");
  const folders = (JSON.parse(stdout) as { items: Volume[] }).items
    .filter(({ spec }) => spec.claimRef?.name.startsWith("data-gateway-"))
    .map(({ spec }) => spec.local?.path ?? "");
  const ids = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => readFileSync(path.join(folder, name), "utf8").trim().split("\n"))
      .flatMap(allowedId),
  );
  return new Set(ids);
}

/** The last line of a living segment may be half written. */
function allowedId(line: string): string[] {
  try {
    const event = JSON.parse(line) as { kind: string; requestId: string; outcome: string };
    return event.kind === "event" && event.outcome === "allowed" ? [event.requestId] : [];
  } catch {
    return [];
  }
}

export function kubectl(...args: readonly string[]) {
  return runVerbOrFail(["kubectl", ...args]);
}
