/** For tests: asks one rule as Pulumi's policy runner would, unknown values included. */
import { createRequire } from "node:module";
import { englishLeft } from "../chinese/test-chinese.ts";
import { judgeGraph } from "../judging/judge-graph.ts";
import type { Rule } from "../judging/rule.ts";

/** What Pulumi puts where a text will only be known after the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Verdict {
  readonly violations: readonly string[];
  readonly notEvaluated: boolean;
  readonly applies: boolean;
}

type Props = Record<string, unknown>;

export interface TestObject {
  readonly type: string;
  readonly props: Props;
  readonly name?: string;
}

/** The runner's own wrapper; the package exports it without a declaration. */
const { unknownCheckingProxy } = createRequire(import.meta.url)("@pulumi/policy/proxy.js") as {
  unknownCheckingProxy: (props: Props) => Props;
};

export async function judge(
  rule: Rule,
  type: string,
  props: Props,
  config: object = {},
): Promise<Verdict> {
  return judgeStack(rule, [{ type, props }], config);
}

export async function judgeStack(
  rule: Rule,
  objects: readonly TestObject[],
  config: object = {},
): Promise<Verdict> {
  const resources = objects.map(({ type, props, name }, index) => {
    const own = name ?? String(index);
    const resource = {
      ...{ type, name: own, urn: `urn:pulumi:s::p::${type}::${own}` },
      props: unknownCheckingProxy(props),
    };
    return { inputs: resource, outputs: resource };
  });
  const settings = { [rule.name]: { ...config } };
  const { verdicts } = judgeGraph([rule], resources, {
    exemptions: [],
    today: "2026-11-26",
    settings,
  });
  const judgements = verdicts.flatMap((verdict) => verdict.judgements);
  const english = judgements.flatMap(({ messages }) =>
    messages.flatMap((text) => englishLeft(rule.name, text) ?? []),
  );
  const threw = judgements.flatMap(({ messages }) =>
    messages.filter((text) => text.startsWith("The rule itself failed")),
  );
  if (threw.length > 0) throw new Error(threw.join("\n"));
  if (english.length > 0) throw new Error([...new Set(english)].join("\n"));
  return {
    violations: judgements.flatMap(({ messages }) => messages.filter((text) => !isOpen(text))),
    notEvaluated: judgements.some(({ messages }) => messages.some(isOpen)),
    applies: judgements.length > 0,
  };
}

function isOpen(text: string): boolean {
  return text.startsWith("A value is not known yet") || text.startsWith("Not known:");
}
