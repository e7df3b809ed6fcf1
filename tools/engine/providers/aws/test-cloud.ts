/** For tests: a configured simulated cloud and its calls in short form. */
import type { PropertyMap } from "../../values.ts";
import { createSimulatedAwsProvider } from "./provider.ts";

export const VPC = "aws:ec2/vpc:Vpc";
export const KEY = "aws:kms/key:Key";
export const CLUSTER = "aws:eks/cluster:Cluster";
export const DATABASE = "aws:rds/instance:Instance";

export async function configured(
  config: PropertyMap = { region: "eu-central-1" },
  simulateCloud = true,
) {
  const provider = createSimulatedAwsProvider({ simulateCloud, environment: {} });
  await provider.configure(config);
  return provider;
}

export function request(type: string, preview = false, name = "x") {
  return {
    urn: `urn:pulumi:s::p::${type}::${name}`,
    type,
    name,
    preview,
    timeoutMs: undefined,
    signal: new AbortController().signal,
    report: () => {},
  };
}

export async function check(type: string, inputs: PropertyMap, oldInputs?: PropertyMap) {
  const provider = await configured();
  const randomSeed = new Uint8Array(32).fill(7);
  return provider.check({ ...request(type), oldInputs, inputs, randomSeed });
}

export async function faults(type: string, inputs: PropertyMap) {
  const { failures } = await check(type, inputs);
  return failures.map((failure) => `${failure.property}: ${failure.reason}`);
}

export async function create(type: string, inputs: PropertyMap, preview = false, name = "x") {
  const provider = await configured();
  return provider.create({ ...request(type, preview, name), inputs });
}

export async function diff(type: string, oldInputs: PropertyMap, inputs: PropertyMap, more = {}) {
  const provider = await configured();
  const state = { oldOutputs: {}, ignoreChanges: [], preview: true, id: "i" };
  return provider.diff({ ...request(type), ...state, oldInputs, inputs, ...more });
}

/**
 * The simulated cloud behind Pulumi's mocks: each resource is checked as `up` would check it, so that a
 * missing property, an unknown one or a value out of its list is a fault, and gets the outputs that it
 * would get.
 */
export async function mockedCloud(region: string) {
  const provider = await configured({ region });
  const found: string[] = [];
  return {
    faults: found as readonly string[],
    ask: (token: string, inputs: PropertyMap) => provider.invoke(token, inputs, false),
    make: async (type: string, name: string, inputs: PropertyMap) => {
      const asked = { ...request(type, false, name), oldInputs: undefined, inputs };
      const checked = await provider.check({ ...asked, randomSeed: new Uint8Array(32) });
      for (const { property, reason } of checked.failures) {
        found.push(`${type} ${name}: ${property}: ${reason}`);
      }
      const made = { ...request(type, false, name), inputs: checked.inputs };
      const { id, outputs } = await provider.create(made);
      return { id, state: { ...outputs } };
    },
  };
}
