/**
 * What the cluster itself says about an object that did not become ready: its warnings, those of
 * its pods, and the last lines of containers that crashed. Gathering is best effort and bounded: a
 * failed wait must not wait once more for its explanation.
 */
import type { ApiClient } from "../api-client.ts";
import {
  field,
  type KubeObject,
  listAt,
  nameOf,
  namespaceOf,
  numberAt,
  stringAt,
} from "../kube-object.ts";
import { isPodReady } from "./pod-problems.ts";

const GATHER_MS = 5_000;
const EVENTS_MAX = 4;
const PODS_MAX = 2;
const LOG_LINES = 5;
const LOG_BYTES = 2_000;

export async function gatherEvidence(
  client: ApiClient,
  object: KubeObject,
  pods: readonly KubeObject[],
): Promise<string[]> {
  const signal = AbortSignal.timeout(GATHER_MS);
  const troubled = pods.filter((pod) => !isPodReady(pod)).slice(0, PODS_MAX);
  const parts = await Promise.all([
    warningsOf(client, [object, ...troubled], signal),
    ...troubled.map((pod) => lastLines(client, pod, signal)),
  ]);
  return parts.flat();
}

async function warningsOf(
  client: ApiClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<string[]> {
  const lists = await Promise.all(objects.map((object) => eventsOf(client, object, signal)));
  const texts = lists.flat().map((event) => {
    const who = `${stringAt(event, "involvedObject", "kind")} ${stringAt(event, "involvedObject", "name")}`;
    return `${who}: ${stringAt(event, "reason") ?? ""}: ${(stringAt(event, "message") ?? "").trim()}`;
  });
  return [...new Set(texts)].slice(-EVENTS_MAX);
}

async function eventsOf(
  client: ApiClient,
  object: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const uid = stringAt(object, "metadata", "uid");
  if (uid === undefined) return [];
  const namespace = namespaceOf(object) === "" ? "default" : namespaceOf(object);
  try {
    const list = await client.request({
      method: "GET",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
      query: { fieldSelector: `involvedObject.uid=${uid},type=Warning`, limit: "50" },
      signal,
    });
    return listAt(list, "items");
  } catch {
    return [];
  }
}

async function lastLines(
  client: ApiClient,
  pod: KubeObject,
  signal: AbortSignal,
): Promise<string[]> {
  const crashed = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ].find(hasEnded);
  const container = stringAt(crashed, "name");
  if (crashed === undefined || container === undefined) return [];
  const isBetweenRuns = field(crashed, "state", "terminated") === undefined;
  try {
    const text = await client.text({
      method: "GET",
      path: `/api/v1/namespaces/${encodeURIComponent(namespaceOf(pod))}/pods/${encodeURIComponent(nameOf(pod))}/log`,
      query: {
        container,
        tailLines: String(LOG_LINES),
        limitBytes: String(LOG_BYTES),
        ...(isBetweenRuns ? { previous: "true" } : {}),
      },
      signal,
    });
    const lines = text.trimEnd();
    return lines === ""
      ? []
      : [`last lines of ${nameOf(pod)}/${container}:\n    ${lines.replaceAll("\n", "\n    ")}`];
  } catch {
    return [];
  }
}

function hasEnded(status: KubeObject): boolean {
  const now = numberAt(status, "state", "terminated", "exitCode");
  const before = numberAt(status, "lastState", "terminated", "exitCode");
  return (now !== undefined && now !== 0) || (before !== undefined && before !== 0);
}
