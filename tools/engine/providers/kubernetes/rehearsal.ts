/**
 * Create and update in a preview: rehearsed by the API server's dry run wherever it can be, so that
 * defaults, admission policies and mistakes show up before anything changes. Where the object
 * cannot be rehearsed (unknown values, a namespace or CRD that is itself planned), its inputs stand
 * in for it; an object for a planned namespace is still validated, in the default one.
 */
import type { CreateRequest, ResourceResult, UpdateRequest } from "../../provider.ts";
import { containsUnknown, type PropertyMap } from "../../values.ts";
import { ApiError, isNamespaceMissing } from "./api-error.ts";
import { type ApplyRequest, updateByApply } from "./apply.ts";
import { outputsOf, previewOutputs } from "./checkpoint.ts";
import { immutableFields } from "./diff.ts";
import type { ResourceKind } from "./discovery.ts";
import { alreadyExists, explain } from "./explain.ts";
import { isAppliedBy } from "./field-managers.ts";
import {
  gvkOf,
  idOf,
  type KubeObject,
  nameOf,
  namespaceOf,
  stringAt,
  withMetadata,
} from "./kube-object.ts";
import { applyRequestOf, refusalOf } from "./lifecycle.ts";
import { fieldManagerOf } from "./naming.ts";
import { applyObject, getObject } from "./objects.ts";
import type { Session } from "./session.ts";

/** Exists in every cluster. */
const STAND_IN_NAMESPACE = "default";

export async function previewCreate(
  session: Session,
  request: CreateRequest,
): Promise<ResourceResult> {
  const { inputs } = request;
  const fieldManager = fieldManagerOf(request.urn, inputs, undefined);
  const echo = { id: "", outputs: previewOutputs(inputs, inputs, fieldManager, undefined) };
  if (session.config.unknownCluster) return echo;
  try {
    const kind = await servedKind(session, request);
    if (kind === undefined || containsUnknown(inputs)) return echo;
    const apply = applyRequestOf(session, request, inputs, fieldManager);
    const live = await rehearseCreate(session, apply, kind);
    if (live === undefined) return echo;
    return { id: "", outputs: previewOutputs(live, inputs, fieldManager, undefined) };
  } catch (error) {
    throw explain(error, refusalOf(session, request, inputs));
  }
}

/** undefined: not served, which is said when the preview has ended (wanted-kinds.ts). */
async function servedKind(
  session: Session,
  { inputs, signal }: Pick<CreateRequest, "inputs" | "signal">,
): Promise<ResourceKind | undefined> {
  session.wantedKinds.note(inputs);
  const kind = await session.kindOf(gvkOf(inputs), signal);
  if (kind === undefined) session.wantedKinds.want(inputs);
  return kind;
}

/** undefined: it cannot be rehearsed, but nothing speaks against it. */
async function rehearseCreate(
  session: Session,
  apply: ApplyRequest,
  kind: ResourceKind,
): Promise<KubeObject | undefined> {
  const { object, fieldManager, signal } = apply;
  const namespace = namespaceOf(object);
  if (session.missingNamespaces.has(namespace)) return validateElsewhere(session, apply, kind);
  try {
    const options = { fieldManager, force: true, dryRun: true, signal };
    const live = await applyObject(session.client(), kind, object, options);
    // Only an object that is there has a resource version.
    if (stringAt(live, "metadata", "resourceVersion") !== undefined) {
      await refuseForeign(session, apply, kind);
    }
    return live;
  } catch (error) {
    if (isNamespaceMissing(error)) {
      session.missingNamespaces.add(namespace);
      return validateElsewhere(session, apply, kind);
    }
    // A replacement under the same name: the old object still stands there.
    if (immutableFields(error) !== undefined) {
      return (await refuseForeign(session, apply, kind)) ? undefined : Promise.reject(error);
    }
    // What a policy or webhook forbids now may be allowed by what this same update brings.
    if (error instanceof ApiError && error.code === 403) return undefined;
    throw error;
  }
}

/** Is there such an object, one that may be applied to? Throws where it is someone else's. */
async function refuseForeign(
  session: Session,
  apply: ApplyRequest,
  kind: ResourceKind,
): Promise<boolean> {
  const { object, fieldManager, refusal, signal } = apply;
  const present = await getObject(
    session.client(),
    kind,
    namespaceOf(object),
    nameOf(object),
    signal,
  );
  if (present === undefined) return false;
  const isOurs =
    isAppliedBy(present, fieldManager) || session.owners.has(refusal.urn, idOf(object));
  if (!isOurs && !session.config.upsertExistingObjects) throw alreadyExists(refusal, false);
  return true;
}

/**
 * The namespace is planned: ask the default one whether the object is valid at all. Only answers
 * about the object's form count; what the default namespace forbids says nothing about the other.
 */
async function validateElsewhere(
  session: Session,
  apply: ApplyRequest,
  kind: ResourceKind,
): Promise<undefined> {
  if (!kind.namespaced) return;
  const client = session.client();
  const stand = withMetadata(apply.object, { namespace: STAND_IN_NAMESPACE });
  const { fieldManager, signal } = apply;
  try {
    await applyObject(client, kind, stand, { fieldManager, force: true, dryRun: true, signal });
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 400 && error.code !== 422)) return;
    // An object of that name there was merged with ours, and judged in its place.
    const other = await getObject(client, kind, STAND_IN_NAMESPACE, nameOf(stand), signal);
    if (other === undefined) throw error;
  }
}

export async function previewUpdate(
  session: Session,
  request: UpdateRequest,
): Promise<PropertyMap> {
  const { inputs, oldOutputs } = request;
  const fieldManager = fieldManagerOf(request.urn, inputs, oldOutputs);
  const echo = previewOutputs(inputs, inputs, fieldManager, oldOutputs);
  if (session.config.unknownCluster) return echo;
  try {
    const kind = await servedKind(session, request);
    if (kind === undefined || containsUnknown(inputs)) return echo;
    const apply = applyRequestOf(session, request, inputs, fieldManager);
    const { live } = await updateByApply(session, apply, true);
    return previewOutputs(live, inputs, fieldManager, oldOutputs);
  } catch (error) {
    if (error instanceof ApiError && error.code === 403 && error.causes.length === 0) return echo;
    // Someone deleted the namespace; the update will say so if it is not made anew.
    if (isNamespaceMissing(error)) return echo;
    throw explain(error, refusalOf(session, request, inputs));
  }
}

/** A render asks no cluster: the object is what the program said, the same on every run. */
export function renderedObject(request: CreateRequest): ResourceResult {
  const { inputs } = request;
  const fieldManager = fieldManagerOf(request.urn, inputs, undefined);
  return request.preview
    ? { id: "", outputs: previewOutputs(inputs, inputs, fieldManager, undefined) }
    : { id: idOf(inputs), outputs: outputsOf(inputs, inputs, fieldManager) };
}
