/**
 * Where the audit trail is kept for the years that the law wants: a bucket whose objects nobody
 * changes or deletes before their time, in `compliance` mode not even the account's owner.
 */
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component } from "../component.ts";
import { privateBucket, refusals } from "./buckets.ts";
import type { ClusterHandle } from "./cluster.ts";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, bucketArn, names, viaService } from "./place.ts";
import { type PodAccount, podAccess } from "./pod-role.ts";
import { policyDocument, type Statement } from "./policy.ts";

export interface AuditArchiveArgs {
  readonly site: AwsSite;
  readonly keys: KeysHandle;
  readonly lock: ArchiveLock;
  /** Who may add to it: service accounts of the cluster. They may neither read nor delete. */
  readonly writers?:
    | { readonly cluster: ClusterHandle; readonly accounts: readonly PodAccount[] }
    | undefined;
}

/**
 * `compliance` cannot be shortened or undone by anyone, so `destroy` leaves the bucket standing;
 * `governance` can, by whoever holds s3:BypassGovernanceRetention; `none` is for trying out.
 */
export type ArchiveLock =
  | { readonly mode: "compliance" | "governance"; readonly days: number }
  | { readonly mode: "none" };

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html: 100 years. */
const DAYS_MAX = 36_500;

export class AuditArchive extends Component {
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: AuditArchiveArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:AuditArchive", name, options);
    const { site, lock } = args;
    if (lock.mode !== "none" && !(lock.days >= 1 && lock.days <= DAYS_MAX)) {
      throw new Error(`lock.days: ${lock.days} is not possible, give 1 to ${DAYS_MAX}`);
    }
    const retained = lock.mode === "compliance";
    const childOptions = { parent: this, retainOnDelete: retained };
    const bucketName = names.bucket(site, "audit");
    const key = args.keys.arn("audit");
    const { bucket, versioning } = privateBucket(
      name,
      {
        bucketName,
        key,
        objectLock: lock.mode !== "none",
        deletable: lock.mode === "none",
        retainOnDestroy: retained,
      },
      this,
    );
    if (lock.mode !== "none") {
      new BucketObjectLockConfiguration(
        name,
        {
          bucket: bucket.id,
          objectLockEnabled: "Enabled",
          rule: { defaultRetention: { mode: lock.mode.toUpperCase(), days: lock.days } },
        },
        { ...childOptions, dependsOn: [versioning] },
      );
    }
    const policy = key.apply((known) =>
      policyDocument([...refusals(site, bucketName, known), ...lockRefusals(site, lock)]),
    );
    new BucketPolicy(name, { bucket: bucket.id, policy }, childOptions);
    if (args.writers !== undefined) {
      const writing = key.apply((known) => writingPolicy(site, bucketName, known));
      const access = { ...args.writers, site, purpose: "audit-writers", policy: writing };
      podAccess(`${name}-writers`, access, this);
    }
    this.bucketName = after(bucket, bucketName);
    this.registerOutputs({ bucketName: this.bucketName });
  }
}

/**
 * The default holds for whoever says nothing. Whoever names a retention of their own, with the
 * object or afterwards, may name a longer one only.
 */
function lockRefusals(site: AwsSite, lock: ArchiveLock): Statement[] {
  if (lock.mode === "none") return [];
  return [
    {
      Sid: "NoShorterRetention",
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:PutObject", "s3:PutObjectRetention"],
      Resource: `${bucketArn(site, names.bucket(site, "audit"))}/*`,
      Condition: {
        NumericLessThan: { "s3:object-lock-remaining-retention-days": String(lock.days) },
      },
    },
  ];
}

/** To add an object, and to end an upload that broke off. An uploaded part is opened with the key. */
export function writingPolicy(site: AwsSite, bucketName: string, key: string): string {
  return policyDocument([
    {
      Sid: "Add",
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:AbortMultipartUpload"],
      Resource: `${bucketArn(site, bucketName)}/*`,
    },
    {
      Sid: "Seal",
      Effect: "Allow",
      Action: ["kms:GenerateDataKey", "kms:Decrypt"],
      Resource: key,
      Condition: { StringEquals: { "kms:ViaService": viaService(site, ["s3"]) } },
    },
  ]);
}
