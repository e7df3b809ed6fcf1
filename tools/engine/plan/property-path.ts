/**
 * Pulumi's property paths (`spec.containers[0].image`, `data["a.b"]`, `*`), as ignoreChanges and
 * replaceOnChanges use them.
 */
import { isObject, isSecret, type PropertyMap, type PropertyValue } from "../values.ts";

export type PathStep = string | number;

/** Throws for a path that cannot be read, naming it. */
export function parsePath(path: string): PathStep[] {
  const steps: PathStep[] = [];
  const pattern = /\.?([^.[\]"]+)|\[(\d+)\]|\[\*\]|\["((?:[^"\\]|\\.)*)"\]/gy;
  let end = 0;
  for (let match = pattern.exec(path); match !== null; match = pattern.exec(path)) {
    end = pattern.lastIndex;
    const [whole, name, index, quoted] = match;
    if (name !== undefined) steps.push(name);
    else if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) steps.push(quoted.replace(/\\(.)/g, "$1"));
    else if (whole === "[*]") steps.push("*");
  }
  if (end !== path.length || steps.length === 0) {
    throw new Error(`"${path}" is no property path; write one like spec.containers[0].image`);
  }
  return steps;
}

/** Does `pattern` (with its `*`) hold `path` or something above or below it? */
export function pathsMeet(pattern: readonly PathStep[], path: readonly PathStep[]): boolean {
  const length = Math.min(pattern.length, path.length);
  for (let i = 0; i < length; i++) {
    if (pattern[i] !== "*" && String(pattern[i]) !== String(path[i])) return false;
  }
  return true;
}

/**
 * The new inputs with every ignored path taken from the old ones: kept where the old has it,
 * removed where it has not.
 */
export function applyIgnoreChanges(
  inputs: PropertyMap,
  oldInputs: PropertyMap,
  paths: readonly string[],
): PropertyMap {
  let result: PropertyValue = inputs;
  for (const path of paths) result = carry(result, oldInputs, parsePath(path));
  return result as PropertyMap;
}

function carry(
  value: PropertyValue,
  old: PropertyValue,
  [step, ...rest]: readonly PathStep[],
): PropertyValue {
  if (step === undefined) return old;
  if (isSecret(value) || isSecret(old)) {
    // A path may lead through a secret; the marker stays where the new value has it.
    const inner = carry(isSecret(value) ? value.value : value, isSecret(old) ? old.value : old, [
      step,
      ...rest,
    ]);
    return isSecret(value) ? { ...value, value: inner } : inner;
  }
  if (Array.isArray(value)) return carryItems(value, old, step, rest);
  if (!isObject(value)) return value;
  const oldMap = isObject(old) ? old : {};
  const keys =
    step === "*" ? [...new Set([...Object.keys(value), ...Object.keys(oldMap)])] : [step];
  const result: Record<string, PropertyValue> = { ...value };
  for (const key of keys) {
    const before = oldMap[key];
    const now = result[key];
    if (rest.length > 0) {
      if (now !== undefined) result[key] = carry(now, before ?? null, rest);
    } else if (before === undefined) delete result[key];
    else result[key] = before;
  }
  return result;
}

function carryItems(
  value: readonly PropertyValue[],
  old: PropertyValue,
  step: PathStep,
  rest: readonly PathStep[],
): PropertyValue {
  if (!Array.isArray(old)) return value;
  return value.map((item, index) => {
    if (step !== "*" && Number(step) !== index) return item;
    const before = old[index];
    return before === undefined ? item : carry(item, before, rest);
  });
}
