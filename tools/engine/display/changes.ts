/** Changed paths with their old and new values, short enough to be read in one line each. */

import type { StepDescription } from "../events.ts";
import { MASK } from "../plan/masking.ts";
import type { PropertyChange, PropertyPath } from "../provider.ts";
import { isObject, isSecret, type PropertyValue, UNKNOWN } from "../values.ts";
import { type Line, printable, span, type Tone } from "./style.ts";

/** The engine's mask; shown without quotes, so that nobody takes it for the value. */
const VALUE_CHARACTERS_MAX = 60;
/** More than this and the rest is counted: a step is a line or a few, not a page. */
const CHANGES_SHOWN_MAX = 12;

export interface ChangedValue {
  readonly path: PropertyPath;
  readonly change: PropertyChange;
  readonly old: PropertyValue | undefined;
  readonly new: PropertyValue | undefined;
}

export function changedValues(step: StepDescription): ChangedValue[] {
  return Object.entries(step.changes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, change]) => ({
      path,
      change,
      old: valueAt(step.oldInputs, path) ?? valueAt(step.oldOutputs, path),
      new: valueAt(step.inputs, path),
    }));
}

export function changeLines(step: StepDescription): Line[] {
  const all = changedValues(step);
  const shown = all.slice(0, CHANGES_SHOWN_MAX).map(changeLine);
  const rest = all.length - shown.length;
  return rest === 0 ? shown : [...shown, [span(`… and ${rest} more changed paths`, "dim")]];
}

function changeLine(changed: ChangedValue): Line {
  const { path, change } = changed;
  const force = change.replace ? [span(" (forces replacement)", "replace")] : [];
  const text = changeText(changed);
  const [sign, tone] = SIGNS[change.kind];
  return [span(`${sign} `, tone), span(`${printable(path)}: `), span(text, tone), ...force];
}

const SIGNS: Readonly<Record<PropertyChange["kind"], readonly [string, Tone]>> = {
  add: ["+", "create"],
  update: ["~", "update"],
  delete: ["−", "delete"],
};

function changeText({ change, old, new: next }: ChangedValue): string {
  if (change.kind === "add") return valueText(next);
  if (change.kind === "delete") return valueText(old);
  if (typeof old === "string" && typeof next === "string" && `${old}${next}`.includes("\n")) {
    return textDifference(old, next);
  }
  return `${valueText(old)} → ${valueText(next)}`;
}

/** Configuration files are long strings: say where they begin to differ. */
function textDifference(old: string, next: string): string {
  const before = old.split("\n");
  const after = next.split("\n");
  const at = after.findIndex((line, index) => line !== before[index]);
  const index = at === -1 ? after.length : at;
  const first = `${valueText(before[index])} → ${valueText(after[index])}`;
  const place = `line ${index + 1}: ${first}`;
  if (before.length === after.length) return place;
  return `${before.length} lines → ${after.length} lines, from ${place}`;
}

export function valueText(value: PropertyValue | undefined, charactersMax = VALUE_CHARACTERS_MAX) {
  if (value === undefined) return "(none)";
  if (value === UNKNOWN) return "(known after the update)";
  // The engine masks before it tells; this is the second lock on the same door.
  if (value === MASK || isSecret(value)) return MASK;
  const text = printable(JSON.stringify(masked(value)));
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}

function masked(value: PropertyValue): PropertyValue {
  if (isSecret(value)) return MASK;
  if (value === UNKNOWN) return "(known after the update)";
  if (Array.isArray(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, masked(child)]));
}

/** The value at `spec.containers[0].env["a.b"]`; undefined where the path leads nowhere. */
export function valueAt(
  root: PropertyValue | undefined,
  path: PropertyPath,
): PropertyValue | undefined {
  let value = root;
  for (const key of pathKeys(path)) {
    if (Array.isArray(value)) value = value[Number(key)] as PropertyValue | undefined;
    else if (isObject(value)) value = value[key];
    else return value === MASK ? MASK : undefined;
  }
  return value;
}

function pathKeys(path: PropertyPath): string[] {
  const keys: string[] = [];
  for (const match of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
    const [, quoted, index, name] = match;
    if (quoted !== undefined) keys.push(quoted.replaceAll(/\\(.)/g, "$1"));
    else keys.push(index ?? name ?? "");
  }
  return keys;
}
