/** Which deletions must wait for which: a resource goes only after everything that names it. */
import type { ResourceState } from "../resource.ts";
import { parseReference } from "../urn.ts";

/** Every URN a state names: what must exist while it does. */
export function references(state: ResourceState): Set<string> {
  const urns = new Set(state.dependencies ?? []);
  for (const list of Object.values(state.propertyDependencies ?? {})) {
    for (const urn of list) urns.add(urn);
  }
  if (state.parent !== undefined) urns.add(state.parent);
  if (state.provider !== undefined) urns.add(parseReference(state.provider).urn);
  if (state.deletedWith !== undefined) urns.add(state.deletedWith);
  return urns;
}

/**
 * For each state (in the order of the state file, dependencies first) the indices of those that
 * must be deleted before it.
 */
export function deleteAfter(states: readonly ResourceState[]): number[][] {
  const byUrn = new Map<string, number[]>();
  states.forEach((state, index) => {
    byUrn.set(state.urn, [...(byUrn.get(state.urn) ?? []), index]);
  });
  const after: number[][] = states.map(() => []);
  states.forEach((state, index) => {
    for (const urn of references(state)) {
      for (const target of byUrn.get(urn) ?? []) {
        // Only backwards: a damaged state with a cycle must not make a deletion wait for itself.
        if (target < index) after[target]?.push(index);
      }
    }
  });
  return after;
}
