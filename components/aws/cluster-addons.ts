/**
 * Add-ons that run as ordinary pods. They wait for nodes, so they come after the system pools:
 * pass those as `dependsOn`, else EKS waits twenty minutes for pods that nothing can run.
 */
import { Addon } from "@pulumi/aws/eks/addon.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../component.ts";
import { POOL_LABEL } from "../serving/accelerators.ts";
import type { ClusterHandle } from "./cluster.ts";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, managedPolicy, viaService } from "./place.ts";
import { podRole } from "./pod-role.ts";
import { policyDocument } from "./policy.ts";
import type { VolumePurpose } from "./volume-classes.ts";

export interface ClusterAddonsArgs {
  readonly site: AwsSite;
  readonly cluster: ClusterHandle;
  readonly keys: KeysHandle;
  readonly versions: Readonly<Record<PodAddon, string>>;
  /** The pool whose nodes they run on. */
  readonly pool: string;
  /** Keys under which volumes are made. */
  readonly volumePurposes: readonly VolumePurpose[];
}

export type PodAddon = "coredns" | "aws-ebs-csi-driver";

export class ClusterAddons extends Component {
  constructor(name: string, args: ClusterAddonsArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:ClusterAddons", name, options);
    const { site, versions } = args;
    const selector = { nodeSelector: { [POOL_LABEL]: args.pool } };
    this.#create(name, args, "coredns", { configurationValues: JSON.stringify(selector) });
    const role = podRole(
      `${name}-volumes`,
      site,
      "ebs-csi",
      [managedPolicy(site, "service-role/AmazonEBSCSIDriverPolicy")],
      { parent: this },
    );
    new RolePolicy(
      `${name}-volumes`,
      {
        name: "keys",
        role: role.name,
        policy: pulumi
          .all(args.volumePurposes.map((purpose) => args.keys.arn(purpose)))
          .apply((keys) => volumeKeys(site, keys)),
      },
      { parent: this },
    );
    this.#create(name, args, "aws-ebs-csi-driver", {
      configurationValues: JSON.stringify({ controller: selector }),
      podIdentityAssociations: [{ roleArn: role.arn, serviceAccount: "ebs-csi-controller-sa" }],
    });
    this.registerOutputs({ versions });
  }

  #create(name: string, args: ClusterAddonsArgs, addonName: PodAddon, more: object): void {
    new Addon(
      `${name}-${addonName}`,
      {
        clusterName: args.cluster.name,
        addonName,
        addonVersion: args.versions[addonName],
        // Nobody else may have set a field of what only this program deploys.
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        ...more,
      },
      { parent: this },
    );
  }
}

/** EBS CSI driver, docs/install.md: what volumes under a key of one's own need. */
export function volumeKeys(site: AwsSite, keys: readonly string[]): string {
  const through = { StringEquals: { "kms:ViaService": viaService(site, ["ec2"]) } };
  return policyDocument([
    {
      Sid: "Use",
      Effect: "Allow",
      Action: [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
      ],
      Resource: keys,
      Condition: through,
    },
    {
      Sid: "Attach",
      Effect: "Allow",
      Action: ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
      Resource: keys,
      Condition: { ...through, Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ]);
}
