import { encryptedVolumes } from "./encrypted-volumes.ts";
import { DEPLOYMENT, labelled } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(encryptedVolumes, {
  good: {
    class: {
      type: "kubernetes:storage.k8s.io/v1:StorageClass",
      props: {
        metadata: { name: "gp3" },
        provisioner: "ebs.csi.aws.com",
        parameters: { encrypted: "true", kmsKeyId: "k" },
      },
    },
    set: {
      type: "kubernetes:apps/v1:StatefulSet",
      props: { spec: { volumeClaimTemplates: [{ spec: { storageClassName: "gp3" } }] } },
    },
    claim: {
      type: "kubernetes:core/v1:PersistentVolumeClaim",
      props: { spec: { storageClassName: "encrypted" } },
    },
    pods: {
      type: DEPLOYMENT,
      props: labelled("tool", {
        volumes: [{ ephemeral: { volumeClaimTemplate: { spec: { storageClassName: "gp3" } } } }],
      }),
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: { spec: { storage: { storageClass: "gp3" } } },
    },
  },
  passes: {
    "a database whose class stands in its claim's template": [
      ["cluster", "spec.storage", { pvcTemplate: { storageClassName: "gp3" } }],
    ],
  },
  fails: {
    "a class under AWS' own key by its alias": [
      [["class", "parameters.kmsKeyId", "alias/aws/ebs"]],
      /does not encrypt/,
    ],
    "a volume that is made with its pod": [
      [
        [
          "pods",
          "spec.template.spec.volumes.0.ephemeral.volumeClaimTemplate.spec",
          { storageClassName: "fast" },
        ],
      ],
      /Deployment tool keeps its data in class fast/,
    ],
    "a volume that is made with its pod, of no class": [
      [["pods", "spec.template.spec.volumes.0.ephemeral.volumeClaimTemplate.spec", {}]],
      /default class/,
    ],
    "a class that does not encrypt": [
      [["class", "parameters.encrypted", "false"]],
      /does not encrypt/,
    ],
    "a class under AWS' own key": [
      [["class", "parameters.kmsKeyId", undefined]],
      /does not encrypt/,
    ],
    "a class that nobody knows": [
      [["set", "spec.volumeClaimTemplates.0.spec.storageClassName", "fast"]],
      /class fast/,
    ],
    "the cluster's default class": [
      [["set", "spec.volumeClaimTemplates.0.spec.storageClassName", undefined]],
      /default class/,
    ],
    "a claim of such a class": [
      [["claim", "spec.storageClassName", "fast"]],
      /PersistentVolumeClaim/,
    ],
    "a database's log of such a class": [
      [["cluster", "spec.walStorage.storageClass", "fast"]],
      /Cluster .* class fast/,
    ],
    "a database's log of the default class": [
      [["cluster", "spec.walStorage", { size: "1Gi" }]],
      /Cluster .* default class/,
    ],
    "a tablespace of such a class": [
      [["cluster", "spec.tablespaces", [{ storage: { storageClass: "fast" } }]]],
      /Cluster .* class fast/,
    ],
    "a database of such a class": [
      [["cluster", "spec.storage.storageClass", undefined]],
      /Cluster/,
    ],
  },
  open: { "a provisioner that does not say": [["class", "provisioner", "nfs.example"]] },
  unknown: ["set", "spec.volumeClaimTemplates.0.spec.storageClassName"],
});
