/**
 * One KMS key per purpose: whoever may use one of them may use no other, and each can be rotated,
 * audited and ended by itself.
 */
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key, type KeyArgs } from "@pulumi/aws/kms/key.js";
import { ReplicaKey } from "@pulumi/aws/kms/replicaKey.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Transform } from "../component.ts";
import { type KeyPurpose, keyPolicy } from "./key-policies.ts";
import type { AwsSite } from "./place.ts";

export interface KeysArgs {
  readonly site: AwsSite;
  readonly purposes: readonly KeyPurpose[];
  /** Purposes whose keys a standby in another region gets replicas of; fixed for a key's life. */
  readonly replicated?: readonly KeyPurpose[];
  /** In a standby: the ARNs of the primary's keys that this region's are replicas of. */
  readonly primaries?: Readonly<Partial<Record<KeyPurpose, string>>>;
  readonly transform?: { readonly key?: Transform<KeyArgs> };
}

export interface KeysHandle {
  arn(purpose: KeyPurpose): pulumi.Output<string>;
}

/** The longest that KMS offers: an ended key is what it encrypted, gone. */
const DELETION_DAYS = 30;

export class Keys extends Component implements KeysHandle {
  readonly #arns = new Map<KeyPurpose, pulumi.Output<string>>();

  constructor(name: string, args: KeysArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Keys", name, options);
    for (const purpose of args.purposes) {
      const key = create(this, `${name}-${purpose}`, purpose, args);
      new Alias(
        `${name}-${purpose}`,
        { name: `alias/${args.site.prefix}-${purpose}`, targetKeyId: key.keyId },
        { parent: this },
      );
      this.#arns.set(purpose, key.arn);
    }
    this.registerOutputs({});
  }

  arn(purpose: KeyPurpose): pulumi.Output<string> {
    const found = this.#arns.get(purpose);
    if (found === undefined) throw new Error(`no key is declared for ${purpose}`);
    return found;
  }
}

function create(parent: Keys, name: string, purpose: KeyPurpose, args: KeysArgs): Key | ReplicaKey {
  const shared = {
    description: `${args.site.prefix}: ${purpose}`,
    policy: keyPolicy(purpose, args.site),
    deletionWindowInDays: DELETION_DAYS,
  };
  const primaryKeyArn = args.primaries?.[purpose];
  // A replica shares its primary's material and with it the rotation.
  if (primaryKeyArn !== undefined) {
    return new ReplicaKey(name, { ...shared, primaryKeyArn }, { parent });
  }
  const key: KeyArgs = {
    ...shared,
    enableKeyRotation: true,
    multiRegion: args.replicated?.includes(purpose) === true,
  };
  return new Key(name, args.transform?.key?.(key) ?? key, { parent });
}
