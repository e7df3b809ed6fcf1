/**
 * One resource between its form in memory (secrets as plain markers) and its form on disk
 * (apitype.ResourceV3: secrets as ciphertext). Keys come in Pulumi's order, property names sorted
 * and empty fields left out, so that the same state always gives the same bytes.
 */
import type { ResourceState } from "../resource.ts";
import {
  isObject,
  isSecret,
  type PropertyMap,
  type PropertyValue,
  SECRET,
  SIGNATURE,
} from "../values.ts";

/** Turns the JSON text of a secret into its ciphertext; `place` is unique within the stack. */
export type Seal = (place: string, plaintext: string) => string;
/** The way back. */
export type Open = (place: string, ciphertext: string) => string;

/** apitype.ResourceV3's keys in its order; what we do not know follows them, untouched. */
const KEY_ORDER = [
  "urn",
  "custom",
  "delete",
  "id",
  "type",
  "inputs",
  "outputs",
  "parent",
  "protect",
  "taint",
  "external",
  "dependencies",
  "initErrors",
  "provider",
  "propertyDependencies",
  "pendingReplacement",
  "additionalSecretOutputs",
  "aliases",
  "customTimeouts",
  "importID",
  "retainOnDelete",
  "deletedWith",
  "replaceWith",
  "created",
  "modified",
  "sourcePosition",
  "stackTrace",
  "ignoreChanges",
  "hideDiff",
  "replaceOnChanges",
  "replacementTrigger",
  "refreshBeforeUpdate",
  "viewOf",
  "resourceHooks",
];

export function encodeResource(resource: ResourceState, seal: Seal): PropertyMap {
  const fields = new Map<string, unknown>(Object.entries(resource));
  const place = placeOf(resource.urn, resource.delete === true);
  for (const bag of ["inputs", "outputs"] as const) {
    const properties = resource[bag];
    if (properties !== undefined) {
      fields.set(bag, sealValue(properties, `${place} ${bag}`, seal));
    }
  }
  const known = KEY_ORDER.filter((key) => fields.has(key));
  const unknown = [...fields.keys()].filter((key) => !KEY_ORDER.includes(key));
  return Object.fromEntries(
    [...known, ...unknown]
      .map((key): [string, PropertyValue] => [key, fields.get(key) as PropertyValue])
      .filter(([key, value]) => key === "custom" || !isEmpty(value)),
  );
}

/** The caller has checked that `raw` has the shape of a resource. */
export function decodeResource(raw: PropertyMap, open: Open): ResourceState {
  const place = placeOf(String(raw["urn"]), raw["delete"] === true);
  const bags = (["inputs", "outputs"] as const)
    .filter((bag) => raw[bag] !== undefined)
    .map((bag) => [bag, openValue(raw[bag] ?? null, `${place} ${bag}`, open)]);
  return { ...raw, ...Object.fromEntries(bags) } as unknown as ResourceState;
}

/** An old copy that waits for its deletion shares its URN with the new one, but not its secrets. */
function placeOf(urn: string, deleted: boolean): string {
  return deleted ? `${urn} (deleted)` : urn;
}

/** Go's `omitempty`. */
function isEmpty(value: PropertyValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function sealValue(value: PropertyValue, place: string, seal: Seal): PropertyValue {
  if (isSecret(value)) {
    const plaintext = JSON.stringify(toPlainForm(value.value));
    return { [SIGNATURE]: SECRET, ciphertext: seal(place, plaintext) };
  }
  return mapSorted(value, place, (child, inner) => sealValue(child, inner, seal));
}

export function openValue(value: PropertyValue, place: string, open: Open): PropertyValue {
  if (isObject(value) && value[SIGNATURE] === SECRET) {
    const { ciphertext, plaintext } = value;
    if (typeof ciphertext === "string") return secretOf(open(place, ciphertext), place);
    if (typeof plaintext === "string") return secretOf(plaintext, place);
    throw new Error(`the secret at ${place} has neither ciphertext nor plaintext`);
  }
  return mapSorted(value, place, (child, inner) => openValue(child, inner, open));
}

/**
 * Inside a secret everything is encrypted together; a nested secret keeps its mark with its JSON
 * text in the place of the ciphertext, as Pulumi writes it.
 */
function toPlainForm(value: PropertyValue): PropertyValue {
  if (isSecret(value)) {
    return { [SIGNATURE]: SECRET, ciphertext: JSON.stringify(toPlainForm(value.value)) };
  }
  return mapSorted(value, "", toPlainForm);
}

function fromPlainForm(value: PropertyValue, place: string): PropertyValue {
  if (isObject(value) && value[SIGNATURE] === SECRET) {
    return secretOf(String(value["ciphertext"] ?? value["plaintext"]), place);
  }
  return mapSorted(value, place, fromPlainForm);
}

function secretOf(plaintext: string, place: string): PropertyMap {
  let plain: PropertyValue;
  try {
    plain = JSON.parse(plaintext) as PropertyValue;
  } catch {
    // The parser's own message would quote the secret.
    throw new Error(`the secret at ${place} was damaged: what it holds is not JSON`);
  }
  return { [SIGNATURE]: SECRET, value: fromPlainForm(plain, place) };
}

function mapSorted(
  value: PropertyValue,
  place: string,
  change: (child: PropertyValue, place: string) => PropertyValue,
): PropertyValue {
  if (Array.isArray(value)) return value.map((child, i) => change(child, `${place}.${i}`));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .filter((key) => value[key] !== undefined)
      .map((key) => [key, change(value[key] ?? null, `${place}.${key}`)]),
  );
}
