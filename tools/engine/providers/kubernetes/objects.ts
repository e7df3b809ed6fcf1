/** The verbs on one object: get, apply (server-side, or only rehearsed), delete. */
import type { PropertyMap } from "../../values.ts";
import type { ApiClient } from "./api-client.ts";
import { isNotFound } from "./api-error.ts";
import { objectPath, type ResourceKind } from "./discovery.ts";
import { type KubeObject, nameOf, namespaceOf } from "./kube-object.ts";

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

export async function getObject(
  client: ApiClient,
  kind: ResourceKind,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    const path = objectPath(kind, namespace, name);
    return await client.request({ method: "GET", path, signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Unknown and duplicate fields are refused (fieldValidation=Strict), not dropped. */
export function applyObject(
  client: ApiClient,
  kind: ResourceKind,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  return client.request({
    method: "PATCH",
    path: objectPath(kind, namespaceOf(object), nameOf(object)),
    query: {
      fieldManager: options.fieldManager,
      fieldValidation: "Strict",
      force: String(options.force),
      ...(options.dryRun ? { dryRun: "All" } : {}),
    },
    // JSON is YAML.
    contentType: "application/apply-patch+yaml",
    body: object,
    signal: options.signal,
  });
}

export function patchJson(
  client: ApiClient,
  kind: ResourceKind,
  object: KubeObject,
  operations: readonly PropertyMap[],
  signal?: AbortSignal,
): Promise<KubeObject> {
  return client.request({
    method: "PATCH",
    path: objectPath(kind, namespaceOf(object), nameOf(object)),
    contentType: "application/json-patch+json",
    body: operations,
    signal,
  });
}

/** The object while it is still on its way out; undefined where nothing is left of it. */
export async function deleteObject(
  client: ApiClient,
  kind: ResourceKind,
  namespace: string,
  name: string,
  propagation: string,
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    const answer = await client.request({
      method: "DELETE",
      path: objectPath(kind, namespace, name),
      body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation },
      signal,
    });
    return answer.kind === "Status"
      ? undefined
      : { ...answer, apiVersion: kind.apiVersion, kind: kind.kind };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
