/** Refresh and `get`: the live object as the state keeps it; undefined where it is gone. */
import { UserError } from "../../../base/user-error.ts";
import type { ReadRequest, ReadResult } from "../../provider.ts";
import {
  containsSecret,
  isObject,
  isSecret,
  type PropertyMap,
  type PropertyValue,
  revealMap,
  secret,
} from "../../values.ts";
import { liveOf, markSecretContents, outputsOf } from "./checkpoint.ts";
import { explain } from "./explain.ts";
import { gvkOf, parseId, toApiKeys, toProgramKeys } from "./kube-object.ts";
import { inputsOfRead, liveInputs } from "./live-inputs.ts";
import { fieldManagerOf } from "./naming.ts";
import { getObject } from "./objects.ts";
import type { Session } from "./session.ts";
import { kindOfResource } from "./type-token.ts";

export async function readObject(
  session: Session,
  request: ReadRequest,
): Promise<ReadResult | undefined> {
  session.learn(request.inputs);
  if (session.renderOnly)
    return { id: request.id, inputs: request.inputs, outputs: request.outputs };
  const known =
    request.inputs.kind === undefined ? liveOf(request.outputs) : revealMap(request.inputs);
  const gvk = kindOfResource(request.type, known);
  try {
    const kind = await session.kindOf(gvk, request.signal);
    // The CRD is gone, and its objects with it.
    if (kind === undefined) return gone(session, request);
    const { namespace, name } = parseId(request.id);
    const place = namespace === "" && kind.namespaced ? session.defaultNamespace() : namespace;
    const live = await getObject(session.client(), kind, place, name, request.signal);
    if (live === undefined) return gone(session, request);
    session.owners.add(request.urn, request.id);
    return resultOf(request, { ...gvk, ...live });
  } catch (error) {
    if (isUnreachable(error) && session.config.deleteUnreachable) return gone(session, request);
    const inputs = {
      ...gvkOf(known),
      apiVersion: gvk.apiVersion,
      kind: gvk.kind,
      ...request.inputs,
    };
    throw explain(error, {
      inputs,
      urn: request.urn,
      redactor: session.redactor,
      preview: request.preview,
    });
  }
}

function gone(session: Session, request: ReadRequest): undefined {
  session.owners.remove(request.urn, request.id);
}

/** The connection itself failed before anything was said; the error is the client's own. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof UserError && / cannot be reached: /.test(error.message);
}

function resultOf(request: ReadRequest, live: PropertyMap): ReadResult {
  const isManaged = request.inputs.kind !== undefined || request.inputs.metadata !== undefined;
  const plain = toApiKeys(revealMap(request.inputs));
  const found = toProgramKeys(isManaged ? liveInputs(live, plain) : inputsOfRead(live));
  const inputs = markSecretContents(markLike(found, request.inputs) as PropertyMap);
  const manager = fieldManagerOf(request.urn, inputs, request.outputs);
  const outputs = outputsOf(live, inputs, manager);
  const initial = request.outputs.__initialApiVersion;
  return {
    id: request.id,
    inputs,
    outputs: initial === undefined ? outputs : { ...outputs, __initialApiVersion: initial },
  };
}

function markLike(target: PropertyValue, pattern: PropertyValue | undefined): PropertyValue {
  if (pattern === undefined) return target;
  if (isSecret(pattern)) return secret(target);
  if (isObject(target) && isObject(pattern)) {
    return Object.fromEntries(
      Object.entries(target).map(([key, value]) => [key, markLike(value, pattern[key])]),
    );
  }
  return containsSecret(pattern) ? secret(target) : target;
}
