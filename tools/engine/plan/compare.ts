/** Equality and changed paths of property values; the order of an object's keys means nothing. */
import type { ChangeKind, PropertyChange } from "../provider.ts";
import { isObject, isSecret, type PropertyMap, type PropertyValue } from "../values.ts";

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
    );
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(b)) return false;
  const left = Object.entries(a).filter(([, value]) => value !== undefined);
  const right = Object.entries(b).filter(([, value]) => value !== undefined);
  if (left.length !== right.length) return false;
  const other = b as Record<string, unknown>;
  return left.every(([key, value]) => key in other && equal(value, other[key]));
}

/** Every leaf that differs, by its path; secrets are compared inside and shown by path only. */
export function changedPaths(
  old: PropertyMap,
  now: PropertyMap,
): Record<string, Omit<PropertyChange, "replace"> & { replace: false }> {
  const changes: Record<string, { kind: ChangeKind; replace: false }> = {};
  collect(old, now, "", changes);
  return changes;
}

function collect(
  old: PropertyValue | undefined,
  now: PropertyValue | undefined,
  path: string,
  changes: Record<string, { kind: ChangeKind; replace: false }>,
): void {
  if (equal(old, now)) return;
  if (old === undefined || now === undefined) {
    changes[path] = { kind: old === undefined ? "add" : "delete", replace: false };
    return;
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) {
      collect(old[i], now[i], `${path}[${i}]`, changes);
    }
    return;
  }
  if (isObject(old) && isObject(now) && !isSecret(old) && !isSecret(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      collect(old[key], now[key], joinPath(path, key), changes);
    }
    return;
  }
  changes[path] = { kind: "update", replace: false };
}

export function joinPath(path: string, key: string): string {
  if (!/^[^.[\]"]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
