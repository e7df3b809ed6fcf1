/**
 * From a live object back to a program's inputs: the live values of the fields the program gave, in
 * the program's own writing where both mean the same ("1" and "1000m"). This is what a refresh
 * writes down, so that the next diff shows drift and nothing else.
 */
import { isObject, type PropertyMap, type PropertyValue } from "../../values.ts";
import { isSecretKind } from "./checkpoint.ts";
import {
  type KubeObject,
  mapAt,
  sameJson,
  withMetadata,
  withoutReadOnlyMetadata,
} from "./kube-object.ts";

/** `inputs` is plain (no secret markers), in the API's spelling. */
export function liveInputs(live: KubeObject, inputs: PropertyMap): PropertyMap {
  const source = isSecretKind(inputs) ? withStringData(live, inputs) : live;
  return pruneMap(source, inputs);
}

/**
 * Keeps of `live` what `inputs` names. Elements of lists are compared by position; elements that
 * only the cluster has stay, since someone put them there.
 */
function pruneMap(live: PropertyMap, inputs: PropertyMap): PropertyMap {
  const kept = Object.entries(inputs).flatMap(([key, given]): [string, PropertyValue][] => {
    const found = live[key];
    if (found === undefined) return isEmpty(given) ? [[key, given]] : [];
    return [[key, prune(found, given)]];
  });
  return Object.fromEntries(kept);
}

function prune(live: PropertyValue, given: PropertyValue): PropertyValue {
  if (isObject(live) && isObject(given)) return pruneMap(live, given);
  if (Array.isArray(live) && Array.isArray(given)) {
    return live.map((item: PropertyValue, index) => {
      const counterpart = given[index];
      return counterpart === undefined ? item : prune(item, counterpart);
    });
  }
  return meansTheSame(live, given) ? given : live;
}

/** The API server drops empty maps and lists, false and null; they are no drift. */
function isEmpty(value: PropertyValue): boolean {
  if (value === null || value === false || value === "" || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

function meansTheSame(live: PropertyValue, given: PropertyValue): boolean {
  if (sameJson(live, given)) return true;
  const a = quantityOf(live);
  const b = quantityOf(given);
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(a) * 1e-12;
}

/** Suffixes of resource.Quantity: decimal SI and binary SI. */
const SUFFIX: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

export function quantityOf(value: PropertyValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const match = /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?)$/.exec(
    value,
  );
  const factor = SUFFIX[match?.[2] ?? "?"];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

/** `stringData` never comes back: its live values are those of `data`. */
function withStringData(live: KubeObject, inputs: PropertyMap): KubeObject {
  if (!isObject(inputs.stringData)) return live;
  const data = mapAt(live, "data");
  const stringData = Object.keys(mapAt(inputs, "stringData")).flatMap(
    (key): [string, PropertyValue][] => {
      const encoded = data[key];
      return typeof encoded === "string"
        ? [[key, Buffer.from(encoded, "base64").toString("utf8")]]
        : [];
    },
  );
  return { ...live, stringData: Object.fromEntries(stringData) };
}

const CLUSTER_ANNOTATIONS = [
  "deployment.kubernetes.io/revision",
  "kubectl.kubernetes.io/last-applied-configuration",
];

/** Inputs of an object that is only read: everything but what the cluster itself writes. */
export function inputsOfRead(live: KubeObject): PropertyMap {
  const { status, ...rest } = withoutReadOnlyMetadata(live);
  const annotations = Object.entries(mapAt(rest, "metadata", "annotations")).filter(
    ([key]) => !CLUSTER_ANNOTATIONS.includes(key),
  );
  return withMetadata(rest, {
    annotations: annotations.length === 0 ? undefined : Object.fromEntries(annotations),
    selfLink: undefined,
  });
}
