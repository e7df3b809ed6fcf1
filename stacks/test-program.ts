/**
 * Runs a stack under Pulumi's mocks, for tests: what it registers, and what it exports. Values that
 * the cluster or a random source would make are stand-ins that can be told apart.
 */
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/schema.ts";
import { mockedCloud } from "../tools/engine/providers/aws/test-cloud.ts";

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** What it became: computed values of the simulated cloud and of random sources included. */
  readonly outputs: Record<string, unknown>;
}

export interface Program {
  readonly resources: readonly Registered[];
  readonly outputs: Record<string, unknown>;
  readonly secretOutputs: readonly string[];
}

/** `RandomPassword` results: base62 of the asked length, other ones for every name. */
export function standIn(name: string, length: number): string {
  return name
    .replaceAll(/[^a-zA-Z0-9]/g, "")
    .padEnd(length, "x")
    .slice(0, length);
}

export async function runProgram(
  stack: (settings: Settings) => Record<string, unknown>,
  settings: Settings,
): Promise<Program> {
  const resources: Registered[] = [];
  const cloud = await mockedCloud(settings.cloud?.region ?? "us-east-1");
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs, id }) => {
        const at = resources.length;
        const known = revealed(inputs) as Registered["inputs"];
        resources.push({ type, name, inputs: known, outputs: known });
        if (type.startsWith("aws:")) {
          const made = await cloud.make(type, name, inputs);
          const outputs = revealed({ ...made.state, id: made.id }) as Registered["outputs"];
          resources[at] = { type, name, inputs: known, outputs };
          return made;
        }
        const drawn = standIn(name, Number(inputs.length ?? 0));
        const made = type.endsWith(":RandomPassword")
          ? { result: drawn }
          : type.endsWith(":RandomBytes")
            ? {
                base64: Buffer.from(drawn).toString("base64"),
                hex: Buffer.from(drawn).toString("hex"),
              }
            : {};
        return { id: id ?? name, state: { ...inputs, ...made } };
      },
      call: ({ token, inputs }) => cloud.ask(token, inputs),
    },
    "deepseek",
    "local",
  );
  // The SDK keeps the stack of every promise that it makes, which is two thirds of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const known = await outputsOf(() => stack(settings)).finally(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  if (cloud.faults.length > 0) throw new Error(cloud.faults.join("\n"));
  return {
    resources,
    outputs: Object.fromEntries(known.map(({ key, value }) => [key, value])),
    secretOutputs: known.filter(({ secret }) => secret).map(({ key }) => key),
  };
}

async function outputsOf(run: () => Record<string, unknown>) {
  const exported = Object.entries(run()).map(
    ([key, value]) => [key, pulumi.output(value)] as const,
  );
  const known = await Promise.all(
    exported.map(async ([key, output]) => ({
      key,
      value: await promised(output),
      secret: await pulumi.isSecret(output),
    })),
  );
  await pulumi.runtime.disconnect();
  return known;
}

/** The key that marks a special value on Pulumi's wire; the one of this test is a secret. */
const SPECIAL = "4dabf18193072939515e22adb298388d";

function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  if (SPECIAL in value) return revealed(Reflect.get(value, "value"));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

function promised<T>(output: pulumi.Output<T>): Promise<unknown> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
