/**
 * Who owns which field, as server-side apply records it in metadata.managedFields: taking over what
 * `kubectl apply` or the real Pulumi provider's creation wrote, leaving fields named in
 * ignoreChanges to their owner, and knowing an object as our own.
 */
import { isObject, type PropertyMap, type PropertyValue } from "../../values.ts";
import { field, type KubeObject, listAt, mapAt, type PathStep, stringAt } from "./kube-object.ts";

/** Managers whose fields belong to whoever manages the object now, as the real provider has it. */
const TAKEN_OVER: ReadonlySet<string> = new Set([
  "kubectl/Apply",
  "kubectl/Update",
  "before-first-apply/Update",
  "kubectl-client-side-apply/Update",
  "pulumi-kubernetes/Update",
  "pulumi-kubernetes.exe/Update",
  "pulumi-resource-kubernetes/Update",
]);

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  readonly fields: PropertyMap;
  readonly raw: PropertyMap;
}

function entriesOf(live: KubeObject): Entry[] {
  return listAt(live, "metadata", "managedFields").map((raw) => ({
    manager: stringAt(raw, "manager") ?? "",
    operation: stringAt(raw, "operation") ?? "",
    apiVersion: stringAt(raw, "apiVersion") ?? "",
    subresource: stringAt(raw, "subresource"),
    fields: mapAt(raw, "fieldsV1"),
    raw,
  }));
}

/** Did this manager apply the object before (and a crash kept us from writing it down)? */
export function isAppliedBy(live: KubeObject, manager: string): boolean {
  return entriesOf(live).some((entry) => entry.manager === manager && entry.operation === "Apply");
}

/**
 * The JSON patch that makes `manager` the owner of what kubectl or a creation by the real Pulumi
 * provider wrote; undefined where there is nothing to take over.
 */
export function takeOverPatch(live: KubeObject, manager: string): PropertyMap[] | undefined {
  const entries = entriesOf(live);
  const taken = entries.filter(
    (entry) => entry.subresource === undefined && isTaken(entry, manager),
  );
  const first = taken[0];
  if (first === undefined) return undefined;
  const own = entries.find((entry) => entry.manager === manager && entry.operation === "Apply");
  const apiVersion = own?.apiVersion ?? first.apiVersion;
  const merged = taken
    .filter((entry) => entry.apiVersion === apiVersion)
    .reduce((fields, entry) => mergeFields(fields, entry.fields), own?.fields ?? {});
  const base = own?.raw ?? first.raw;
  const kept = entries
    .filter((entry) => entry !== own && !taken.includes(entry))
    .map((entry) => entry.raw);
  const entry = {
    ...base,
    manager,
    operation: "Apply",
    apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1: merged,
  };
  return [
    {
      op: "test",
      path: "/metadata/resourceVersion",
      value: stringAt(live, "metadata", "resourceVersion") ?? "",
    },
    { op: "replace", path: "/metadata/managedFields", value: [...kept, entry] },
  ];
}

function isTaken(entry: Entry, manager: string): boolean {
  // A PUT by the real Pulumi provider (it updates CRDs that way) is under the manager's own name.
  if (entry.manager === manager && entry.operation === "Update") return true;
  return TAKEN_OVER.has(`${entry.manager}/${entry.operation}`);
}

function mergeFields(a: PropertyMap, b: PropertyMap): PropertyMap {
  const merged: Record<string, PropertyValue> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const present = merged[key];
    merged[key] = isObject(present) && isObject(value) ? mergeFields(present, value) : value;
  }
  return merged;
}

/**
 * The object to apply when fields are to be left as they are: a field someone else owns is not
 * sent (or it would be a conflict), one we own is sent as it is in the cluster (or it would vanish).
 */
export function leaveIgnored(
  object: KubeObject,
  live: KubeObject,
  manager: string,
  ignored: readonly (readonly PathStep[])[],
): KubeObject {
  const entries = entriesOf(live);
  const isOurs = (path: readonly PathStep[]) =>
    entries.some((entry) => entry.manager === manager && owns(entry, path));
  const isTheirs = (path: readonly PathStep[]) =>
    entries.some((entry) => entry.manager !== manager && owns(entry, path));
  return ignored.reduce((result, path) => {
    if (path.some((step) => typeof step === "number")) return result;
    if (isTheirs(path) && !isOurs(path)) return setAt(result, path, undefined);
    const current = field(live, ...path) as PropertyValue | undefined;
    return current === undefined ? result : setAt(result, path, current);
  }, object);
}

function owns(entry: Entry, path: readonly PathStep[]): boolean {
  return field(entry.fields, ...path.map((step) => `f:${step}`)) !== undefined;
}

function setAt(
  value: PropertyMap,
  path: readonly PathStep[],
  wanted: PropertyValue | undefined,
): PropertyMap {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const key = String(head);
  const result: Record<string, PropertyValue> = { ...value };
  if (rest.length > 0) {
    const child = value[key];
    if (isObject(child)) result[key] = setAt(child, rest, wanted);
    else if (wanted !== undefined) result[key] = setAt({}, rest, wanted);
  } else if (wanted === undefined) delete result[key];
  else result[key] = wanted;
  return result;
}
