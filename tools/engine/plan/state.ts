/** Builds the record of a resource (Pulumi's checkpoint entry) from what the program asked for. */
import type { ResourceState } from "../resource.ts";
import { markSecretsLike, type PropertyMap, type PropertyValue, secret } from "../values.ts";
import { equal } from "./compare.ts";
import type { Goal } from "./goal.ts";

export interface StateParts {
  readonly goal: Goal;
  readonly urn: string;
  readonly inputs: PropertyMap;
  readonly provider: string | undefined;
  /** The URN under which it was found in the old state, if another. */
  readonly alias: string | undefined;
}

/** The record before any provider call: no id, no outputs. */
export function plannedState({ goal, urn, inputs, provider, alias }: StateParts): ResourceState {
  return {
    urn,
    custom: goal.custom,
    type: goal.type,
    inputs,
    ...optional("parent", goal.parent),
    ...(goal.protect === true ? { protect: true } : {}),
    ...list("dependencies", goal.dependencies),
    ...optional("provider", provider),
    ...propertyDependencies(goal),
    ...list("additionalSecretOutputs", goal.additionalSecretOutputs),
    ...list("aliases", alias === undefined ? [] : [alias]),
    ...(Object.keys(goal.customTimeouts).length === 0
      ? {}
      : { customTimeouts: goal.customTimeouts }),
    ...(goal.retainOnDelete === true ? { retainOnDelete: true } : {}),
    ...optional("deletedWith", goal.deletedWith),
    ...list("ignoreChanges", goal.ignoreChanges),
    ...list("replaceOnChanges", goal.replaceOnChanges),
  };
}

/** The record after a create or update. */
export function withResult(
  state: ResourceState,
  result: {
    readonly id?: string;
    readonly outputs: PropertyMap;
    readonly initErrors?: readonly string[];
  },
  created: string | undefined,
): ResourceState {
  const now = new Date().toISOString();
  return {
    ...state,
    ...optional("id", result.id),
    outputs: markOutputs(result.outputs, state),
    ...list("initErrors", result.initErrors ?? []),
    created: created ?? now,
    modified: now,
  };
}

/** The record of a component after its registration: its outputs come later, if ever. */
export function plannedResult(state: ResourceState, old: ResourceState | undefined): ResourceState {
  const now = new Date().toISOString();
  return {
    ...state,
    ...(old?.outputs === undefined ? {} : { outputs: old.outputs }),
    created: old?.created ?? now,
    modified: now,
  };
}

/** The record of a resource that needs no change; the old object itself where nothing differs. */
export function unchangedState(planned: ResourceState, old: ResourceState): ResourceState {
  const state: ResourceState = {
    ...planned,
    ...optional("id", old.id),
    ...(old.outputs === undefined ? {} : { outputs: old.outputs }),
    ...(old.aliases === undefined ? {} : { aliases: old.aliases }),
    ...optional("created", old.created),
    ...optional("modified", old.modified),
    ...optional("sourcePosition", old.sourcePosition),
    ...(old.external === true ? { external: true } : {}),
  };
  return equal(normal(state), normal(old)) ? old : state;
}

/** The same promise about secrets, whoever made the outputs. */
export function markOutputs(outputs: PropertyMap, state: ResourceState): PropertyMap {
  const marked = markSecretsLike(outputs, state.inputs ?? {}) as PropertyMap;
  const names = state.additionalSecretOutputs ?? [];
  if (names.length === 0) return marked;
  const result: Record<string, PropertyValue> = { ...marked };
  for (const name of names) {
    const value = result[name];
    if (value !== undefined) result[name] = secret(value);
  }
  return result;
}

function propertyDependencies(goal: Goal): Partial<ResourceState> {
  return Object.keys(goal.propertyDependencies).length === 0
    ? {}
    : { propertyDependencies: goal.propertyDependencies };
}

function optional<K extends keyof ResourceState>(
  key: K,
  value: ResourceState[K] | undefined,
): Partial<ResourceState> {
  return value === undefined ? {} : { [key]: value };
}

function list<K extends keyof ResourceState>(
  key: K,
  value: readonly string[],
): Partial<ResourceState> {
  return value.length === 0 ? {} : { [key]: value };
}

/** Empty collections and `false` mean the same as absence in Pulumi's checkpoint. */
function normal(state: ResourceState): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(state).filter(([key, value]) => {
      if (key === "inputs" || key === "outputs") return Object.keys(value as object).length > 0;
      if (value === false || value === "" || value === null) return false;
      if (Array.isArray(value)) return value.length > 0;
      return typeof value !== "object" || Object.keys(value).length > 0;
    }),
  );
}
