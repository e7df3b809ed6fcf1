/**
 * The gateway's files: its keys, its passwords at the stores, and what it routes by. It takes changed ones over by itself, so
 * none of them rolls its pods.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { after, labelsOf } from "./component.ts";
import type { PostgresHandle } from "./postgres.ts";
import type { RedisHandle } from "./redis.ts";
import { secretData } from "./secret-data.ts";
import type { ModelHandle } from "./serving/model-component.ts";

/** Limits of a tier by the names that the gateway gives them; what is absent is not limited. */
export type Tier = Readonly<
  Record<string, number | { readonly action: "queue"; readonly waitMs: number }>
>;

/** As the gateway's directory file has it. */
export interface WordList {
  readonly id: string;
  readonly words: readonly string[];
  readonly mode: "block" | "mask" | "flag";
  readonly direction: "input" | "output" | "both";
  readonly tenants?: readonly string[] | undefined;
}

/** As the gateway's file of outside issuers has it. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** PEM; absent: a public authority vouches for it. */
  readonly authority?: string | undefined;
}

export interface FilesArgs {
  readonly namespace: string;
  /** Authorities of Redis and PostgreSQL where they are not the site's own, PEM. */
  readonly storesAuthority?: string | undefined;
  readonly redis: Pick<RedisHandle, "password">;
  readonly postgres: Pick<PostgresHandle, "password">;
  readonly models: readonly ModelHandle[];
  readonly tiers: Readonly<Record<string, Tier>>;
  readonly wordLists?: readonly WordList[];
  readonly tokenIssuers?: readonly TokenIssuer[];
  /** keys.json. */
  readonly keys: pulumi.Output<string>;
}

/** Names of the objects that hold them. */
export interface OwnFiles {
  readonly keys: pulumi.Output<string>;
  readonly routes: pulumi.Output<string>;
  readonly passwords: pulumi.Output<string>;
}

/** Their own names: keys and passwords are Secrets', the others the ConfigMap's. */
export const FILES = {
  keys: "keys.json",
  redisPassword: "redis",
  postgresPassword: "postgres",
  routes: "routes.json",
  tiers: "tiers.json",
  directory: "directory.json",
  tokenIssuers: "token-issuers.json",
  storesAuthority: "stores-ca.crt",
} as const;

export function gatewayFiles(
  name: string,
  program: string,
  args: FilesArgs,
  options: pulumi.CustomResourceOptions,
): OwnFiles {
  const made = <T extends pulumi.Resource>(
    make: new (name: string, args: object, options: pulumi.CustomResourceOptions) => T,
    what: string,
    data: object,
  ) => {
    const own = `${program}-${what}`;
    const metadata = { name: own, namespace: args.namespace, labels: labelsOf(program) };
    return after(new make(`${name}-${what}`, { metadata, data }, options), own);
  };
  const { redis, postgres } = args;
  return {
    keys: made(k8s.core.v1.Secret, "keys", secretData({ [FILES.keys]: args.keys })),
    passwords: made(
      k8s.core.v1.Secret,
      "passwords",
      secretData({
        [FILES.redisPassword]: redis.password,
        [FILES.postgresPassword]: postgres.password,
      }),
    ),
    routes: made(k8s.core.v1.ConfigMap, "routes", openFiles(args)),
  };
}

function openFiles({
  models,
  tiers,
  wordLists = [],
  tokenIssuers = [],
  storesAuthority,
}: FilesArgs) {
  const text = (document: object) => `${JSON.stringify(document, null, 2)}\n`;
  return {
    [FILES.routes]: routesDocument(models),
    [FILES.tiers]: text({ tiers }),
    ...(wordLists.length === 0 ? {} : { [FILES.directory]: text({ wordLists }) }),
    ...(tokenIssuers.length === 0 ? {} : { [FILES.tokenIssuers]: text({ issuers: tokenIssuers }) }),
    ...(storesAuthority === undefined ? {} : { [FILES.storesAuthority]: storesAuthority }),
  };
}

function routesDocument(models: readonly ModelHandle[]): pulumi.Output<string> {
  return pulumi.all(models.map((model) => model.url)).apply((urls) => {
    const entries = models.map((model, index) => ({
      id: model.name,
      ownedBy: model.owner,
      contextLength: model.contextTokensMax,
      capabilities: model.capabilities,
      concurrencyMax: model.callsAtOnce,
      targets: [{ url: urls[index] }],
    }));
    return `${JSON.stringify({ models: entries }, null, 2)}\n`;
  });
}
