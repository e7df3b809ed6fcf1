/**
 * From apiVersion and kind to the path of the API: the plural name and whether there are
 * namespaces. The kinds of Kubernetes itself are known by heart, so that a stack without custom
 * resources asks nothing and a render needs no cluster; everything else the API server is asked.
 */

import type { ApiClient } from "./api-client.ts";
import { isNotFound } from "./api-error.ts";
import { type GroupVersionKind, listAt, stringAt } from "./kube-object.ts";

export interface ResourceKind extends GroupVersionKind {
  readonly plural: string;
  readonly namespaced: boolean;
}

/**
 * Kinds of Kubernetes 1.36 without a namespace, from `kubectl api-resources --namespaced=false` of
 * its API server. Every other kind of a group ending in .k8s.io, or of a group without a dot, has one.
 */
const CLUSTER_SCOPED = new Set([
  "APIService",
  "CertificateSigningRequest",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterTrustBundle",
  "ComponentStatus",
  "CSIDriver",
  "CSINode",
  "CustomResourceDefinition",
  "DeviceClass",
  "FlowSchema",
  "IngressClass",
  "IPAddress",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "ResourceSlice",
  "RuntimeClass",
  "SelfSubjectAccessReview",
  "SelfSubjectReview",
  "SelfSubjectRulesReview",
  "ServiceCIDR",
  "StorageClass",
  "SubjectAccessReview",
  "TokenReview",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttachment",
  "VolumeAttributesClass",
]);

/** Groups whose every kind is Kubernetes' own (`kubectl api-versions` of a bare 1.36). */
const BUILT_IN_GROUPS = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
]);

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** Without a cluster: known for Kubernetes' own kinds, undefined for custom resources. */
export function builtInKind(gvk: GroupVersionKind): ResourceKind | undefined {
  if (!BUILT_IN_GROUPS.has(groupOf(gvk.apiVersion))) return undefined;
  return { ...gvk, plural: pluralOf(gvk.kind), namespaced: !CLUSTER_SCOPED.has(gvk.kind) };
}

/** The plurals of Kubernetes' own kinds follow English; Endpoints is one already. */
function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === "endpoints") return lower;
  if (/(s|x|ch|sh)$/.test(lower)) return `${lower}es`;
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`;
  return `${lower}s`;
}

export interface Discovery {
  /** undefined: the cluster does not serve this kind (its CRD is not there yet). */
  find(gvk: GroupVersionKind, signal?: AbortSignal): Promise<ResourceKind | undefined>;
  /** The versions of a group that are served; none: the cluster does not know it. */
  versions(group: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** A CRD was changed: what was learned about its group may be wrong now. */
  forget(): void;
}

export function createDiscovery(client: ApiClient): Discovery {
  const groups = new Map<string, Promise<ReadonlyMap<string, ResourceKind>>>();
  const load = (apiVersion: string, signal?: AbortSignal) => {
    const held = groups.get(apiVersion);
    if (held !== undefined) return held;
    const loading = loadGroup(client, apiVersion, signal);
    groups.set(apiVersion, loading);
    loading.then(
      (kinds) => {
        // An absent group is asked for again: its CRD may be created in a moment.
        if (kinds.size === 0) groups.delete(apiVersion);
      },
      () => groups.delete(apiVersion),
    );
    return loading;
  };
  return {
    find: async (gvk, signal) => {
      const builtIn = builtInKind(gvk);
      if (builtIn !== undefined) return builtIn;
      const found = (await load(gvk.apiVersion, signal)).get(gvk.kind);
      // A version that is served may gain a kind with the next CRD.
      if (found === undefined) groups.delete(gvk.apiVersion);
      return found;
    },
    versions: (group, signal) => loadVersions(client, group, signal),
    forget: () => groups.clear(),
  };
}

async function loadGroup(
  client: ApiClient,
  apiVersion: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ResourceKind>> {
  try {
    const list = await client.request({ method: "GET", path: groupPath(apiVersion), signal });
    return new Map(
      listAt(list, "resources")
        // Subresources have a slash in their name.
        .filter((item) => !(stringAt(item, "name") ?? "/").includes("/"))
        .map((item) => {
          const kind = stringAt(item, "kind") ?? "";
          const plural = stringAt(item, "name") ?? "";
          return [kind, { apiVersion, kind, plural, namespaced: item.namespaced === true }];
        }),
    );
  } catch (error) {
    if (isNotFound(error)) return new Map();
    throw error;
  }
}

async function loadVersions(
  client: ApiClient,
  group: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  try {
    const found = await client.request({ method: "GET", path: `/apis/${group}`, signal });
    return listAt(found, "versions").map((one) => stringAt(one, "version") ?? "");
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

function groupPath(apiVersion: string): string {
  return groupOf(apiVersion) === "" ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
}

/** `/apis/apps/v1/namespaces/x/deployments`; without a namespace, the cluster-wide collection. */
export function collectionPath(kind: ResourceKind, namespace: string): string {
  const prefix = groupPath(kind.apiVersion);
  return kind.namespaced && namespace !== ""
    ? `${prefix}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`
    : `${prefix}/${kind.plural}`;
}

export function objectPath(kind: ResourceKind, namespace: string, name: string): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}
