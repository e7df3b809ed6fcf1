/**
 * The two ways an object gets into the cluster. A create is a server-side apply too, after a look
 * whether the name is taken: an object this very resource applied before a crash is adopted, any
 * other is left alone. Retried is what settles by itself (a namespace or CRD made a moment ago).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, isConflict, isNamespaceMissing, isNotFound } from "./api-error.ts";
import type { ResourceKind } from "./discovery.ts";
import { alreadyExists, type Refusal } from "./explain.ts";
import { isAppliedBy, leaveIgnored, takeOverPatch } from "./field-managers.ts";
import {
  annotationOf,
  describe,
  gvkOf,
  idOf,
  type KubeObject,
  nameOf,
  namespaceOf,
  type PathStep,
  stringAt,
} from "./kube-object.ts";
import { applyObject, getObject, patchJson } from "./objects.ts";
import { parsePath } from "./property-path.ts";
import type { Session } from "./session.ts";

const PATCH_FORCE = "pulumi.com/patchForce";

export interface ApplyRequest {
  readonly object: KubeObject;
  readonly fieldManager: string;
  readonly refusal: Refusal;
  readonly signal: AbortSignal;
  readonly report: (status: string) => void;
}

/** The real Pulumi provider tries six times, doubling the pause. */
const ATTEMPTS = 6;
const PAUSE_START_MS = 500;

export async function createByApply(session: Session, request: ApplyRequest): Promise<KubeObject> {
  return retried(request, async () => {
    const kind = await servedKind(session, request);
    await ensureFree(session, kind, request);
    return applyObject(session.client(), kind, request.object, {
      fieldManager: request.fieldManager,
      force: session.config.patchForce || annotationOf(request.object, PATCH_FORCE) === "true",
      dryRun: false,
      signal: request.signal,
    });
  });
}

/** Returns the live object from before, and the new one. */
export async function updateByApply(
  session: Session,
  request: ApplyRequest,
  dryRun: boolean,
): Promise<{ readonly before: KubeObject | undefined; readonly live: KubeObject }> {
  return retried(request, async () => {
    const kind = await servedKind(session, request);
    const client = session.client();
    const { object, fieldManager, signal } = request;
    let before = await getObject(client, kind, namespaceOf(object), nameOf(object), signal);
    const takeOver = before === undefined ? undefined : takeOverPatch(before, fieldManager);
    if (before !== undefined && takeOver !== undefined && !dryRun) {
      before = await patchJson(client, kind, object, takeOver, signal);
    }
    const force =
      session.config.patchForce ||
      annotationOf(object, PATCH_FORCE) === "true" ||
      // A rehearsal cannot take fields over first.
      (dryRun && takeOver !== undefined);
    const ignored = ignoredPaths(session, request);
    const wanted =
      before === undefined ? object : leaveIgnored(object, before, fieldManager, ignored);
    const live = await applyObject(client, kind, wanted, { fieldManager, force, dryRun, signal });
    return { before, live };
  });
}

/** Gives up the fields of a manager that the program no longer uses; the new one owns them. */
export async function relinquish(
  session: Session,
  kind: ResourceKind,
  live: KubeObject,
  fieldManager: string,
  signal: AbortSignal,
): Promise<void> {
  const metadata = {
    name: nameOf(live),
    ...(kind.namespaced ? { namespace: namespaceOf(live) } : {}),
  };
  const nothing = { ...gvkOf(live), metadata };
  await applyObject(session.client(), kind, nothing, {
    fieldManager,
    force: false,
    dryRun: false,
    signal,
  });
}

function ignoredPaths(session: Session, request: ApplyRequest): PathStep[][] {
  return (session.ignored.get(request.refusal.urn) ?? []).map(parsePath);
}

async function servedKind(session: Session, request: ApplyRequest): Promise<ResourceKind> {
  const gvk = gvkOf(request.object);
  const kind = await session.kindOf(gvk, request.signal);
  if (kind !== undefined) return kind;
  throw new ApiError(404, "NotFound", `the server serves no ${gvk.apiVersion} ${gvk.kind}`, []);
}

/** Throws where the name belongs to something else; waits for a former holder that is leaving. */
async function ensureFree(
  session: Session,
  kind: ResourceKind,
  request: ApplyRequest,
): Promise<void> {
  const { object, fieldManager, refusal, signal } = request;
  for (;;) {
    const live = await getObject(
      session.client(),
      kind,
      namespaceOf(object),
      nameOf(object),
      signal,
    );
    if (live === undefined) return;
    if (stringAt(live, "metadata", "deletionTimestamp") !== undefined) {
      request.report(`waiting for the former ${describe(object)} to be gone`);
      await sleep(PAUSE_START_MS, undefined, { signal });
      continue;
    }
    const replacing = session.owners.has(refusal.urn, idOf(object));
    if (replacing) throw alreadyExists(refusal, true);
    if (isAppliedBy(live, fieldManager) || session.config.upsertExistingObjects) return;
    throw alreadyExists(refusal, false);
  }
}

async function retried<T>(request: ApplyRequest, attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (count >= ATTEMPTS || !settles(error, request)) throw error;
      request.report(`${reasonToWait(error)}; trying again`);
      await sleep(PAUSE_START_MS * 2 ** (count - 1), undefined, { signal: request.signal });
    }
  }
}

function settles(error: unknown, request: ApplyRequest): boolean {
  if (request.refusal.preview) return false;
  if (isNotFound(error)) return true;
  // The service account controller needs a moment in a new namespace.
  if (error instanceof ApiError && error.code === 403)
    return /serviceaccount ".*" not found/.test(error.message);
  // The object moved between our look and our patch; a field conflict stays one.
  return isConflict(error) && error instanceof ApiError && error.causes.length === 0;
}

function reasonToWait(error: unknown): string {
  if (isNamespaceMissing(error)) return "its namespace is not there yet";
  if (isNotFound(error)) return "its kind is not served yet";
  return "the cluster is not ready for it yet";
}
