/**
 * Property values on the wire (a protobuf Struct) and as the engine holds them. Output values
 * become their value, UNKNOWN or secret(); references to resources become an id where the receiver
 * cannot take them; assets and archives stay as they are.
 */
import {
  isObject,
  type PropertyMap,
  type PropertyValue,
  SECRET,
  SIGNATURE,
  secret,
  UNKNOWN,
} from "../values.ts";
import { type ProtoStruct, structModule } from "./proto.ts";

export type ProtoStructLike = Pick<ProtoStruct, "toJavaScript">;

/** SIGNATURE's value for an output with dependencies (sdk/nodejs runtime/rpc.ts). */
const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** SIGNATURE's value for a reference to another resource. */
const RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** `ids`: a reference becomes the id (of a custom resource) or the URN (of a component). */
export type References = "keep" | "ids";

export function decodeStruct(
  struct: ProtoStructLike | undefined,
  references: References = "keep",
): PropertyMap {
  if (struct === undefined) return {};
  return decodeValue(struct.toJavaScript() as PropertyMap, references) as PropertyMap;
}

export function encodeStruct(map: PropertyMap): ProtoStruct {
  return structModule.Struct.fromJavaScript(map);
}

/** Undoes the wire's special objects, see the head of this file. */
function decodeValue(value: PropertyValue, references: References): PropertyValue {
  if (Array.isArray(value)) return value.map((child) => decodeValue(child, references));
  if (!isObject(value)) return value;
  switch (value[SIGNATURE]) {
    case undefined:
      return Object.fromEntries(
        Object.entries(value).map(([key, child]) => [key, decodeValue(child, references)]),
      );
    case SECRET:
      return secret(decodeValue(value["value"] ?? null, references));
    case OUTPUT_VALUE: {
      const inner = value["value"];
      const known = inner === undefined ? UNKNOWN : decodeValue(inner, references);
      return value["secret"] === true ? secret(known) : known;
    }
    case RESOURCE_REFERENCE:
      // Pulumi's state always names the package's version, empty where there is none.
      return references === "keep" ? { packageVersion: "", ...value } : referenceId(value);
    default:
      return value;
  }
}

function referenceId(reference: PropertyMap): PropertyValue {
  const id = reference["id"];
  if (id === undefined) return reference["urn"] ?? null;
  return id === "" || id === null ? UNKNOWN : id;
}
