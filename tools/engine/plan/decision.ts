/**
 * What happens to one resource: nothing, an update in place, a replacement or a creation. The
 * Pulumi provider says what changed; the program's options and the state may say more.
 */
import { createHash } from "node:crypto";
import type { CheckResult, Diff, PropertyChange, Provider } from "../provider.ts";
import type { ResourceState } from "../resource.ts";
import { isDefaultProvider } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { changedPaths, equal } from "./compare.ts";
import type { Goal } from "./goal.ts";
import { applyIgnoreChanges, parsePath, pathsMeet } from "./property-path.ts";

export type Decision =
  | { readonly kind: "create" }
  | { readonly kind: "same"; readonly diff: Diff }
  | { readonly kind: "update"; readonly diff: Diff }
  | { readonly kind: "replace"; readonly diff: Diff; readonly deleteFirst: boolean };

const NO_DIFF: Diff = { changes: {}, replaces: [], deleteBeforeReplace: false };

export interface Subject {
  readonly goal: Goal;
  readonly urn: string;
  readonly provider: Provider | undefined;
  readonly providerReference: string | undefined;
  readonly preview: boolean;
}

/** The inputs with ignoreChanges applied, before the Pulumi provider checks them. */
export function wantedInputs(goal: Goal, old: ResourceState | undefined): PropertyMap {
  if (old?.inputs === undefined || goal.ignoreChanges.length === 0) return goal.inputs;
  return applyIgnoreChanges(goal.inputs, old.inputs, goal.ignoreChanges);
}

/**
 * Names the Pulumi provider makes up come from this seed. It is the same for preview and update
 * and after a crash, so that a repeated create makes the same object, and another one for a
 * replacement, whose predecessor still exists.
 */
export function randomSeed(stack: string, urn: string, replaced: string | undefined): Uint8Array {
  return createHash("sha256")
    .update(`${stack}\0${urn}\0${replaced ?? ""}`)
    .digest();
}

export function checkFailureText(check: CheckResult): string {
  return check.failures
    .map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`))
    .join("; ");
}

export async function decide(
  subject: Subject,
  old: ResourceState | undefined,
  inputs: PropertyMap,
  providerDiff: () => Promise<Diff | undefined>,
): Promise<Decision> {
  if (old === undefined || old.external === true) return { kind: "create" };
  if (old.pendingReplacement === true) {
    return { kind: "replace", diff: NO_DIFF, deleteFirst: true };
  }
  if (subject.provider === undefined) return decideComponent(old, inputs);
  const moved = await providerDiff();
  if (moved !== undefined && moved.replaces.length > 0) {
    const diff = { ...moved, replaces: ["provider"], changes: PROVIDER_CHANGE };
    return { kind: "replace", diff, deleteFirst: subject.goal.deleteBeforeReplace === true };
  }
  const diff = withReplaceOnChanges(
    await subject.provider.diff({
      urn: subject.urn,
      type: subject.goal.type,
      id: old.id ?? "",
      oldInputs: old.inputs ?? {},
      oldOutputs: old.outputs ?? {},
      inputs,
      ignoreChanges: subject.goal.ignoreChanges,
      preview: subject.preview,
    }),
    old.inputs ?? {},
    inputs,
    subject.goal.replaceOnChanges,
  );
  if (diff.replaces.length > 0) {
    const deleteFirst = subject.goal.deleteBeforeReplace ?? diff.deleteBeforeReplace;
    return { kind: "replace", diff, deleteFirst };
  }
  const unfinished = (old.initErrors ?? []).length > 0;
  if (unfinished || Object.keys(diff.changes).length > 0) return { kind: "update", diff };
  return { kind: "same", diff };
}

const PROVIDER_CHANGE: Readonly<Record<string, PropertyChange>> = {
  provider: { kind: "update", replace: true },
};

/** Does the resource's move from one Pulumi provider to another replace it? */
export function needsProviderDiff(old: ResourceState, reference: string | undefined): boolean {
  if (old.provider === undefined || reference === undefined) return false;
  if (old.provider === reference) return false;
  // Another version of a default provider manages the same objects.
  return !(isDefaultProvider(old.provider) && isDefaultProvider(reference));
}

function decideComponent(old: ResourceState, inputs: PropertyMap): Decision {
  if (equal(old.inputs ?? {}, inputs)) return { kind: "same", diff: NO_DIFF };
  const changes = changedPaths(old.inputs ?? {}, inputs);
  return { kind: "update", diff: { changes, replaces: [], deleteBeforeReplace: false } };
}

function withReplaceOnChanges(
  diff: Diff,
  oldInputs: PropertyMap,
  inputs: PropertyMap,
  patterns: readonly string[],
): Diff {
  if (patterns.length === 0 || Object.keys(diff.changes).length === 0) return diff;
  const candidates = new Set([
    ...Object.keys(diff.changes),
    ...Object.keys(changedPaths(oldInputs, inputs)),
  ]);
  const parsed = patterns.map(parsePath);
  const forced = [...candidates].filter((path) =>
    parsed.some((pattern) => pathsMeet(pattern, parsePath(path))),
  );
  if (forced.length === 0) return diff;
  const changes: Record<string, PropertyChange> = { ...diff.changes };
  for (const path of forced)
    changes[path] = { kind: changes[path]?.kind ?? "update", replace: true };
  return { ...diff, changes, replaces: [...new Set([...diff.replaces, ...forced])] };
}
