/** The result of an operation as one JSON object for programs: `preview --json`, `up --json`. */
import type { ChangeCounts, PolicyViolation, StepDescription } from "../events.ts";
import type { OperationResult } from "../operation.ts";
import type { DiffBasis, PropertyChange } from "../provider.ts";
import type { PropertyMap, PropertyValue } from "../values.ts";
import { changedValues } from "./changes.ts";

export interface JsonStep {
  readonly kind: StepDescription["kind"];
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string | null;
  readonly changes: Readonly<Record<string, JsonChange>>;
  readonly replaces: readonly string[];
  /** How it was found out what the change does; null where nothing had to be. */
  readonly basis: DiffBasis | null;
  readonly protect: boolean;
}

interface JsonChange extends PropertyChange {
  readonly old: PropertyValue;
  readonly new: PropertyValue;
}

export interface JsonResult {
  readonly changes: ChangeCounts;
  readonly steps: readonly JsonStep[];
  /** Milliseconds. */
  readonly duration: number;
  readonly simulated?: true;
  readonly errors?: readonly string[];
  readonly policies?: readonly PolicyViolation[];
  readonly outputs?: PropertyMap;
}

export function jsonResult(
  result: OperationResult,
  more: {
    readonly simulated: boolean;
    readonly violations: readonly PolicyViolation[];
    /** With the secrets already masked; absent: not printed. */
    readonly outputs?: PropertyMap | undefined;
  },
): JsonResult {
  return {
    changes: result.counts,
    steps: result.steps.map(jsonStep),
    duration: Math.round(result.durationMs),
    ...(more.simulated ? { simulated: true } : {}),
    ...(result.errors.length > 0 ? { errors: result.errors } : {}),
    ...(more.violations.length > 0 ? { policies: more.violations } : {}),
    ...(more.outputs === undefined ? {} : { outputs: more.outputs }),
  };
}

function jsonStep(step: StepDescription): JsonStep {
  const { kind, urn, type, name, replaces, protect } = step;
  const changes = changedValues(step).map(({ path, change, old, new: next }) => [
    path,
    { ...change, old: old ?? null, new: next ?? null },
  ]);
  return {
    kind,
    urn,
    type,
    name,
    parent: step.parent ?? null,
    changes: Object.fromEntries(changes) as Record<string, JsonChange>,
    replaces,
    basis: step.basis ?? null,
    protect,
  };
}
