/** For tests: asks one rule as Pulumi's policy runner would, unknown values included. */
import { createRequire } from "node:module";
import type {
  PolicyResource,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { isUnknownValue } from "../kubernetes/judge.ts";

/** What Pulumi puts where a text will only be known after the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Verdict {
  readonly violations: readonly string[];
  readonly notEvaluated: boolean;
}

type Props = Record<string, unknown>;

/** The runner's own wrapper; the package exports it without a declaration. */
const { unknownCheckingProxy } = createRequire(import.meta.url)("@pulumi/policy/proxy.js") as {
  unknownCheckingProxy: (props: Props) => Props;
};

export async function judge(
  rule: ResourceValidationPolicy,
  type: string,
  props: Props,
  config: object = {},
): Promise<Verdict> {
  const { validateResource } = rule;
  if (typeof validateResource !== "function") throw new Error("the rule judges no resource");
  return collect((report) =>
    validateResource(
      {
        ...frame(config),
        type,
        props: unknownCheckingProxy(props),
        urn: "urn:pulumi:s::p::t::n",
        name: "n",
        isType: () => false,
        asType: () => undefined,
        opts: NO_OPTIONS,
      },
      report,
    ),
  );
}

export async function judgeStack(
  rule: StackValidationPolicy,
  objects: readonly { type: string; props: Props }[],
  config: object = {},
): Promise<Verdict> {
  const resources = objects.map(
    ({ type, props }, index): PolicyResource => ({
      type,
      props: unknownCheckingProxy(props),
      urn: `urn:pulumi:s::p::${type}::${index}`,
      name: String(index),
      opts: NO_OPTIONS,
      dependencies: [],
      propertyDependencies: {},
      isType: () => false,
      asType: () => undefined,
    }),
  );
  return collect((report) => rule.validateStack({ ...frame(config), resources }, report));
}

const NO_OPTIONS = {
  protect: false,
  ignoreChanges: [],
  aliases: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
  additionalSecretOutputs: [],
};

function frame(config: object) {
  return {
    stackTags: new Map<string, string>(),
    getConfig: <T extends object>() => config as T,
    notApplicable: (): never => {
      throw new Error("not applicable");
    },
  };
}

async function collect(ask: (report: (message: string) => void) => unknown): Promise<Verdict> {
  const violations: string[] = [];
  try {
    await ask((message) => violations.push(message));
    return { violations, notEvaluated: false };
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    return { violations, notEvaluated: true };
  }
}
