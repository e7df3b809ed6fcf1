/**
 * What happens to inputs before anything else: absent values dropped, policies given as objects
 * written as JSON text, an automatic name, static defaults. Pure functions.
 */
import {
  containsSecret,
  isObject,
  isUnknown,
  type PropertyMap,
  type PropertyValue,
  reveal,
  secret,
} from "../../values.ts";
import { drawText } from "./making.ts";
import type { TypeTable } from "./table.ts";
import type { KnownType } from "./tables.ts";

/** Where Pulumi's bridged providers note which inputs they filled in themselves. */
export const DEFAULTS_KEY = "__defaults";
/** Length of the random end of an automatic name, as in Pulumi's AWS provider. */
const SUFFIX_HEX = 7;

export interface Naming {
  readonly name: string;
  readonly oldInputs: PropertyMap | undefined;
  readonly randomSeed: Uint8Array;
}

export function completeInputs(type: KnownType, inputs: PropertyMap, naming: Naming): PropertyMap {
  const given: Record<string, PropertyValue> = {};
  for (const [key, value] of Object.entries(inputs)) {
    if (value === null || key === DEFAULTS_KEY) continue;
    given[key] = type.shape.inputs[key] === "json" ? asJsonText(value) : value;
  }
  const named = automaticName(type.table, given, naming);
  return { [DEFAULTS_KEY]: named === undefined ? [] : Object.keys(named), ...given, ...named };
}

/** An object becomes its JSON text; a text stays as it is. Unknown parts make the whole unknown. */
function asJsonText(value: PropertyValue): PropertyValue {
  const plain = reveal(value);
  if (!isObject(plain)) return value;
  const text = JSON.stringify(plain);
  return containsSecret(value) ? secret(text) : text;
}

function automaticName(
  table: TypeTable,
  inputs: PropertyMap,
  naming: Naming,
): PropertyMap | undefined {
  const { autoname } = table;
  if (autoname === undefined || autoname.property in inputs) return undefined;
  if (autoname.prefixProperty !== undefined && autoname.prefixProperty in inputs) return undefined;
  const old = naming.oldInputs;
  const kept = old?.[autoname.property];
  if (kept !== undefined && wasAutomatic(old, autoname.property)) {
    return { [autoname.property]: kept };
  }
  const seed = Buffer.from(naming.randomSeed).toString("hex");
  const suffix = drawText(seed, "0123456789abcdef", SUFFIX_HEX);
  const lead = autoname.lead ?? "";
  const base = autoname.lowercase === true ? naming.name.toLowerCase() : naming.name;
  const room = autoname.lengthMax - lead.length - suffix.length - 1;
  return { [autoname.property]: `${lead}${base.slice(0, room)}-${suffix}` };
}

export function wasAutomatic(inputs: PropertyMap | undefined, property: string): boolean {
  const defaults = inputs?.[DEFAULTS_KEY];
  return Array.isArray(defaults) && defaults.includes(property);
}

/** Plain inputs with the static defaults, as the cloud would see them. */
export function effectiveInputs(table: TypeTable, inputs: PropertyMap): PropertyMap {
  const { [DEFAULTS_KEY]: _, ...rest } = reveal(inputs) as Record<string, PropertyValue>;
  const given = Object.entries(rest).filter(([, value]) => value !== null);
  return { ...table.defaults, ...Object.fromEntries(given) };
}

/** Every value at a dotted path; lists on the way are walked through. */
export function valuesAt(
  value: PropertyValue | undefined,
  path: readonly string[],
  at = "",
): { at: string; value: PropertyValue }[] {
  if (value === undefined || value === null || isUnknown(value)) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => valuesAt(item, path, `${at}[${index}]`));
  }
  const [head, ...rest] = path;
  if (head === undefined) return [{ at, value }];
  if (!isObject(value)) return [];
  return valuesAt(value[head], rest, at === "" ? head : `${at}.${head}`);
}
