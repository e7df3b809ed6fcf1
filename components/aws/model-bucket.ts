/**
 * Where weights lie: a private, versioned bucket that takes nothing but what is under our key, and
 * its copy for a standby. Pods of model servers read it as a role of their own.
 */

import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component } from "../component.ts";
import { privateBucket, refusals } from "./buckets.ts";
import type { ClusterHandle } from "./cluster.ts";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, bucketArn, names, viaService } from "./place.ts";
import { type PodAccount, podAccess } from "./pod-role.ts";
import { policyDocument } from "./policy.ts";
import { replicateTo, type StandbyBucket } from "./replication.ts";

export interface ModelBucketArgs {
  readonly site: AwsSite;
  readonly keys: KeysHandle;
  readonly cluster: ClusterHandle;
  /** Who may read: service accounts, each in its namespace. */
  readonly readers: readonly PodAccount[];
  /** How long a weight that was replaced or deleted can still be had back. */
  readonly oldVersionDays: number;
  readonly standby?: StandbyBucket | undefined;
  /** Whether `destroy` may end it with all weights. */
  readonly deletable: boolean;
}

export class ModelBucket extends Component {
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: ModelBucketArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:ModelBucket", name, options);
    const { site } = args;
    const parent = { parent: this };
    const bucketName = names.bucket(site, "weights");
    const key = args.keys.arn("weights");
    const made = privateBucket(
      name,
      {
        bucketName,
        key,
        objectLock: false,
        deletable: args.deletable,
        retainOnDestroy: false,
      },
      this,
    );
    const policy = key.apply((known) => policyDocument(refusals(site, bucketName, known)));
    new BucketPolicy(name, { bucket: made.bucket.id, policy }, parent);
    new BucketLifecycleConfiguration(
      name,
      { bucket: made.bucket.id, rules: [tidying(args.oldVersionDays)] },
      { parent: this, dependsOn: [made.versioning] },
    );
    if (args.standby !== undefined) {
      replicateTo(name, site, { bucketName, key }, args.standby, made, this);
    }
    podAccess(
      `${name}-readers`,
      {
        ...args,
        purpose: "weights-readers",
        policy: key.apply((known) => readingPolicy(site, bucketName, known)),
        accounts: args.readers,
      },
      this,
    );
    this.bucketName = after(made.bucket, bucketName);
    this.registerOutputs({ bucketName: this.bucketName });
  }
}

function tidying(oldVersionDays: number) {
  return {
    id: "tidy",
    status: "Enabled",
    filter: { prefix: "" },
    noncurrentVersionExpiration: { noncurrentDays: oldVersionDays },
    // An upload of hundreds of gigabytes that broke off is paid for until it is ended.
    abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
  };
}

export function readingPolicy(site: AwsSite, bucketName: string, key: string): string {
  const own = bucketArn(site, bucketName);
  return policyDocument([
    { Sid: "List", Effect: "Allow", Action: "s3:ListBucket", Resource: own },
    {
      Sid: "Read",
      Effect: "Allow",
      // Of a version, too: weights are pinned by it.
      Action: ["s3:GetObject", "s3:GetObjectVersion"],
      Resource: `${own}/*`,
    },
    {
      Sid: "Open",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: key,
      Condition: { StringEquals: { "kms:ViaService": viaService(site, ["s3"]) } },
    },
  ]);
}
