/**
 * The kinds of volumes that a cluster on AWS has: EKS brings none. Each is under a key of its own
 * purpose, so that patient data are not under the key of everything else.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../component.ts";
import type { KeysHandle } from "./keys.ts";

export interface VolumeClassesArgs {
  readonly keys: KeysHandle;
  readonly classes: readonly VolumeClass[];
  /** What becomes of a volume when its claim goes. */
  readonly onDestroy: "retain" | "delete";
}

export interface VolumeClass {
  readonly name: string;
  readonly purpose: VolumePurpose;
  /** Taken by claims that name no class; one class at most. */
  readonly isDefault: boolean;
}

export type VolumePurpose = "volumes" | "patient";

export class VolumeClasses extends Component {
  constructor(name: string, args: VolumeClassesArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:VolumeClasses", name, options);
    const defaults = args.classes.filter(({ isDefault }) => isDefault);
    if (defaults.length > 1) {
      throw new Error(
        `${defaults.map((one) => one.name).join(", ")}: only one class is the default`,
      );
    }
    for (const one of args.classes) {
      new k8s.storage.v1.StorageClass(`${name}-${one.name}`, storageClass(args, one), {
        parent: this,
        // Every field but the labels is fixed for its life, and its name is what claims know.
        deleteBeforeReplace: true,
      });
    }
    this.registerOutputs({});
  }
}

function storageClass(args: VolumeClassesArgs, one: VolumeClass): k8s.storage.v1.StorageClassArgs {
  return {
    metadata: {
      name: one.name,
      annotations: { "storageclass.kubernetes.io/is-default-class": String(one.isDefault) },
    },
    provisioner: "ebs.csi.aws.com",
    parameters: { type: "gp3", encrypted: "true", kmsKeyId: args.keys.arn(one.purpose) },
    // A volume stands in one zone: it is made where its pod is put, not before.
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy: args.onDestroy === "retain" ? "Retain" : "Delete",
    allowVolumeExpansion: true,
  };
}
