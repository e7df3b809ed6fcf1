/** Create and update for good: apply, wait, and hand back what the state is to keep. */
import {
  type CreateRequest,
  InitializationError,
  type ResourceRequest,
  type ResourceResult,
  type UpdateRequest,
} from "../../provider.ts";
import type { PropertyMap } from "../../values.ts";
import { type ApplyRequest, createByApply, relinquish, updateByApply } from "./apply.ts";
import { isSecretKind, outputsOf, toApiObject } from "./checkpoint.ts";
import { cleaned, explain, type Refusal } from "./explain.ts";
import { annotationOf, gvkOf, idOf, type KubeObject, stringAt } from "./kube-object.ts";
import { fieldManagerOf } from "./naming.ts";
import type { Session } from "./session.ts";
import { gatherEvidence } from "./waits/evidence.ts";
import { ruleFor } from "./waits/rules.ts";
import { waitUntilReady } from "./waits/wait-loop.ts";

const TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds";

export async function createObject(
  session: Session,
  request: CreateRequest,
): Promise<ResourceResult> {
  const fieldManager = fieldManagerOf(request.urn, request.inputs, undefined);
  const apply = applyRequestOf(session, request, request.inputs, fieldManager);
  let live: KubeObject;
  try {
    live = await createByApply(session, apply);
  } catch (error) {
    throw explain(error, apply.refusal);
  }
  session.owners.add(request.urn, idOf(live));
  // What previews found missing may be there now.
  session.missingNamespaces.clear();
  return finish(session, request, apply, live, undefined);
}

export async function updateObject(
  session: Session,
  request: UpdateRequest,
): Promise<ResourceResult> {
  const fieldManager = fieldManagerOf(request.urn, request.inputs, request.oldOutputs);
  const apply = applyRequestOf(session, request, request.inputs, fieldManager);
  const formerManager = stringAt(request.oldOutputs, "__fieldManager");
  try {
    const { before, live } = await updateByApply(session, apply, false);
    if (formerManager !== undefined && formerManager !== fieldManager) {
      const kind = await session.kindOf(gvkOf(live), request.signal);
      if (kind !== undefined) await relinquish(session, kind, live, formerManager, request.signal);
    }
    return await finish(session, request, apply, live, before);
  } catch (error) {
    throw explain(error, apply.refusal);
  }
}

export function applyRequestOf(
  session: Session,
  request: ResourceRequest,
  inputs: PropertyMap,
  fieldManager: string,
): ApplyRequest {
  session.learn(inputs);
  const { signal } = request;
  const object = toApiObject(inputs);
  const refusal = refusalOf(session, request, inputs);
  const report = (status: string) => request.report(cleaned(status, refusal));
  return { object, fieldManager, refusal, signal, report };
}

/** How an answer of the API server about this object is told. */
export function refusalOf(
  session: Session,
  { urn, preview }: Pick<ResourceRequest, "urn" | "preview">,
  inputs: PropertyMap,
): Refusal {
  return { inputs, urn, preview, redactor: session.redactor };
}

async function finish(
  session: Session,
  request: ResourceRequest & { readonly inputs: PropertyMap },
  apply: ApplyRequest,
  applied: KubeObject,
  before: KubeObject | undefined,
): Promise<ResourceResult> {
  const outcome = await awaitReady(session, request, apply, applied, before);
  // The kinds a CRD brings must be looked up anew.
  if (gvkOf(applied).kind === "CustomResourceDefinition") session.discovery().forget();
  const outputs = outputsOf(outcome.object, request.inputs, apply.fieldManager);
  if (isSecretKind(applied)) session.learn(outputs);
  const result = { id: idOf(outcome.object), outputs };
  if (outcome.reasons.length === 0) return result;
  const reasons = outcome.reasons.map((reason) => cleaned(reason, apply.refusal));
  throw new InitializationError(result.id, outputs, reasons);
}

async function awaitReady(
  session: Session,
  request: ResourceRequest,
  apply: ApplyRequest,
  applied: KubeObject,
  before: KubeObject | undefined,
): Promise<{ readonly object: KubeObject; readonly reasons: readonly string[] }> {
  const rule = ruleFor(applied, before);
  const kind = await session.kindOf(gvkOf(applied), request.signal);
  if (rule === undefined || kind === undefined) return { object: applied, reasons: [] };
  const context = {
    client: session.client(),
    kindOf: session.kindOf,
    report: apply.report,
    signal: request.signal,
    timeoutMs: timeoutOf(request, applied) ?? rule.timeoutMs,
  };
  try {
    const outcome = await waitUntilReady(context, kind, applied, rule);
    if (outcome.reasons.length === 0 || request.signal.aborted) return outcome;
    const evidence = await gatherEvidence(
      session.client(),
      outcome.object,
      outcome.related.pods ?? [],
    );
    return { object: outcome.object, reasons: [...outcome.reasons, ...evidence] };
  } catch (error) {
    // The object is in the cluster: whatever goes wrong now, the state has to keep it.
    const told = explain(error, apply.refusal);
    return { object: applied, reasons: [told instanceof Error ? told.message : String(told)] };
  }
}

/** customTimeouts go before the annotation, as in the real Pulumi provider. */
export function timeoutOf(
  request: Pick<ResourceRequest, "timeoutMs">,
  object: KubeObject,
): number | undefined {
  if (request.timeoutMs !== undefined && request.timeoutMs > 0) return request.timeoutMs;
  const seconds = Number(annotationOf(object, TIMEOUT_SECONDS) ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}
