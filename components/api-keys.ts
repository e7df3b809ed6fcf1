/** The first API keys: made once, kept as secrets of the stack; the cluster gets their hashes only. */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { apiKey, apiKeyHash, KEY_RANDOM_CHARACTERS } from "./api-key-format.ts";
import { Component } from "./component.ts";

export interface ApiKeyHolder {
  readonly name: string;
  readonly tenant: string;
  readonly tier: string;
  readonly models: "*" | readonly string[];
}

export interface ApiKeysArgs {
  readonly holders: readonly [ApiKeyHolder, ...ApiKeyHolder[]];
}

export class ApiKeys extends Component {
  /** The first holder's key, as a caller sends it. */
  readonly first: pulumi.Output<string>;
  /** Every holder's, by name. */
  readonly all: pulumi.Output<Record<string, string>>;
  /** The gateway's keys.json. */
  readonly document: pulumi.Output<string>;

  constructor(name: string, args: ApiKeysArgs, options?: pulumi.ComponentResourceOptions) {
    super("identity:ApiKeys", name, options);
    const keys = args.holders.map((holder) => {
      const secret = new random.RandomPassword(
        `key-${holder.name}`,
        { length: KEY_RANDOM_CHARACTERS, special: false },
        { parent: this },
      );
      return secret.result.apply(apiKey);
    });
    this.first = pulumi.secret(pulumi.all(keys).apply(([first]) => first ?? ""));
    this.all = pulumi.secret(
      pulumi
        .all(keys)
        .apply(
          (known): Record<string, string> =>
            Object.fromEntries(known.map((key, i) => [args.holders[i]?.name ?? "", key])),
        ),
    );
    this.document = pulumi
      .all(keys)
      .apply((known) =>
        JSON.stringify({ keys: known.map((key, i) => entry(args.holders[i], key)) }),
      );
    this.registerOutputs({});
  }
}

function entry(holder: ApiKeyHolder | undefined, key: string): Record<string, unknown> {
  const { name, ...rest } = holder as ApiKeyHolder;
  return { id: name, sha256: apiKeyHash(key), name, ...rest };
}
