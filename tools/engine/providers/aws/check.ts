/**
 * Refuses inputs the real cloud would refuse, all faults at once: unknown and missing properties
 * (nested, too), wrong kinds, values outside their list or range, malformed CIDR blocks, ARNs and
 * JSON, groups of which one or only one must be given. A secret value is never repeated.
 */
import type { CheckFailure } from "../../provider.ts";
import {
  containsSecret,
  isObject,
  isUnknown,
  type PropertyMap,
  type PropertyValue,
  reveal,
} from "../../values.ts";
import { formatFault } from "./formats.ts";
import { DEFAULTS_KEY, valuesAt } from "./inputs.ts";
import { AWS_SCHEMA, type ObjectShape } from "./schema.ts";
import { type TypeTable, words } from "./table.ts";
import type { KnownType } from "./tables.ts";

export function checkInputs(type: KnownType, inputs: PropertyMap): CheckFailure[] {
  const { [DEFAULTS_KEY]: _, ...plain } = reveal(inputs) as Record<string, PropertyValue>;
  const secrets = new Set(Object.keys(inputs).filter((key) => containsSecret(inputs[key])));
  return [
    ...shapeFaults(type.shape, plain, ""),
    ...valueFaults(type.table, plain, secrets),
    ...groupFaults(type.table, plain),
  ];
}

/** Unknown, missing and wrongly shaped properties of an object, by their full path. */
export function shapeFaults(shape: ObjectShape, inputs: PropertyMap, at: string): CheckFailure[] {
  const faults: CheckFailure[] = [];
  for (const [key, value] of Object.entries(inputs)) {
    const property = at === "" ? key : `${at}.${key}`;
    const kind = shape.inputs[key];
    if (kind === undefined) {
      faults.push({
        property,
        reason: `Unknown property. ${nearest(key, Object.keys(shape.inputs))}`,
      });
    } else if (value !== null) {
      faults.push(...kindFaults(kind, value, property));
    }
  }
  for (const key of shape.required) {
    if ((inputs[key] ?? null) !== null) continue;
    const property = at === "" ? key : `${at}.${key}`;
    faults.push({ property, reason: `Required and missing. Give it as ${shape.inputs[key]}.` });
  }
  return faults;
}

function kindFaults(kind: string, value: PropertyValue, at: string): CheckFailure[] {
  if (isUnknown(value) || kind === "any" || kind === "json") return [];
  const wrong = (want: string): CheckFailure[] => [
    { property: at, reason: `Not ${want}, but ${nameOfKind(value)}. Give ${want}.` },
  ];
  if (kind.endsWith("[]")) {
    if (!Array.isArray(value)) return wrong("a list");
    return value.flatMap((item, index) => kindFaults(kind.slice(0, -2), item, `${at}[${index}]`));
  }
  if (kind.startsWith("{")) {
    if (!isObject(value)) return wrong("a map");
    const inner = kind.slice(1, -1);
    return Object.entries(value).flatMap(([key, item]) => kindFaults(inner, item, `${at}.${key}`));
  }
  const scalar = typeof value !== "object";
  // The real provider turns scalars into each other where the text allows it.
  if (kind === "string") return scalar ? [] : wrong("a text");
  if (kind === "number") return scalar && Number.isFinite(Number(value)) ? [] : wrong("a number");
  if (kind === "boolean") {
    return ["true", "false"].includes(String(value)) ? [] : wrong("true or false");
  }
  const object = AWS_SCHEMA.objects[kind];
  if (object === undefined) return [];
  return isObject(value) ? shapeFaults(object, value, at) : wrong("an object");
}

function nameOfKind(value: PropertyValue): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "nothing";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function valueFaults(
  table: TypeTable,
  inputs: PropertyMap,
  secrets: ReadonlySet<string>,
): CheckFailure[] {
  const faults: CheckFailure[] = [];
  const each = (path: string, judge: (value: PropertyValue) => string | undefined) => {
    const parts = path.split(".");
    for (const found of valuesAt(inputs, parts)) {
      const reason = judge(found.value);
      if (reason === undefined) continue;
      const shown = secrets.has(parts[0] ?? "") ? "[secret]" : JSON.stringify(found.value);
      faults.push({ property: found.at, reason: `${shown} ${reason}` });
    }
  };
  for (const [path, allowed] of Object.entries(table.values ?? {})) {
    each(path, (value) =>
      words(allowed).includes(String(value))
        ? undefined
        : `is not allowed. Use one of: ${words(allowed).join(", ")}.`,
    );
  }
  for (const [path, [least, most]] of Object.entries(table.ranges ?? {})) {
    each(path, (value) =>
      Number(value) >= least && Number(value) <= most
        ? undefined
        : `is out of range. Give ${least} to ${most}.`,
    );
  }
  for (const [path, format] of Object.entries(table.formats ?? {})) {
    each(path, (value) => formatFault(format, String(value)));
  }
  return faults;
}

function groupFaults(table: TypeTable, inputs: PropertyMap): CheckFailure[] {
  const isGiven = (path: string) => given(inputs, path.split("."));
  const faults: CheckFailure[] = [];
  for (const group of table.needsOne ?? []) {
    const names = words(group);
    if (names.some(isGiven)) continue;
    faults.push({
      property: names[0] ?? "",
      reason: `Missing. Give one of: ${names.join(", ")}.`,
    });
  }
  for (const group of table.excludes ?? []) {
    const both = words(group).filter(isGiven);
    if (both.length < 2) continue;
    faults.push({
      property: both[1] ?? "",
      reason: `Conflicts with ${both[0]}. Give only one of: ${both.join(", ")}.`,
    });
  }
  return faults;
}

/** An unknown counts as given; an empty list, an empty text and `false` do not. */
function given(value: PropertyValue | undefined, path: readonly string[]): boolean {
  const [head, ...rest] = path;
  if (head !== undefined) return isObject(value) && given(value[head], rest);
  if (value === undefined || value === null || value === "" || value === false) return false;
  return !Array.isArray(value) || value.length > 0;
}

/** "Did you mean …" for a slip of up to two letters, else the list of what there is. */
export function nearest(word: string, known: readonly string[]): string {
  const close = known
    .map((name) => ({ name, distance: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter((one) => one.distance <= 2)
    .sort((a, b) => a.distance - b.distance)[0];
  if (close !== undefined) return `Did you mean ${close.name}?`;
  return `Known: ${[...known].sort().join(", ")}.`;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
