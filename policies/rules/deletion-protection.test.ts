import { deletionProtection } from "./deletion-protection.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(deletionProtection, {
  good: {
    database: {
      type: "aws:rds/instance:Instance",
      props: {
        deletionProtection: true,
        finalSnapshotIdentifier: "f",
        deleteAutomatedBackups: false,
      },
    },
    cluster: { type: "aws:eks/cluster:Cluster", props: { deletionProtection: true } },
    balancer: {
      type: "aws:lb/loadBalancer:LoadBalancer",
      props: { enableDeletionProtection: true },
    },
    bucket: { type: "aws:s3/bucket:Bucket", props: { forceDestroy: false } },
    volume: { type: "kubernetes:core/v1:PersistentVolume", props: { spec: {} } },
    class: {
      type: "kubernetes:storage.k8s.io/v1:StorageClass",
      props: { reclaimPolicy: "Retain" },
    },
    set: {
      type: "kubernetes:apps/v1:StatefulSet",
      props: {
        spec: {
          volumeClaimTemplates: [{}],
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        },
      },
    },
  },
  passes: {
    "Kubernetes' own way": [["set", "spec.persistentVolumeClaimRetentionPolicy", undefined]],
  },
  fails: {
    "a bucket that the provider empties at a word": [
      [["bucket", "forceDestroy", "true"]],
      /is emptied/,
    ],
    "a volume that goes with its claim": [
      [["volume", "spec.persistentVolumeReclaimPolicy", "Delete"]],
      /goes with its claim/,
    ],
    "a database that can be deleted": [
      [["database", "deletionProtection", undefined]],
      /can be deleted/,
    ],
    "a database without a last snapshot": [
      [["database", "skipFinalSnapshot", true]],
      /no last snapshot/,
    ],
    "a database that takes its backups along": [
      [["database", "deleteAutomatedBackups", undefined]],
      /backups along/,
    ],
    "a cluster that can be deleted": [[["cluster", "deletionProtection", false]], /can be deleted/],
    "a balancer that can be deleted": [
      [["balancer", "enableDeletionProtection", false]],
      /can be deleted/,
    ],
    "a bucket that is emptied": [[["bucket", "forceDestroy", true]], /emptied/],
    "a class that deletes": [[["class", "reclaimPolicy", "Delete"]], /deletes volumes/],
    "a set that loses its volumes": [
      [["set", "spec.persistentVolumeClaimRetentionPolicy.whenScaled", "Delete"]],
      /loses its volumes/,
    ],
  },
  unknown: ["database", "deletionProtection"],
});
