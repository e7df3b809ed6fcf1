/**
 * Replacements. Normally the new object is made first and the old one deleted at the end. With
 * deleteBeforeReplace the old one goes first, and before it everything that would have to be
 * replaced because of it; those are made anew when the program registers them.
 */
import { UserError } from "../../base/user-error.ts";
import type { Diff } from "../provider.ts";
import type { ResourceState } from "../resource.ts";
import { parseReference, parseUrn } from "../urn.ts";
import { type PropertyMap, type PropertyValue, UNKNOWN } from "../values.ts";
import type { Run } from "./run.ts";
import { createResource, deleteResource } from "./steps.ts";

export interface Replacement {
  /** The handle of the old state, see Journal.current. */
  readonly handle: ResourceState;
  readonly old: ResourceState;
  readonly planned: ResourceState;
  readonly diff: Diff;
  readonly deleteFirst: boolean;
  readonly timeout: number | undefined;
}

export async function replaceResource(run: Run, replacement: Replacement): Promise<ResourceState> {
  const { handle, old, planned, diff, deleteFirst, timeout } = replacement;
  if (old.protect === true && old.pendingReplacement !== true) refuseProtected(old, "replaced");
  if (deleteFirst && old.pendingReplacement !== true)
    await deleteDependentsAndSelf(run, handle, old);
  return run.limiter.run(async () => {
    run.proceed();
    const state = await createResource(run, planned, "create-replacement", {
      old,
      diff,
      timeout,
      record: (created) => {
        if (deleteFirst) {
          run.journal.put(created, handle);
          return;
        }
        const { protect: _, ...replaced } = old;
        run.journal.amend(handle, { ...replaced, delete: true });
        if (old.urn !== created.urn) run.journal.rename(old.urn, created.urn);
        run.journal.put(created);
      },
    });
    run.reporter.told({ kind: "replace", old, now: state, diff });
    return state;
  });
}

async function deleteDependentsAndSelf(
  run: Run,
  handle: ResourceState,
  old: ResourceState,
): Promise<void> {
  // What has been registered meanwhile no longer depends on us: it decides about itself.
  const dependents = (await dependentsToReplace(run, old)).filter(
    (candidate) => !run.claimed.has(candidate.old),
  );
  for (const { now } of dependents) if (now.protect === true) refuseProtected(now, "replaced");
  const theirs = dependents.flatMap((found) => run.givingWay.get(found.old) ?? []);
  const ours = dependents.filter((found) => !run.givingWay.has(found.old)).reverse();
  let before: Promise<void> = Promise.resolve();
  for (const victim of ours) {
    before = before.then(() => deleteToReplace(run, victim.old, victim.now));
    // A failure is told by its step and ends the run; whoever waits here then finds it stopped.
    run.givingWay.set(
      victim.old,
      before.catch(() => {}),
    );
  }
  await before;
  await Promise.all(theirs);
  await deleteToReplace(run, handle, old);
}

function deleteToReplace(run: Run, handle: ResourceState, state: ResourceState): Promise<void> {
  return run.limiter.run(() => {
    run.proceed();
    return deleteResource(run, state, "delete-replaced", {
      keepObject: state.retainOnDelete === true || state.external === true,
      record: () => run.journal.amend(handle, { ...state, pendingReplacement: true }),
    });
  });
}

/** In dependency order: everything whose inputs would change in a replacing way. */
async function dependentsToReplace(run: Run, root: ResourceState) {
  const replaced = new Set([root.urn]);
  const found: { old: ResourceState; now: ResourceState }[] = [];
  for (const candidate of run.journal.remaining()) {
    const { old, now } = candidate;
    if (run.claimed.has(old)) continue;
    const settled = now.delete === true || now.pendingReplacement === true;
    if (settled || !now.custom || now.urn === root.urn) continue;
    if (!(await mustFollow(run, now, replaced))) continue;
    replaced.add(now.urn);
    found.push(candidate);
  }
  return found;
}

async function mustFollow(
  run: Run,
  state: ResourceState,
  replaced: ReadonlySet<string>,
): Promise<boolean> {
  if (state.provider === undefined) return false;
  if (replaced.has(parseReference(state.provider).urn)) return true;
  const inputs: Record<string, PropertyValue> = { ...state.inputs };
  let touched = false;
  for (const [key, urns] of Object.entries(state.propertyDependencies ?? {})) {
    if (inputs[key] === undefined || !urns.some((urn) => replaced.has(urn))) continue;
    inputs[key] = UNKNOWN;
    touched = true;
  }
  if (!touched) return false;
  const provider = await run.providerFor(state.type, state.provider);
  const diff = await provider.diff({
    urn: state.urn,
    type: state.type,
    id: state.id ?? "",
    oldInputs: state.inputs ?? {},
    oldOutputs: state.outputs ?? {},
    inputs: inputs as PropertyMap,
    ignoreChanges: state.ignoreChanges ?? [],
    // The unknowns make this a question about the future, whatever the run does.
    preview: true,
  });
  return diff.replaces.length > 0;
}

export function refuseProtected(state: ResourceState, what: "replaced" | "deleted"): never {
  throw new UserError(`${parseUrn(state.urn).name} is protected and would be ${what}`, {
    where: state.urn,
    fix: "Take `protect: true` off in the program, run `up`, and repeat.",
    exitCode: 2,
  });
}
