/**
 * Names the program leaves out. As in the real Pulumi provider: `<name>-<8 hex>`, marked with an
 * annotation, so that a replacement can stand beside what it replaces; and the field manager, which
 * here is derived from the URN, so that an object applied just before a crash is known as ours.
 */
import { createHash } from "node:crypto";
import { isObject, isUnknown, type PropertyMap, type PropertyValue } from "../../values.ts";
import { annotationOf, hasUnknownName, mapAt, nameOf, stringAt } from "./kube-object.ts";

const AUTONAMED = "pulumi.com/autonamed";
const PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager";
const FIELD_MANAGER_PREFIX = "pulumi-kubernetes-";

export function isAutonamed(object: PropertyMap): boolean {
  return annotationOf(object, AUTONAMED) === "true";
}

export function isNamed(object: PropertyMap): boolean {
  return hasUnknownName(object) || nameOf(object) !== "";
}

/** Gives an unnamed object its name: the one it already has, or a new one from the seed. */
export function assignName(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
  resourceName: string,
  randomSeed: Uint8Array,
): PropertyMap {
  if (isNamed(inputs) || stringAt(inputs, "metadata", "generateName") !== undefined) return inputs;
  const adopted = oldInputs !== undefined && isAutonamed(oldInputs) ? nameOf(oldInputs) : "";
  const name = adopted === "" ? `${resourceName}-${hex(randomSeed, resourceName)}` : adopted;
  const metadata = mapAt(inputs, "metadata");
  return { ...inputs, metadata: { ...metadata, name, ...autonamed(metadata.annotations) } };
}

/** Annotations that are still unknown stay as they are: nothing can be added to them. */
function autonamed(annotations: PropertyValue | undefined): PropertyMap {
  if (isUnknown(annotations)) return {};
  const present = isObject(annotations) ? annotations : {};
  return { annotations: { ...present, [AUTONAMED]: "true" } };
}

/** The annotation's choice, else the one in the state, else the one of this URN. */
export function fieldManagerOf(
  urn: string,
  inputs: PropertyMap,
  oldOutputs: PropertyMap | undefined,
): string {
  return (
    annotationOf(inputs, PATCH_FIELD_MANAGER) ??
    stringAt(oldOutputs, "__fieldManager") ??
    `${FIELD_MANAGER_PREFIX}${hex(new Uint8Array(), urn)}`
  );
}

function hex(seed: Uint8Array, text: string): string {
  return createHash("sha256").update(seed).update(text).digest("hex").slice(0, 8);
}
