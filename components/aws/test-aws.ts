/**
 * Makes a component under Pulumi's mocks, with the simulated cloud behind them, for tests: each
 * resource of AWS is checked as `up` would check it, so that a missing property, an unknown one or a
 * value out of its list fails the test, and gets the outputs that it would get.
 */
import * as pulumi from "@pulumi/pulumi";
import { mockedCloud } from "../../tools/engine/providers/aws/test-cloud.ts";
import { containsSecret, type PropertyMap, revealMap, secret } from "../../tools/engine/values.ts";
import type { ClusterHandle } from "./cluster.ts";
import type { KeysHandle } from "./keys.ts";
import type { NetworkHandle } from "./network.ts";
import type { AwsSite } from "./place.ts";

export const SITE: AwsSite = {
  partition: "aws",
  region: "eu-central-1",
  account: "111122223333",
  prefix: "deepseek-prod",
};

export const CHINA: AwsSite = { ...SITE, partition: "aws-cn", region: "cn-north-1" };

export const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];

// What AWS would read: of every type, so without one.
// biome-ignore lint/suspicious/noExplicitAny: untyped on purpose, resources of every type pass here
type Loose = any;

export interface MadeResource {
  /** Of AWS without the package: `kms/key:Key`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Loose;
  readonly outputs: Loose;
  /** Names of inputs that hold a secret. */
  readonly secrets: readonly string[];
}

export interface Made<T> {
  readonly resources: readonly MadeResource[];
  readonly result: T;
  /** The only one of its type, or the one of that name. */
  one(type: string, name?: string): MadeResource;
  /** All of a type, by name. */
  all(type: string): readonly MadeResource[];
}

/** The program's values; outputs among them are awaited. */
export async function make<T extends Record<string, unknown>>(
  program: () => T,
  site: AwsSite = SITE,
): Promise<Made<{ [Key in keyof T]: pulumi.Unwrap<T[Key]> }>> {
  const resources: MadeResource[] = [];
  const cloud = await mockedCloud(site.region);
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs }) => {
        // The component itself, whose children are what is looked at.
        if (type.startsWith("deepseek:")) return { id: "", state: inputs };
        if (!type.startsWith("aws:")) {
          resources.push(plain(type, name, inputs));
          return drawn(type, name, inputs);
        }
        const made = await cloud.make(type, name, inputs);
        const told = plain(type.slice("aws:".length), name, inputs);
        resources.push({ ...told, outputs: revealMap(made.state) });
        return made;
      },
      call: ({ token, inputs }) => cloud.ask(token, inputs),
    },
    "deepseek",
    "prod",
  );
  const result = (await promised(program())) as Made<{
    [Key in keyof T]: pulumi.Unwrap<T[Key]>;
  }>["result"];
  await pulumi.runtime.disconnect();
  if (cloud.faults.length > 0) throw new Error(cloud.faults.join("\n"));
  return { resources, result, ...lookups(resources) };
}

/** By name: in which order resources are asked for depends on when their inputs are known. */
function lookups(resources: readonly MadeResource[]) {
  const sorted = [...resources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const all = (type: string) => sorted.filter((one) => one.type === type);
  const one = (type: string, name?: string) => {
    const found = all(type).filter((each) => name === undefined || each.name === name);
    const [first] = found;
    if (first === undefined || found.length > 1) {
      throw new Error(
        `${found.length} of ${type} ${name ?? ""}: ${all(type).map((it) => it.name)}`,
      );
    }
    return first;
  };
  return { all, one };
}

function plain(type: string, name: string, inputs: PropertyMap): MadeResource {
  const secrets = Object.keys(inputs).filter((key) => containsSecret(inputs[key]));
  return { type, name, inputs: revealMap(inputs), outputs: {}, secrets };
}

/** Stand-ins that can be told apart, for what a random source would draw. */
function drawn(type: string, name: string, inputs: PropertyMap) {
  if (!type.endsWith(":RandomPassword")) return { id: name, state: inputs };
  const result = name.replaceAll(/[^a-zA-Z0-9]/g, "").padEnd(40, "x");
  return { id: name, state: { ...inputs, result: secret(result) } };
}

function promised<T>(values: T): Promise<unknown> {
  return new Promise((resolve) => {
    pulumi.output(values).apply(resolve);
  });
}

/** Peers of a component, as plain values. */
export function keysHandle(site: AwsSite = SITE): KeysHandle {
  const { partition, region, account } = site;
  return {
    arn: (purpose) => pulumi.output(`arn:${partition}:kms:${region}:${account}:key/${purpose}`),
  };
}

export function networkHandle(zones: readonly string[] = ZONES): NetworkHandle {
  return {
    vpcId: pulumi.output("vpc-0123456789abcdef0"),
    cidr: "10.20.0.0/16",
    subnets: zones.map((zone) => ({ zone, id: pulumi.output(`subnet-${zone}`) })),
  };
}

export function clusterHandle(): ClusterHandle {
  return {
    name: pulumi.output(SITE.prefix),
    endpoint: pulumi.output("https://cluster.invalid"),
    securityGroupId: pulumi.output("sg-cluster"),
    kubeconfig: pulumi.output("{}"),
  };
}
