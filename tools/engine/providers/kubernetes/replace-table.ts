/**
 * Fields that cannot be changed in place, for when no cluster can be asked. The list follows the
 * table that the real Pulumi provider plans by (forceNew in provider/pkg/provider/diff.go of its
 * repository at commit 94977969) and, where an API server was seen to differ (our contract test
 * applies each row to one), what the API server does.
 */

import { groupOf } from "./discovery.ts";
import { gvkOf, type KubeObject, type PathStep } from "./kube-object.ts";
import { isWithin, parsePath } from "./property-path.ts";

/** By group and kind; a version changes nothing about it. */
export const IMMUTABLE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": ["spec.completions", "spec.completionMode", "spec.selector", "spec.template"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "scheduling.k8s.io/PriorityClass": ["value", "preemptionPolicy"],
  "storage.k8s.io/StorageClass": [
    "parameters",
    "provisioner",
    "reclaimPolicy",
    "volumeBindingMode",
  ],
  "/PersistentVolume": [
    "spec.csi",
    "spec.fc",
    "spec.hostPath",
    "spec.iscsi",
    "spec.local",
    "spec.nfs",
  ],
  "/PersistentVolumeClaim": [
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeMode",
    "spec.volumeName",
  ],
  "/Pod": [
    "spec.affinity",
    "spec.automountServiceAccountToken",
    "spec.containers[*].args",
    "spec.containers[*].command",
    "spec.containers[*].env",
    "spec.containers[*].name",
    "spec.containers[*].ports",
    "spec.containers[*].securityContext",
    "spec.containers[*].volumeMounts",
    "spec.dnsPolicy",
    "spec.hostNetwork",
    "spec.nodeName",
    "spec.nodeSelector",
    "spec.restartPolicy",
    "spec.securityContext",
    "spec.serviceAccountName",
    "spec.volumes",
  ],
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
};

/** The object's identity: another name or namespace is another object; another version is not. */
export const IDENTITY = ["metadata.name", "metadata.namespace", "kind"];

const parsed = new Map<string, PathStep[][]>(
  Object.entries(IMMUTABLE_FIELDS).map(([kind, paths]) => [kind, paths.map(parsePath)]),
);

export function isImmutable(object: KubeObject, path: readonly PathStep[]): boolean {
  const { apiVersion, kind } = gvkOf(object);
  const rows = parsed.get(`${groupOf(apiVersion)}/${kind}`) ?? [];
  return rows.some((row) => isWithin(path, row) || isWithin(row, path));
}
