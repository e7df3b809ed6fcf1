/**
 * Asks a running stack for everything that only it can show: read-only, each question by itself, so that
 * what cannot be reached is told with its reason and the rest is still asked.
 */
import tls from "node:tls";
import { Agent } from "undici";
import { PrometheusClient } from "../../prometheus/client.ts";
import { alertProofs } from "./alert-proof.ts";
import type { Cluster } from "./cluster.ts";
import { filterProof } from "./filter-proof.ts";
import { handshakeProof } from "./handshake-proof.ts";
import { connectTo, type Listener, reasonOf } from "./listener.ts";
import { type Pod, podListeners } from "./pod-listeners.ts";
import { restoreProof } from "./restore-proof.ts";
import { RESTORE_TEST, restoresOfPod } from "./restore-source.ts";
import type { Shown } from "./shown.ts";
import { trailProofs } from "./trail-proof.ts";
import { type TrailSource, trailOfApi, trailOfPod } from "./trail-source.ts";
import { type Service, targetsOf, wallsProof } from "./walls-proof.ts";

export interface StackOutputs {
  readonly url?: string;
  readonly caCertificate?: string;
  readonly apiKey?: string;
  readonly prometheusUrl?: string;
  readonly models?: readonly string[];
}

export interface Ground {
  /** null: the stack has not been deployed from here. */
  readonly outputs: StackOutputs | null;
  /** null: there is no way into it, because of `withoutCluster`. */
  readonly cluster: Cluster | null;
  readonly withoutCluster: string;
  readonly namespaces: readonly string[];
  /** Names of rendered rules; null: none were found in the graph. */
  readonly rendered: readonly string[] | null;
  /** Days of the audit trail that the profile asks for. */
  readonly floorDays: number;
  /** Of a principal with the role audit-admin. */
  readonly auditorKey: string | null;
  readonly restoreRecord: string | null;
  readonly now: () => Date;
  /** What is being asked, for whoever waits. */
  readonly onStep: (text: string) => void;
}

const SELF_CHECK = "max by (instance) (gateway_audit_chain_faults)";
const NOT_DEPLOYED = "the stack has no outputs here: it was not deployed from this state";

export async function collect(ground: Ground): Promise<Shown[]> {
  const ca = ground.outputs?.caCertificate;
  const dispatcher = new Agent({
    connect: { ...(ca === undefined ? {} : { ca }) },
    connections: 4,
  });
  const seen = await lookAtCluster(ground);
  try {
    const shown: Shown[] = [];
    const step = async (text: string, ask: () => Promise<readonly Shown[]>) => {
      ground.onStep(text);
      shown.push(...(await ask()));
    };
    await step("handshakes of the edge", async () => [await edgeHandshakes(ground)]);
    await step("handshakes inside", async () => [await insideHandshakes(ground, seen)]);
    await step("the audit trail", () => auditTrail(ground, seen, dispatcher));
    await step("alerts", () => alerts(ground, seen, dispatcher));
    await step("network policies", async () => [await walls(ground, seen)]);
    await step("the content filter", async () => [await filter(ground, dispatcher)]);
    await step("the records of restores", async () => [await restores(ground, seen)]);
    return shown;
  } finally {
    await dispatcher.destroy();
  }
}

interface Seen {
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  /** Why there is nothing. */
  readonly without: string;
}

async function lookAtCluster({ cluster, withoutCluster, namespaces }: Ground): Promise<Seen> {
  const nothing = { pods: [], services: [] };
  if (cluster === null) return { ...nothing, without: withoutCluster };
  try {
    const all = async <T>(kind: string) =>
      (await Promise.all(namespaces.map((one) => cluster.list<T>(kind, one)))).flat();
    const pods = await all<Pod>("pods");
    const without = `no pod runs in ${namespaces.join(", ") || "any namespace of the stack"}`;
    return { pods, services: await all<Service>("services"), without };
  } catch (cause) {
    return { ...nothing, without: `the cluster does not answer: ${reasonOf(cause)}` };
  }
}

function edgeHandshakes({ outputs, now }: Ground): Promise<Shown> {
  const url = outputs?.url === undefined ? null : new URL(outputs.url);
  const port = Number(url?.port || 443);
  const listeners: Listener[] =
    url === null
      ? []
      : [
          {
            ...{ name: url.host, serverName: url.hostname, speaks: "tls" },
            connect: () => connectTo(url.hostname, port),
          },
        ];
  return handshakeProof({
    id: "handshakes-edge",
    title: { zh: "TLS 握手：入口（edge）", en: "TLS handshakes: the edge" },
    on: url?.origin ?? "edge",
    listeners,
    without: NOT_DEPLOYED,
    authority: outputs?.caCertificate ?? null,
    now: now(),
  });
}

async function insideHandshakes(
  { outputs, cluster, namespaces, now }: Ground,
  seen: Seen,
): Promise<Shown> {
  const inside = cluster === null ? null : podListeners(cluster, seen.pods);
  try {
    return await handshakeProof({
      id: "handshakes-inside",
      title: { zh: "TLS 握手：集群内监听端口", en: "TLS handshakes: listeners inside" },
      on: namespaces.join(", ") || "cluster",
      listeners: inside?.listeners ?? [],
      without: seen.without,
      authority: outputs?.caCertificate ?? null,
      now: now(),
    });
  } finally {
    inside?.close();
  }
}

async function auditTrail(ground: Ground, seen: Seen, dispatcher: Agent): Promise<Shown[]> {
  const { outputs, cluster, auditorKey, floorDays } = ground;
  const now = ground.now();
  const sources: TrailSource[] = gateways(seen).flatMap(({ metadata }) =>
    cluster === null
      ? []
      : [trailOfPod(cluster, { namespace: metadata.namespace, pod: metadata.name })],
  );
  if (auditorKey !== null && outputs?.url !== undefined) {
    sources.push(trailOfApi({ url: outputs.url, key: auditorKey, dispatcher, now }));
  }
  const without = `${seen.without}; and no auditor's key was given (DEEPSEEK_AUDITOR_KEY)`;
  // Anchors are not in the pods; each gateway judges itself by them, over and over, and tells it.
  const selfChecks = await withPrometheus(ground, seen, dispatcher, async (prometheus) =>
    prometheus === null ? [] : prometheus.now(SELF_CHECK).catch(() => []),
  );
  return trailProofs({
    ...{ sources, floorDays, now, without },
    selfChecks: selfChecks.map(({ metric, value }) => ({
      gateway: metric["instance"] ?? "?",
      faults: value,
    })),
  });
}

function gateways(seen: Seen): readonly Pod[] {
  return running(seen, "gateway");
}

function running({ pods }: Seen, program: string): readonly Pod[] {
  return pods.filter(
    ({ metadata, status }) =>
      metadata.labels?.["app.kubernetes.io/name"] === program && status?.phase === "Running",
  );
}

/** Of a site that tries its backups itself; AWS Backup tries those of RDS, and keeps its own list. */
function restores({ cluster, restoreRecord: record, now }: Ground, seen: Seen): Promise<Shown> {
  const [pod] = running(seen, RESTORE_TEST);
  const place = pod && { namespace: pod.metadata.namespace, pod: pod.metadata.name };
  const own = cluster === null || place === undefined ? null : restoresOfPod(cluster, place);
  const without = seen.pods.length === 0 ? seen.without : "no pod of this site tests restores";
  return restoreProof({ record, own, without, now: now() });
}

function alerts(ground: Ground, seen: Seen, dispatcher: Agent): Promise<Shown[]> {
  const { rendered } = ground;
  return withPrometheus(ground, seen, dispatcher, (prometheus, without) =>
    alertProofs({ rendered, prometheus, without, now: ground.now() }),
  );
}

type WithPrometheus<T> = (prometheus: PrometheusClient | null, without: string) => Promise<T>;

/** An address of the cluster's own is reached through the pod. */
async function withPrometheus<T>(
  { outputs, cluster }: Ground,
  seen: Seen,
  dispatcher: Agent,
  work: WithPrometheus<T>,
): Promise<T> {
  const url = outputs?.prometheusUrl;
  if (url === undefined) return work(null, NOT_DEPLOYED);
  if (!/\.svc(\.|:|$)/.test(new URL(url).host))
    return work(new PrometheusClient({ url, dispatcher }), "");
  const pod = seen.pods.find(
    ({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === "prometheus",
  );
  if (cluster === null || pod === undefined) return work(null, seen.without);
  const port = Number(new URL(url).port || 443);
  const place = { namespace: pod.metadata.namespace, pod: pod.metadata.name };
  const forward = cluster.forward(place, [port]);
  const through = agentThrough(() => forward.connect(port), new URL(url).hostname, outputs);
  try {
    return await work(new PrometheusClient({ url, dispatcher: through }), "");
  } finally {
    await through.destroy();
    forward.close();
  }
}

/** Calls over a connection that somebody else opens; the server is verified by its own name. */
function agentThrough(
  connect: Listener["connect"],
  servername: string,
  outputs: StackOutputs | null,
): Agent {
  const ca = outputs?.caCertificate;
  return new Agent({
    connect: (_options, callback) => {
      connect().then(
        (socket) => {
          const secured = tls.connect({ socket, servername, ...(ca === undefined ? {} : { ca }) });
          secured.once("secureConnect", () => callback(null, secured));
          secured.once("error", (cause) => callback(cause, null));
        },
        (cause: Error) => callback(cause, null),
      );
    },
  });
}

function walls({ cluster, now }: Ground, seen: Seen): Promise<Shown> {
  const [pod] = gateways(seen);
  const from =
    cluster === null || pod === undefined
      ? null
      : { cluster, namespace: pod.metadata.namespace, pod: pod.metadata.name };
  const targets = targetsOf(seen.services);
  return wallsProof({ from, targets, now: now(), without: seen.without });
}

function filter({ outputs, now }: Ground, dispatcher: Agent): Promise<Shown> {
  const { url, apiKey: key } = outputs ?? {};
  const model = outputs?.models?.[0];
  const gateway =
    url === undefined || key === undefined || model === undefined
      ? null
      : { url, key, model, dispatcher };
  return filterProof({ gateway, without: NOT_DEPLOYED, now: now() });
}
