/** Data outlives a mistake: what holds it refuses to be deleted, or leaves it behind. */
import type { Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { at, type Fields, isPresent } from "../kubernetes/values.ts";

type Look = (props: Fields) => readonly (string | undefined)[];

const LOOKS: Readonly<Record<string, Look>> = {
  "aws:rds/instance:Instance": (props) => [
    when(props["deletionProtection"] !== true, "can be deleted. Set deletionProtection: true"),
    when(
      String(props["skipFinalSnapshot"]) === "true" || !isPresent(props["finalSnapshotIdentifier"]),
      "leaves no last snapshot. Set finalSnapshotIdentifier",
    ),
    when(
      props["deleteAutomatedBackups"] !== false,
      "takes its backups along. Set deleteAutomatedBackups: false",
    ),
  ],
  "aws:eks/cluster:Cluster": (props) => [
    when(props["deletionProtection"] !== true, "can be deleted. Set deletionProtection: true"),
  ],
  "aws:lb/loadBalancer:LoadBalancer": (props) => [
    when(
      props["enableDeletionProtection"] !== true,
      "can be deleted. Set enableDeletionProtection: true",
    ),
  ],
  "aws:s3/bucket:Bucket": notEmptied,
  "aws:s3/bucketV2:BucketV2": notEmptied,
  "aws:backup/vault:Vault": notEmptied,
};

function notEmptied(props: Fields) {
  const emptied = String(props["forceDestroy"]) === "true";
  return [when(emptied, "is emptied when it is deleted. Set forceDestroy: false")];
}

export const deletionProtection: Rule = {
  name: "deletion-protection",
  description: "What holds data refuses to be deleted, or leaves the data behind.",
  severity: "high",
  sees: "resource",
  about: "data that could be deleted",
  applies: ({ type, props }) =>
    LOOKS[type] !== undefined ||
    ["StorageClass", "PersistentVolume"].includes(kindOf(type) ?? "") ||
    (kindOf(type) === "StatefulSet" && isPresent(at(props, "spec", "volumeClaimTemplates"))),
  judge: ({ type, props, name }, report) => {
    for (const fault of LOOKS[type]?.(props) ?? []) {
      if (fault !== undefined) report.fails(`${name} ${fault}.`);
    }
    if (kindOf(type) === "StorageClass" && props["reclaimPolicy"] !== "Retain") {
      report.fails(
        `StorageClass ${nameIn(props)} deletes volumes with their claims. Set reclaimPolicy: Retain.`,
      );
    }
    const reclaim = at(props, "spec", "persistentVolumeReclaimPolicy") ?? "Retain";
    if (kindOf(type) === "PersistentVolume" && reclaim !== "Retain") {
      report.fails(
        `PersistentVolume ${nameIn(props)} goes with its claim. Set persistentVolumeReclaimPolicy: Retain.`,
      );
    }
    if (kindOf(type) !== "StatefulSet") return;
    const policy = at(props, "spec", "persistentVolumeClaimRetentionPolicy");
    for (const key of ["whenDeleted", "whenScaled"]) {
      // Kubernetes keeps claims where the policy says nothing.
      if ((at(policy, key) ?? "Retain") === "Retain") continue;
      report.fails(`StatefulSet ${nameIn(props)} loses its volumes (${key}). Set it to Retain.`);
    }
  },
};

function when(wrong: boolean, text: string): string | undefined {
  return wrong ? text : undefined;
}
