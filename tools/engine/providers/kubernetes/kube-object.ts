/**
 * A Kubernetes object as plain JSON, and careful ways into it. Objects come from programs and from
 * clusters, so nothing about their shape is taken for granted: a missing or oddly typed field reads
 * as undefined (or as an empty list or map), never as an exception.
 */
import { isObject, isUnknown, type PropertyMap, type PropertyValue } from "../../values.ts";

export type KubeObject = PropertyMap;

export interface GroupVersionKind {
  /** As in manifests: `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
}

export type PathStep = string | number;

/** The value at a path, or undefined. */
export function field(value: PropertyValue | undefined, ...path: PathStep[]): unknown {
  let current: unknown = value;
  for (const step of path) {
    if (typeof step === "number") current = Array.isArray(current) ? current[step] : undefined;
    else current = isObject(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}

export function stringAt(
  value: PropertyValue | undefined,
  ...path: PathStep[]
): string | undefined {
  const found = field(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(
  value: PropertyValue | undefined,
  ...path: PathStep[]
): number | undefined {
  const found = field(value, ...path);
  return typeof found === "number" ? found : undefined;
}

export function listAt(value: PropertyValue | undefined, ...path: PathStep[]): PropertyMap[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

export function mapAt(value: PropertyValue | undefined, ...path: PathStep[]): PropertyMap {
  const found = field(value, ...path);
  return isObject(found) ? found : {};
}

export function gvkOf(object: KubeObject): GroupVersionKind {
  return { apiVersion: stringAt(object, "apiVersion") ?? "", kind: stringAt(object, "kind") ?? "" };
}

export function nameOf(object: KubeObject): string {
  return stringAt(object, "metadata", "name") ?? "";
}

export function namespaceOf(object: KubeObject): string {
  return stringAt(object, "metadata", "namespace") ?? "";
}

export function annotationOf(object: KubeObject, key: string): string | undefined {
  return stringAt(object, "metadata", "annotations", key);
}

/** Pulumi's id of a Kubernetes object: `namespace/name`, or `name` where there is no namespace. */
export function idOf(object: KubeObject): string {
  const namespace = namespaceOf(object);
  return namespace === "" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

export function parseId(id: string): { readonly namespace: string; readonly name: string } {
  const slash = id.indexOf("/");
  if (slash < 0) return { namespace: "", name: id };
  return { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** "Deployment deepseek/gateway": how every text names an object. */
export function describe(object: KubeObject): string {
  return `${gvkOf(object).kind} ${idOf(object)}`;
}

/** A condition of `.status.conditions` by its type. */
export function conditionOf(object: KubeObject, type: string): PropertyMap | undefined {
  return listAt(object, "status", "conditions").find((item) => item.type === type);
}

/** The object with other metadata; keys given as undefined are removed. */
export function withMetadata(
  object: KubeObject,
  changes: Readonly<Record<string, PropertyValue | undefined>>,
): KubeObject {
  const metadata: Record<string, PropertyValue> = { ...mapAt(object, "metadata") };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete metadata[key];
    else metadata[key] = value;
  }
  return { ...object, metadata };
}

/** Is the whole metadata, or its name, only known after an update? */
export function hasUnknownName(object: KubeObject): boolean {
  const metadata = object.metadata;
  if (isUnknown(metadata)) return true;
  return isObject(metadata) && isUnknown(metadata.name);
}

/** Fields the API server alone writes; never sent, never compared. */
const READ_ONLY_METADATA = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

export function withoutReadOnlyMetadata(object: KubeObject): KubeObject {
  if (!isObject(object.metadata)) return object;
  if (!READ_ONLY_METADATA.some((key) => Object.hasOwn(mapAt(object, "metadata"), key))) {
    return object;
  }
  return withMetadata(
    object,
    Object.fromEntries(READ_ONLY_METADATA.map((key) => [key, undefined])),
  );
}

/**
 * JSON schema keywords of CRDs that no TypeScript identifier can spell; the SDK writes them with
 * underscores (see the types JSONSchemaProps of @pulumi/kubernetes).
 */
const DASHED_KEYS = [
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
];
const TO_DASHED = new Map(DASHED_KEYS.map((key) => [key.replaceAll("-", "_"), key]));
const TO_UNDERSCORED = new Map(DASHED_KEYS.map((key) => [key, key.replaceAll("-", "_")]));

/** From the program's spelling to the API's. */
export function toApiKeys(value: PropertyMap): KubeObject {
  return renameKeys(value, TO_DASHED) as KubeObject;
}

/** From the API's spelling to the program's. */
export function toProgramKeys(object: KubeObject): PropertyMap {
  return renameKeys(object, TO_UNDERSCORED) as PropertyMap;
}

function renameKeys(value: PropertyValue, names: ReadonlyMap<string, string>): PropertyValue {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [names.get(key) ?? key, renameKeys(child, names)]),
  );
}

/** Deep equality of JSON values; the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameJson(item, b[index]))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}
