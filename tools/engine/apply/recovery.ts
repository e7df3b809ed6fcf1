/**
 * What an interrupted run left behind: the operations it had announced and not recorded. Each is
 * looked up in the world, so that the next decision starts from the truth:
 * - a create that happened is taken into the state, unfinished, and finished by an update;
 * - an update is repeated, whatever its diff says;
 * - a delete that happened is forgotten, one that did not is still in the state.
 */

import type { ReadResult } from "../provider.ts";
import type { PendingOperation, ResourceState } from "../resource.ts";
import { isProviderType, parseUrn } from "../urn.ts";
import { isObject, type PropertyMap, reveal } from "../values.ts";
import type { Run } from "./run.ts";

const UNFINISHED = "a previous run was interrupted here";

export async function recover(run: Run): Promise<void> {
  for (const operation of run.journal.pendingOperations()) {
    run.proceed();
    await run.limiter.run(() => recoverOne(run, operation));
    run.journal.end(operation);
  }
  await run.journal.save();
}

async function recoverOne(run: Run, operation: PendingOperation): Promise<void> {
  const { type, resource } = operation;
  if (isProviderType(resource.type)) return;
  const say = (what: string) =>
    run.reporter.diagnostic("info", `an earlier run was interrupted: ${what}`, resource.urn);
  const held = run.journal.remaining().find(({ now }) => isSame(now, resource));
  if (type === "updating") {
    if (held !== undefined) {
      run.journal.amend(held.old, { ...held.now, initErrors: [UNFINISHED] });
      say("the update is repeated");
    }
    return;
  }
  if (type === "deleting") {
    if (held === undefined) return;
    if ((await look(run, resource, resource.id)) === undefined) {
      run.journal.drop(held.old);
      say("it had been deleted");
    }
    return;
  }
  if (type === "creating") await recoverCreate(run, resource, say);
}

async function recoverCreate(
  run: Run,
  resource: ResourceState,
  say: (what: string) => void,
): Promise<void> {
  const found = await look(run, resource, knownId(resource));
  if (found === undefined) {
    say("it is created again if the program still wants it");
    return;
  }
  const inState = run.olds.get(resource.urn);
  const state: ResourceState = {
    ...resource,
    id: found.id,
    outputs: found.outputs,
    initErrors: [UNFINISHED],
  };
  if (inState === undefined) {
    run.journal.adopt(state);
    say("it exists and is taken over");
    return;
  }
  const old = run.journal.current(inState);
  if (old?.id === found.id) {
    // Deleted and made again under the same name: the object is the new one.
    run.journal.amend(inState, { ...state, created: old.created ?? "" });
    return;
  }
  // A replacement, made before its predecessor was deleted. Whatever the program wants now, it
  // decides about the predecessor; this one goes, unless it is made (and so named) again.
  run.journal.adopt({ ...state, delete: true });
  say("its unfinished replacement is made again or deleted");
}

async function look(
  run: Run,
  resource: ResourceState,
  id: string | undefined,
): Promise<ReadResult | undefined> {
  if (id === undefined || id === "") return undefined;
  const provider = await run.providerFor(resource.type, resource.provider);
  return provider.read({
    ...run.request({
      urn: resource.urn,
      type: resource.type,
      name: parseUrn(resource.urn).name,
    }),
    id,
    inputs: resource.inputs ?? {},
    outputs: resource.outputs ?? {},
  });
}

function isSame(state: ResourceState, resource: ResourceState): boolean {
  return state.urn === resource.urn && state.id === resource.id;
}

/**
 * The id an object would have got, where its inputs tell: a Kubernetes object is
 * `<namespace>/<name>`, or `<name>` where it lives in no namespace.
 */
function knownId(resource: ResourceState): string | undefined {
  if (resource.id !== undefined && resource.id !== "") return resource.id;
  const metadata = reveal((resource.inputs ?? ({} as PropertyMap))["metadata"] ?? null);
  if (!isObject(metadata) || typeof metadata["name"] !== "string") return undefined;
  const namespace = metadata["namespace"];
  return typeof namespace === "string" ? `${namespace}/${metadata["name"]}` : metadata["name"];
}
