/**
 * The earlier names of a resource: what its aliases say, multiplied by the alias through which its
 * parent was found (a renamed component's children are found without aliases of their own).
 */
import { makeUrn, parseUrn } from "../urn.ts";
import type { AliasSpec, Goal } from "./goal.ts";

export interface AliasContext {
  readonly stack: string;
  readonly project: string;
  /** The old URN under which the goal's parent was found, if it was renamed. */
  readonly parentAlias: string | undefined;
}

/** Candidate URNs, in the order they are tried; the resource's own URN is not among them. */
export function aliasUrns(goal: Goal, urn: string, context: AliasContext): string[] {
  const found = new Set<string>();
  for (const alias of goal.aliases) found.add(resolveAlias(alias, goal, context));
  if (goal.parent !== undefined && context.parentAlias !== undefined) {
    found.add(inherited(goal.name, goal.type, goal.parent, context));
    for (const alias of goal.aliases) {
      if (alias.urn !== undefined || alias.parent !== undefined || alias.noParent) continue;
      found.add(inherited(alias.name ?? goal.name, alias.type ?? goal.type, goal.parent, context));
    }
  }
  found.delete(urn);
  return [...found];
}

function resolveAlias(alias: AliasSpec, goal: Goal, context: AliasContext): string {
  if (alias.urn !== undefined) return alias.urn;
  const parent = alias.noParent === true ? undefined : (alias.parent ?? goal.parent);
  return makeUrn(
    alias.stack ?? context.stack,
    alias.project ?? context.project,
    parent,
    alias.type ?? goal.type,
    alias.name ?? goal.name,
  );
}

/** A child named after its parent is taken to have been renamed with it, as Pulumi does. */
function inherited(name: string, type: string, parent: string, context: AliasContext): string {
  const parentAlias = context.parentAlias ?? parent;
  const parentName = parseUrn(parent).name;
  const renamed = name.startsWith(parentName)
    ? `${parseUrn(parentAlias).name}${name.slice(parentName.length)}`
    : name;
  const { stack, project } = parseUrn(parentAlias);
  return makeUrn(stack, project, parentAlias, type, renamed);
}
