/**
 * Deletes an object and waits until it is gone: everything below it first (foreground), as the real
 * Pulumi provider does. An object, kind or CRD that is already gone is as good as deleted.
 */
import { UserError } from "../../../base/user-error.ts";
import type { DeleteRequest } from "../../provider.ts";
import { revealMap } from "../../values.ts";
import { liveOf } from "./checkpoint.ts";
import { collectionPath, type ResourceKind } from "./discovery.ts";
import { cleaned, explain } from "./explain.ts";
import {
  annotationOf,
  describe,
  field,
  gvkOf,
  type KubeObject,
  listAt,
  parseId,
  stringAt,
  withMetadata,
} from "./kube-object.ts";
import { timeoutOf } from "./lifecycle.ts";
import { deleteObject } from "./objects.ts";
import { isUnreachable } from "./read.ts";
import type { Session } from "./session.ts";
import { kindOfResource } from "./type-token.ts";
import { streamObjects } from "./waits/object-stream.ts";
import { WAIT_TIMEOUT_MS } from "./waits/rule.ts";
import { SKIP_AWAIT } from "./waits/rules.ts";

const DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy";

/** Kinds whose deletion the real Pulumi provider does not await under skipAwait. */
const SKIPPABLE = new Set([
  "DaemonSet",
  "Deployment",
  "Job",
  "Namespace",
  "Pod",
  "ReplicationController",
  "StatefulSet",
]);

export async function removeObject(session: Session, request: DeleteRequest): Promise<void> {
  session.learn(request.inputs);
  session.owners.remove(request.urn, request.id);
  if (session.renderOnly) return;
  const last = lastKnown(request);
  try {
    const kind = await session.kindOf(gvkOf(last), request.signal);
    if (kind === undefined) return;
    await removeAndWait(session, request, kind, last);
    if (kind.kind === "CustomResourceDefinition") session.discovery().forget();
  } catch (error) {
    if (isUnreachable(error) && session.config.deleteUnreachable) return;
    throw explain(error, {
      inputs: last,
      urn: request.urn,
      redactor: session.redactor,
      preview: false,
    });
  }
}

/** What is recorded, under the name that counts: the id's. */
function lastKnown(request: DeleteRequest): KubeObject {
  const inputs = revealMap(request.inputs);
  const recorded = inputs.kind === undefined ? liveOf(request.outputs) : inputs;
  const { namespace, name } = parseId(request.id);
  const object = { ...kindOfResource(request.type, recorded), ...recorded };
  return withMetadata(object, { name, namespace: namespace === "" ? undefined : namespace });
}

async function removeAndWait(
  session: Session,
  request: DeleteRequest,
  kind: ResourceKind,
  last: KubeObject,
): Promise<void> {
  const { namespace, name } = parseId(request.id);
  const client = session.client();
  const policy = propagationOf(last);
  const live = await deleteObject(client, kind, namespace, name, policy, request.signal);
  if (live === undefined) return;
  if (annotationOf(last, SKIP_AWAIT) === "true" && SKIPPABLE.has(kind.kind)) return;
  const timeoutMs = timeoutOf(request, last) ?? WAIT_TIMEOUT_MS;
  const left = await waitUntilGone(session, request, kind, live, timeoutMs);
  if (left === undefined) return;
  throw notGone(session, request, left, timeoutMs);
}

/**
 * Kinds that own nothing: waiting for the garbage collector to find that out would make each of
 * them slow to delete, and what someone attached to them is collected all the same.
 */
const CHILDLESS = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "ConfigMap",
  "HorizontalPodAutoscaler",
  "LimitRange",
  "NetworkPolicy",
  "PodDisruptionBudget",
  "PriorityClass",
  "ResourceQuota",
  "Role",
  "RoleBinding",
  "Secret",
  "ServiceAccount",
  "StorageClass",
]);

function propagationOf(object: KubeObject): string {
  switch (annotationOf(object, DELETION_PROPAGATION)?.toLowerCase()) {
    case "orphan":
      return "Orphan";
    case "background":
      return "Background";
    case "foreground":
      return "Foreground";
    default:
      return CHILDLESS.has(gvkOf(object).kind) ? "Background" : "Foreground";
  }
}

/** undefined once it is gone; else the object as last seen. */
async function waitUntilGone(
  session: Session,
  request: DeleteRequest,
  kind: ResourceKind,
  live: KubeObject,
  timeoutMs: number,
): Promise<KubeObject | undefined> {
  const uid = stringAt(live, "metadata", "uid");
  const { namespace, name } = parseId(request.id);
  const done = new AbortController();
  const signal = AbortSignal.any([request.signal, done.signal, AbortSignal.timeout(timeoutMs)]);
  let seen: KubeObject | undefined = live;
  let said = "";
  const say = (status: string) => {
    if (status !== said)
      request.report(cleaned(status, { inputs: request.inputs, redactor: session.redactor }));
    said = status;
  };
  const target = {
    path: collectionPath(kind, namespace),
    query: { fieldSelector: `metadata.name=${name}` },
    gvk: { apiVersion: kind.apiVersion, kind: kind.kind },
  };
  const sink = {
    onObjects: (objects: readonly KubeObject[]) => {
      seen = objects.find((object) => stringAt(object, "metadata", "uid") === uid);
      if (seen === undefined) done.abort();
      else say(holdUp(seen));
    },
    onTrouble: (text: string | undefined) => {
      if (text !== undefined) say(`the API server is away (${text}); waiting for it`);
    },
  };
  await streamObjects(session.client(), target, sink, signal);
  return seen;
}

/** Kubernetes' own finalizer of a foreground deletion. */
const FOREGROUND = "foregroundDeletion";

/** What keeps an object that is being deleted. */
function holdUp(object: KubeObject): string {
  const finalizers = field(object, "metadata", "finalizers");
  const names = Array.isArray(finalizers) ? finalizers.map(String) : [];
  const foreign = names.filter((name) => name !== FOREGROUND);
  const content = listAt(object, "status", "conditions")
    .filter((item) => item.status === "True" && /Remaining|Failure/.test(String(item.type)))
    .map((item) => stringAt(item, "message") ?? "");
  const waits = [
    ...foreign.map((name) => `finalizer ${name}`),
    ...(names.includes(FOREGROUND) && foreign.length === 0 ? ["what it owns to be gone"] : []),
    ...content.filter((text) => text !== ""),
  ];
  return waits.length === 0 ? "waiting for it to be gone" : `waiting for ${waits.join("; ")}`;
}

function notGone(
  session: Session,
  request: DeleteRequest,
  left: KubeObject,
  timeoutMs: number,
): UserError {
  const why = request.signal.aborted
    ? "cancelled"
    : `not gone after ${Math.round(timeoutMs / 1000)} s`;
  const text = `${describe(left)} is being deleted but ${why}: ${holdUp(left)}.`;
  return new UserError(cleaned(text, { inputs: request.inputs, redactor: session.redactor }), {
    where: request.urn,
    fix: "See what its finalizers wait for (kubectl get -o yaml), then run the same command again.",
    exitCode: 1,
  });
}
