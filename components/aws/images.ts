/**
 * The registry from which a network without internet pulls: one repository per image, where a tag
 * once written never means anything else.
 */
import { LifecyclePolicy } from "@pulumi/aws/ecr/lifecyclePolicy.js";
import { Repository, type RepositoryArgs } from "@pulumi/aws/ecr/repository.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Transform } from "../component.ts";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, dnsSuffix } from "./place.ts";

export interface RegistryArgs {
  readonly site: AwsSite;
  readonly keys: KeysHandle;
  /** Repositories below the site's prefix: gateway, vllm/vllm-openai … */
  readonly images: readonly string[];
  /** How long a layer is kept to which no tag leads any more. */
  readonly untaggedDays: number;
  /** Whether `destroy` may end repositories that hold images. */
  readonly deletable: boolean;
  readonly transform?: { readonly repository?: Transform<RepositoryArgs> };
}

export class Registry extends Component {
  /** What stands before an image's name in its reference; known before anything is made. */
  readonly address: string;
  readonly #urls = new Map<string, pulumi.Output<string>>();

  constructor(name: string, args: RegistryArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Registry", name, options);
    this.address = registryAddress(args.site);
    for (const image of args.images) {
      const plain = repositoryArgs(args, image);
      const repository = new Repository(
        `${name}-${image.replaceAll("/", "-")}`,
        args.transform?.repository?.(plain) ?? plain,
        { parent: this },
      );
      new LifecyclePolicy(
        `${name}-${image.replaceAll("/", "-")}`,
        { repository: repository.name, policy: untaggedOnly(args.untaggedDays) },
        { parent: this },
      );
      this.#urls.set(image, repository.repositoryUrl);
    }
    this.registerOutputs({ address: this.address });
  }

  /** The reference without a tag. */
  repository(image: string): pulumi.Output<string> {
    const found = this.#urls.get(image);
    if (found === undefined) throw new Error(`no repository is declared for ${image}`);
    return found;
  }
}

export function registryAddress(site: AwsSite): string {
  return `${site.account}.dkr.ecr.${site.region}.${dnsSuffix(site)}/${site.prefix}`;
}

function repositoryArgs(args: RegistryArgs, image: string): RepositoryArgs {
  return {
    name: `${args.site.prefix}/${image}`,
    imageTagMutability: "IMMUTABLE",
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: args.keys.arn("images") }],
    forceDelete: args.deletable,
  };
}

/** What is tagged is never ended by a rule: a standby or a rollback may ask for it. */
export function untaggedOnly(days: number): string {
  return JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: "Layers without a tag",
        selection: {
          tagStatus: "untagged",
          countType: "sinceImagePushed",
          countUnit: "days",
          countNumber: days,
        },
        action: { type: "expire" },
      },
    ],
  });
}
