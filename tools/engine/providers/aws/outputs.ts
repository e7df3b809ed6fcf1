/**
 * Outputs of a simulated resource: what was given, static defaults, and what the cloud computes.
 * In the preview of a create everything computed is unknown; in the preview of an update only
 * what the table says an update changes.
 */
import {
  containsSecret,
  isObject,
  mapChildren,
  type PropertyMap,
  type PropertyValue,
  reveal,
  UNKNOWN,
} from "../../values.ts";
import type { AwsConfig } from "./config.ts";
import { effectiveInputs } from "./inputs.ts";
import { canonical, makingOf, placeOf } from "./making.ts";
import { type Making, words } from "./table.ts";
import type { KnownType } from "./tables.ts";

export interface Subject {
  readonly type: KnownType;
  readonly urn: string;
  readonly name: string;
  readonly inputs: PropertyMap;
}

export interface Created {
  readonly id: string;
  readonly outputs: PropertyMap;
}

/** Where no region is known yet (a preview), ARNs are unknown anyway. */
const REGION_IN_PREVIEW = "us-east-1";

export function createOutputs(subject: Subject, config: AwsConfig): Created {
  const place = placeOf(regionOf(subject, config) ?? REGION_IN_PREVIEW);
  const inputs = withPrefixedName(subject, effectiveInputs(subject.type.table, subject.inputs));
  const seed = identitySeed(subject);
  const id = subject.type.table.id(makingOf({ seed, name: subject.name, id: "", inputs }, place));
  return { id, outputs: fullOutputs(subject, config, inputs, id, undefined) };
}

export function updateOutputs(
  subject: Subject,
  config: AwsConfig,
  id: string,
  previous: PropertyMap,
): PropertyMap {
  const effective = effectiveInputs(subject.type.table, subject.inputs);
  const property = subject.type.table.autoname?.property;
  // A name drawn from a prefix at create stays for life.
  const inputs =
    property !== undefined && effective[property] === undefined && previous[property] !== undefined
      ? { ...effective, [property]: previous[property] }
      : effective;
  return fullOutputs(subject, config, inputs, id, previous);
}

export function previewCreate(subject: Subject, config: AwsConfig): PropertyMap {
  const inputs = effectiveInputs(subject.type.table, subject.inputs);
  const made = createOutputs(subject, config).outputs;
  const known = knownOutputs(subject, config, inputs);
  return overlay(unknownLeaves(made, known), known);
}

export function previewUpdate(
  subject: Subject,
  config: AwsConfig,
  id: string,
  previous: PropertyMap,
): PropertyMap {
  const outputs = updateOutputs(subject, config, id, previous);
  const changing = new Set(words(subject.type.table.changesOnUpdate ?? ""));
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [
      key,
      changing.has(key) ? UNKNOWN : spreadUnknown(value),
    ]),
  );
}

export function tagsAll(inputs: PropertyMap, config: AwsConfig): PropertyValue {
  const tags = reveal(inputs.tags ?? {});
  if (!isObject(tags)) return tags;
  return { ...config.defaultTags, ...tags };
}

export function regionOf(subject: Subject, config: AwsConfig): string | undefined {
  const own = reveal(subject.inputs.region ?? null);
  return typeof own === "string" && own !== UNKNOWN ? own : config.region;
}

function fullOutputs(
  subject: Subject,
  config: AwsConfig,
  inputs: PropertyMap,
  id: string,
  previous: PropertyMap | undefined,
): PropertyMap {
  const place = placeOf(regionOf(subject, config) ?? REGION_IN_PREVIEW);
  const seed = `${subject.type.token}\0${id}`;
  const making: Making = makingOf(
    { seed, name: subject.name, id, inputs, ...(previous === undefined ? {} : { previous }) },
    place,
  );
  const computed = subject.type.table.computed(making);
  return {
    ...overlay({ ...emptyOutputs(subject.type), ...computed }, readable(inputs)),
    ...generalOutputs(subject, config, place.region),
    id,
  };
}

/** What a preview of a create can tell already. */
function knownOutputs(subject: Subject, config: AwsConfig, inputs: PropertyMap): PropertyMap {
  const region = regionOf(subject, config) ?? UNKNOWN;
  return { ...readable(inputs), ...generalOutputs(subject, config, region) };
}

/** `region` and `tagsAll`, for the types that have them. */
function generalOutputs(subject: Subject, config: AwsConfig, region: string): PropertyMap {
  const { always } = subject.type.shape;
  return {
    ...(always.includes("region") ? { region } : {}),
    ...(always.includes("tagsAll") ? { tagsAll: tagsAll(subject.inputs, config) } : {}),
  };
}

/** Write-only inputs (`passwordWo`) are never read back, so they are no outputs. */
function readable(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.endsWith("Wo")));
}

/** What AWS leaves empty: outputs that are always set, by their kind. */
function emptyOutputs(type: KnownType): PropertyMap {
  const empty: Record<string, PropertyValue> = {};
  for (const key of type.shape.always) {
    const kind = type.shape.inputs[key];
    if (kind === undefined) continue;
    if (kind.endsWith("[]")) empty[key] = [];
    else if (kind === "number") empty[key] = 0;
    else if (kind === "boolean") empty[key] = false;
    else if (kind === "string" || kind === "json") empty[key] = "";
    else empty[key] = {};
  }
  return empty;
}

/**
 * The identity of a resource: its URN and whatever, when changed, makes another one of it. Secrets
 * stay out: an id is shown, and a short secret could be guessed from its hash.
 */
function identitySeed(subject: Subject): string {
  const { table } = subject.type;
  const roots = new Set(words(table.replaces).map((path) => path.split(".")[0] ?? ""));
  const parts = Object.entries(subject.inputs).filter(
    ([key, value]) => (roots.has(key) || key === "region") && !containsSecret(value),
  );
  return canonical([subject.urn, subject.type.token, Object.fromEntries(parts)]);
}

/** With `namePrefix` the provider draws the end of the name when it creates the resource. */
function withPrefixedName(subject: Subject, inputs: PropertyMap): PropertyMap {
  const { autoname } = subject.type.table;
  if (autoname?.prefixProperty === undefined || inputs[autoname.property] !== undefined) {
    return inputs;
  }
  const prefix = inputs[autoname.prefixProperty];
  if (typeof prefix !== "string") return inputs;
  const making = makingOf(
    { seed: identitySeed(subject), name: subject.name, id: "", inputs },
    placeOf(REGION_IN_PREVIEW),
  );
  const room = autoname.lengthMax - prefix.length;
  return {
    ...inputs,
    [autoname.property]: `${prefix}${making.digits(26, "prefix").slice(0, room)}`,
  };
}

/** `over` laid on `base`; objects are merged, everything else is replaced. */
function overlay(base: PropertyMap, over: PropertyMap): PropertyMap {
  const result: Record<string, PropertyValue> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? overlay(below, value) : value;
  }
  return result;
}

/** `made` with everything that is not in `known` unknown; objects given in part are walked into. */
function unknownLeaves(made: PropertyMap, known: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(made)
      .filter(([key]) => key !== "id")
      .map(([key, value]) => {
        const given = known[key];
        if (isObject(value) && isObject(given)) return [key, unknownLeaves(value, given)];
        return [key, UNKNOWN];
      }),
  );
}

/** A text made with an unknown in it is unknown as a whole. */
function spreadUnknown(value: PropertyValue): PropertyValue {
  if (typeof value === "string") return value.includes(UNKNOWN) ? UNKNOWN : value;
  return mapChildren(value, spreadUnknown);
}
