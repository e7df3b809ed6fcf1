/**
 * What the state keeps of an object. The form is the real Pulumi provider's (the live object, and
 * beside it `__inputs`, `__initialApiVersion` and `__fieldManager`), so that a stack can move to the
 * real engine and back without a conflict or a diff. Whatever is secret in the inputs is secret
 * here, and the contents of a Secret always are.
 */
import {
  containsSecret,
  isObject,
  isSecret,
  type PropertyMap,
  type PropertyValue,
  revealMap,
  secret,
  UNKNOWN,
} from "../../values.ts";
import {
  field,
  gvkOf,
  type KubeObject,
  listAt,
  mapAt,
  stringAt,
  toApiKeys,
  toProgramKeys,
  withMetadata,
  withoutReadOnlyMetadata,
} from "./kube-object.ts";

/** kubectl keeps the whole last manifest in it, a Secret's contents included. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The object as the API server is to have it. */
export function toApiObject(inputs: PropertyMap): KubeObject {
  const object = withoutReadOnlyMetadata(toApiKeys(dropNulls(revealMap(inputs)) as PropertyMap));
  return isSecretKind(object) ? encodeStringData(object) : object;
}

export function outputsOf(
  live: KubeObject,
  inputs: PropertyMap,
  fieldManager: string,
): PropertyMap {
  const outputs = markSecrets(toProgramKeys(live), inputs);
  return {
    ...outputs,
    __inputs: markSecrets(inputs, inputs),
    __initialApiVersion: stringAt(inputs, "apiVersion") ?? gvkOf(live).apiVersion,
    __fieldManager: fieldManager,
  };
}

/** The live object inside recorded outputs. */
export function liveOf(outputs: PropertyMap): KubeObject {
  const { __inputs, __initialApiVersion, __fieldManager, ...live } = revealMap(outputs);
  return toApiKeys(live);
}

/** Inputs whose Secret contents are marked; the program may have given them in the clear. */
export function markSecretContents(inputs: PropertyMap): PropertyMap {
  if (!isSecretKind(inputs)) return inputs;
  const marked: Record<string, PropertyValue> = { ...inputs };
  for (const key of ["data", "stringData"]) {
    const value = inputs[key];
    if (value !== undefined && value !== null) marked[key] = secret(value);
  }
  return marked;
}

/**
 * Marks in `target` what is secret in `pattern`. A list with one secret element becomes secret as a
 * whole, because the API server may put its elements in another order.
 */
function markSecrets(target: PropertyMap, pattern: PropertyMap): PropertyMap {
  const marked = markLike(target, pattern) as PropertyMap;
  if (!isSecretKind(target)) return marked;
  const annotations = mapAt(marked, "metadata", "annotations");
  const lastApplied = annotations[LAST_APPLIED];
  const hidden =
    lastApplied === undefined
      ? marked
      : withMetadata(marked, {
          annotations: { ...annotations, [LAST_APPLIED]: secret(lastApplied) },
        });
  return markSecretContents(hidden);
}

function markLike(target: PropertyValue, pattern: PropertyValue | undefined): PropertyValue {
  if (pattern === undefined || isSecret(target)) return target;
  if (isSecret(pattern)) return secret(target);
  if (isObject(target) && isObject(pattern)) {
    return Object.fromEntries(
      Object.entries(target).map(([key, value]) => [key, markLike(value, pattern[key])]),
    );
  }
  return containsSecret(pattern) ? secret(target) : target;
}

/** Secret material of one resource, to be kept out of every text. */
export function secretMaterial(inputs: PropertyMap): PropertyValue[] {
  const found: PropertyValue[] = [];
  const collect = (value: PropertyValue): void => {
    if (isSecret(value)) found.push(value.value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (isObject(value)) Object.values(value).forEach(collect);
  };
  collect(markSecretContents(inputs));
  return found;
}

export function isSecretKind(object: PropertyMap): boolean {
  return object.kind === "Secret" && object.apiVersion === "v1";
}

/**
 * `stringData` is a way of writing only: applied as it is, a key that leaves the program would stay
 * in the cluster, since server-side apply tracks the field that was sent.
 */
function encodeStringData(object: KubeObject): KubeObject {
  if (!isObject(object.stringData)) return object;
  const { stringData, ...rest } = object;
  const encoded = Object.entries(mapAt(object, "stringData")).map(([key, value]) => [
    key,
    Buffer.from(String(value), "utf8").toString("base64"),
  ]);
  return { ...rest, data: { ...mapAt(object, "data"), ...Object.fromEntries(encoded) } };
}

/** In a manifest null means "not given"; to server-side apply it would mean "mine, and empty". */
function dropNulls(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([key, child]) => [key, dropNulls(child)]),
  );
}

/**
 * Outputs of a preview: what only the cluster decides is unknown. `object` is the inputs, or the
 * answer of a dry run, whose uid and addresses are made up for the occasion.
 */
export function previewOutputs(
  object: PropertyMap,
  inputs: PropertyMap,
  fieldManager: string,
  keep: PropertyMap | undefined,
): PropertyMap {
  const outputs = outputsOf(object, inputs, fieldManager);
  const metadata = mapAt(outputs, "metadata");
  const computed: Record<string, PropertyValue> = { ...outputs };
  const known = mapAt(keep, "metadata");
  if (isObject(outputs.metadata)) {
    const { managedFields, ...rest } = metadata;
    computed.metadata = {
      ...rest,
      creationTimestamp: known.creationTimestamp ?? UNKNOWN,
      resourceVersion: UNKNOWN,
      uid: known.uid ?? UNKNOWN,
    };
  }
  if (!STATELESS.has(gvkOf(object).kind)) computed.status = keep?.status ?? UNKNOWN;
  if (gvkOf(object).kind === "Service") computed.spec = unknownAddresses(outputs, inputs, keep);
  return computed;
}

/** Kinds without a status: for them an unknown one would only mislead. */
const STATELESS = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "ConfigMap",
  "LimitRange",
  "PriorityClass",
  "Role",
  "RoleBinding",
  "Secret",
  "ServiceAccount",
  "StorageClass",
]);

function unknownAddresses(
  outputs: PropertyMap,
  inputs: PropertyMap,
  keep: PropertyMap | undefined,
): PropertyValue {
  const spec = outputs.spec;
  if (!isObject(spec)) return spec ?? UNKNOWN;
  const result: Record<string, PropertyValue> = { ...spec };
  for (const key of ["clusterIP", "clusterIPs"]) {
    if (field(inputs, "spec", key) !== undefined) continue;
    result[key] = (field(keep, "spec", key) as PropertyValue | undefined) ?? UNKNOWN;
  }
  // A rehearsal draws node ports at random.
  result.ports = listAt(spec, "ports").map((port, index) =>
    port.nodePort === undefined || field(inputs, "spec", "ports", index, "nodePort") !== undefined
      ? port
      : {
          ...port,
          nodePort:
            (field(keep, "spec", "ports", index, "nodePort") as PropertyValue | undefined) ??
            UNKNOWN,
        },
  );
  if (result.ports.length === 0) delete result.ports;
  return result;
}
