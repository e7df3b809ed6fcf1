/**
 * Whether the cluster serves now. After a stop or a crash the API server still tells the old story
 * (node Ready, pods Ready) until the kubelet corrects it, so the old story is corrected first.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import type { Api } from "./api.ts";
import { NODE_NAME } from "./layout.ts";

const TIMEOUT_MS = 120_000;
const POLL_MS = 150;
const DNS_PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns";
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${NODE_NAME}`;

interface Item {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

/** For a node on which nothing runs: none of its pods is Ready, whatever was written last. */
export async function markPodsNotReady(api: Api): Promise<void> {
  const pods = await list(api, `/api/v1/pods?fieldSelector=spec.nodeName%3D${NODE_NAME}`);
  const conditions = ["Ready", "ContainersReady"].map((type) => ({
    type,
    status: "False",
    reason: "NodeStarted",
  }));
  for (const { metadata } of pods.filter(isReady)) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
    const type = "application/strategic-merge-patch+json";
    await api.request("PATCH", path, { status: { conditions } }, type);
  }
}

/** Until every node is Ready and names resolve; `since` is when this start began. */
export async function waitUntilServing(
  api: Api,
  wanted: { gpuNodes: number; since: Date | undefined },
  step: Step,
): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  for (;;) {
    const missing = await whatIsMissing(api, wanted.gpuNodes, wanted.since);
    if (missing === undefined) return;
    step.status(missing);
    if (performance.now() > end) {
      throw new UserError(`the cluster is not ready after ${TIMEOUT_MS / 1000} s: ${missing}`, {
        where: `node ${NODE_NAME}`,
        fix: "npm run kubectl -- get events -A; logs lie in .state/cluster/logs",
        exitCode: 1,
      });
    }
    await sleep(POLL_MS);
  }
}

async function whatIsMissing(
  api: Api,
  gpuNodes: number,
  since: Date | undefined,
): Promise<string | undefined> {
  if (since !== undefined && !(await isRenewed(api, since))) return "the node reports";
  const ready = (await list(api, "/api/v1/nodes")).filter(isReady);
  if (ready.length < 1 + gpuNodes) return `${ready.length} of ${1 + gpuNodes} nodes are Ready`;
  return (await list(api, DNS_PODS)).some(isReady) ? undefined : "CoreDNS is not ready";
}

/** The kubelet renews its lease as soon as it runs. */
async function isRenewed(api: Api, since: Date): Promise<boolean> {
  const { body } = await api.request("GET", LEASE);
  const renewed = (body as { spec?: { renewTime?: string } }).spec?.renewTime;
  return renewed !== undefined && new Date(renewed) >= since;
}

async function list(api: Api, path: string): Promise<readonly Item[]> {
  const { body } = await api.request("GET", path);
  return (body as { items?: readonly Item[] }).items ?? [];
}

function isReady(item: Item): boolean {
  return (item.status?.conditions ?? []).some(
    ({ type, status }) => type === "Ready" && status === "True",
  );
}
