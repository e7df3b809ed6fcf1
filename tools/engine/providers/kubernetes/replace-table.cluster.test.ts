/**
 * The table of immutable fields against an API server: every row is refused as immutable, and
 * fields that are not in it, where the table could be thought too small, are accepted.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PropertyMap, PropertyValue } from "../../values.ts";
import { field, mapAt } from "./kube-object.ts";
import { createKubernetesProvider } from "./provider.ts";
import { IMMUTABLE_FIELDS } from "./replace-table.ts";
import { type Contract, startContract } from "./test-contract.ts";
import { type TestStack, testStack } from "./test-stack.ts";

let contract: Contract;
let asked: TestStack;
let planned: TestStack;

beforeAll(async () => {
  contract = await startContract(process.env.KUBE_BINARY);
  asked = testStack(await contract.newProvider({ enableSecretMutable: true }));
  const offline = createKubernetesProvider({ environment: {}, renderOnly: true });
  await offline.configure({ enableSecretMutable: true });
  planned = testStack(offline);
});

afterAll(async () => {
  await contract?.stop();
});

const container = { name: "c", image: "example/a:1" };
const labels = { app: "x" };
const template = { metadata: { labels }, spec: { containers: [container] } };
const workload = { selector: { matchLabels: labels }, template };
const once = { metadata: {}, spec: { restartPolicy: "Never", containers: [container] } };
const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const volume = {
  capacity: { storage: "1Gi" },
  accessModes: ["ReadWriteOnce"],
  persistentVolumeReclaimPolicy: "Retain",
};
const nodeAffinity = {
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "Exists" }] }] },
};
const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };

/** For each kind: its group's version, and an object to begin with. */
const BASES: Readonly<Record<string, { apiVersion: string; body: PropertyMap }>> = {
  "apps/DaemonSet": { apiVersion: "apps/v1", body: { spec: workload } },
  "apps/Deployment": { apiVersion: "apps/v1", body: { spec: workload } },
  "apps/StatefulSet": { apiVersion: "apps/v1", body: { spec: { ...workload, serviceName: "a" } } },
  "batch/Job": {
    apiVersion: "batch/v1",
    body: { spec: { completions: 1, suspend: true, template: once } },
  },
  "rbac.authorization.k8s.io/ClusterRoleBinding": {
    apiVersion: "rbac.authorization.k8s.io/v1",
    body: { roleRef },
  },
  "rbac.authorization.k8s.io/RoleBinding": {
    apiVersion: "rbac.authorization.k8s.io/v1",
    body: { roleRef },
  },
  "scheduling.k8s.io/PriorityClass": { apiVersion: "scheduling.k8s.io/v1", body: { value: 1 } },
  "storage.k8s.io/StorageClass": {
    apiVersion: "storage.k8s.io/v1",
    body: { provisioner: "example.org/a" },
  },
  "/PersistentVolume": { apiVersion: "v1", body: { spec: volume } },
  "/PersistentVolumeClaim": {
    apiVersion: "v1",
    body: { spec: { ...claim, storageClassName: "a" } },
  },
  "/Pod": { apiVersion: "v1", body: { spec: { containers: [container] } } },
  "/ResourceQuota": { apiVersion: "v1", body: { spec: { hard: { pods: "1" } } } },
  "/Secret": { apiVersion: "v1", body: { type: "example/a" } },
  "/Service": {
    apiVersion: "v1",
    body: { spec: { ports: [{ port: 80 }], clusterIP: "10.255.0.91" } },
  },
};

/** For each row: what the changed object has there, and what the first one had where that matters. */
const CHANGES: Readonly<Record<string, { to: PropertyMap; from?: PropertyMap }>> = {
  "apps/DaemonSet spec.selector": { to: { spec: relabelled() } },
  "apps/Deployment spec.selector": { to: { spec: relabelled() } },
  "apps/StatefulSet spec.selector": { to: { spec: relabelled() } },
  "apps/StatefulSet spec.podManagementPolicy": {
    to: { spec: { podManagementPolicy: "Parallel" } },
  },
  "apps/StatefulSet spec.serviceName": { to: { spec: { serviceName: "b" } } },
  "apps/StatefulSet spec.volumeClaimTemplates": {
    to: { spec: { volumeClaimTemplates: [{ metadata: { name: "v" }, spec: claim }] } },
  },
  "batch/Job spec.completions": { to: { spec: { completions: 2 } } },
  "batch/Job spec.completionMode": { to: { spec: { completionMode: "Indexed" } } },
  "batch/Job spec.selector": {
    from: {
      spec: {
        manualSelector: true,
        selector: { matchLabels: labels },
        template: { ...once, metadata: { labels } },
      },
    },
    to: { spec: { manualSelector: true, ...relabelled(once) } },
  },
  "batch/Job spec.template": {
    to: { spec: { template: { spec: { containers: [{ name: "c", image: "example/a:2" }] } } } },
  },
  "rbac.authorization.k8s.io/ClusterRoleBinding roleRef": { to: { roleRef: { name: "edit" } } },
  "rbac.authorization.k8s.io/RoleBinding roleRef": { to: { roleRef: { name: "edit" } } },
  "scheduling.k8s.io/PriorityClass value": { to: { value: 2 } },
  "scheduling.k8s.io/PriorityClass preemptionPolicy": { to: { preemptionPolicy: "Never" } },
  "storage.k8s.io/StorageClass parameters": { to: { parameters: { a: "b" } } },
  "storage.k8s.io/StorageClass provisioner": { to: { provisioner: "example.org/b" } },
  "storage.k8s.io/StorageClass reclaimPolicy": { to: { reclaimPolicy: "Retain" } },
  "storage.k8s.io/StorageClass volumeBindingMode": {
    to: { volumeBindingMode: "WaitForFirstConsumer" },
  },
  "/PersistentVolume spec.csi": source(
    "csi",
    { driver: "example.org", volumeHandle: "a" },
    { volumeHandle: "b" },
  ),
  "/PersistentVolume spec.fc": source("fc", { targetWWNs: ["a"], lun: 1 }, { lun: 2 }),
  "/PersistentVolume spec.hostPath": source("hostPath", { path: "/a" }, { path: "/b" }),
  "/PersistentVolume spec.iscsi": source(
    "iscsi",
    { targetPortal: "10.0.0.1", iqn: "iqn.2001-04.com.example:a", lun: 1 },
    { lun: 2 },
  ),
  "/PersistentVolume spec.local": source("local", { path: "/a" }, { path: "/b" }, { nodeAffinity }),
  "/PersistentVolume spec.nfs": source("nfs", { server: "a", path: "/a" }, { path: "/b" }),
  "/PersistentVolumeClaim spec.accessModes": { to: { spec: { accessModes: ["ReadWriteMany"] } } },
  "/PersistentVolumeClaim spec.selector": { to: { spec: { selector: { matchLabels: labels } } } },
  "/PersistentVolumeClaim spec.storageClassName": { to: { spec: { storageClassName: "b" } } },
  "/PersistentVolumeClaim spec.volumeMode": { to: { spec: { volumeMode: "Block" } } },
  "/PersistentVolumeClaim spec.volumeName": {
    from: { spec: { volumeName: "one" } },
    to: { spec: { volumeName: "two" } },
  },
  "/Pod spec.affinity": {
    to: {
      spec: {
        affinity: {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: nodeAffinity.required },
        },
      },
    },
  },
  "/Pod spec.automountServiceAccountToken": {
    to: { spec: { automountServiceAccountToken: false } },
  },
  "/Pod spec.containers[*].args": inContainer({ args: ["x"] }),
  "/Pod spec.containers[*].command": inContainer({ command: ["x"] }),
  "/Pod spec.containers[*].env": inContainer({ env: [{ name: "A", value: "b" }] }),
  "/Pod spec.containers[*].name": inContainer({ name: "d" }),
  "/Pod spec.containers[*].ports": inContainer({ ports: [{ containerPort: 80 }] }),
  "/Pod spec.containers[*].securityContext": inContainer({ securityContext: { privileged: true } }),
  "/Pod spec.containers[*].volumeMounts": inContainer(
    { volumeMounts: [{ name: "v", mountPath: "/v" }] },
    { volumes: [{ name: "v", emptyDir: {} }] },
  ),
  "/Pod spec.dnsPolicy": { to: { spec: { dnsPolicy: "Default" } } },
  "/Pod spec.hostNetwork": { to: { spec: { hostNetwork: true } } },
  "/Pod spec.nodeName": { to: { spec: { nodeName: "n" } } },
  "/Pod spec.nodeSelector": { to: { spec: { nodeSelector: { a: "b" } } } },
  "/Pod spec.restartPolicy": { to: { spec: { restartPolicy: "Never" } } },
  "/Pod spec.securityContext": { to: { spec: { securityContext: { runAsUser: 1 } } } },
  "/Pod spec.serviceAccountName": {
    from: { spec: { serviceAccountName: "default" } },
    to: { spec: { serviceAccountName: "other" } },
  },
  "/Pod spec.volumes": { to: { spec: { volumes: [{ name: "w", emptyDir: {} }] } } },
  "/ResourceQuota spec.scopes": { to: { spec: { scopes: ["BestEffort"] } } },
  "/Secret type": { to: { type: "example/b" } },
  "/Service spec.clusterIP": { to: { spec: { clusterIP: "10.255.0.92" } } },
};

/** Changes in place that look like the ones above. */
const ACCEPTED: Readonly<Record<string, PropertyMap>> = {
  "apps/Deployment": { spec: { revisionHistoryLimit: 3, minReadySeconds: 2 } },
  "apps/StatefulSet": { spec: { revisionHistoryLimit: 3, minReadySeconds: 2 } },
  "batch/Job": { spec: { parallelism: 2, backoffLimit: 1 } },
  "storage.k8s.io/StorageClass": { allowVolumeExpansion: true },
  "/Service": { spec: { sessionAffinity: "ClientIP", ports: [{ port: 81 }] } },
  "/ResourceQuota": { spec: { hard: { pods: "9" } } },
};

function relabelled(base: PropertyMap = template): PropertyMap {
  const other = { app: "x", more: "y" };
  return { selector: { matchLabels: other }, template: { ...base, metadata: { labels: other } } };
}

function source(kind: string, from: PropertyMap, to: PropertyMap, more: PropertyMap = {}) {
  return {
    from: { spec: { ...more, [kind]: from } },
    to: { spec: { ...more, [kind]: { ...from, ...to } } },
  };
}

function inContainer(changed: PropertyMap, spec: PropertyMap = {}) {
  return { from: { spec }, to: { spec: { ...spec, containers: [{ ...container, ...changed }] } } };
}

function merged(base: PropertyMap, patch: PropertyMap): PropertyMap {
  const result: Record<string, PropertyValue> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const present = result[key];
    const isDeep = [present, value].every(
      (item) => typeof item === "object" && item !== null && !Array.isArray(item),
    );
    result[key] = isDeep ? merged(mapAt(result, key), mapAt(patch, key)) : value;
  }
  return result;
}

function objectOf(row: string, name: string, patch: PropertyMap): PropertyMap {
  const base = BASES[row];
  if (base === undefined) throw new Error(`no object for ${row}`);
  const annotations = {
    "pulumi.com/skipAwait": "true",
    "pulumi.com/deletionPropagationPolicy": "background",
  };
  const kind = row.slice(row.indexOf("/") + 1);
  return {
    apiVersion: base.apiVersion,
    kind,
    metadata: { name, annotations },
    ...merged(base.body, patch),
  };
}

const ROWS = Object.entries(IMMUTABLE_FIELDS).flatMap(([kind, paths]) =>
  paths.map((path) => `${kind} ${path}`),
);

describe("every row", () => {
  test.each(ROWS)("%s cannot be changed in place, by the cluster and by the table", async (row) => {
    const change = CHANGES[row];
    if (change === undefined) throw new Error(`no change for ${row}`);
    const kind = row.split(" ")[0] ?? "";
    const name = `row-${ROWS.indexOf(row)}`;
    const before = objectOf(kind, name, change.from ?? {});
    const after = objectOf(kind, name, merged(change.from ?? {}, change.to));
    const made = await asked.create(`kubernetes:x/v1:${kind}`, name, before);
    const byCluster = await asked.diff(made, after);
    expect(byCluster.basis).toBe("cluster");
    expect(byCluster.replaces.length).toBeGreaterThan(0);
    const byTable = await planned.diff(made, after);
    expect(byTable.basis).toBe("table");
    expect(byTable.replaces.length).toBeGreaterThan(0);
    expect(byTable.deleteBeforeReplace).toBe(byCluster.deleteBeforeReplace);
    await contract.server.kubectl([
      "delete",
      kind.slice(kind.indexOf("/") + 1),
      name,
      "--force",
      "--wait=false",
    ]);
  });
});

describe("what may be changed", () => {
  test.each(Object.keys(ACCEPTED))("%s", async (kind) => {
    const name = `free-${Object.keys(ACCEPTED).indexOf(kind)}`;
    const made = await asked.create(`kubernetes:x/v1:${kind}`, name, objectOf(kind, name, {}));
    const after = objectOf(kind, name, ACCEPTED[kind] ?? {});
    expect(await asked.diff(made, after)).toMatchObject({ replaces: [], basis: "cluster" });
    expect(await planned.diff(made, after)).toMatchObject({ replaces: [], basis: "table" });
    expect(field(made.outputs, "metadata", "name")).toBe(name);
  });
});
