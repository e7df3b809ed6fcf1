/**
 * Every rule over the resources of a stack, for a report: what was judged, and with what result. Pulumi's
 * protocol hands out violations alone; who answers an auditor must also say what passed, what could not
 * be judged, and what there was nothing to judge of.
 */
import { ElsewhereError, isUnknownValue } from "../kubernetes/judge.ts";
import type { Fields } from "../kubernetes/values.ts";
import { textOf } from "./as-policy.ts";
import { coversFault, type Exemption, isInForce } from "./exemptions.ts";
import { contextOf, type Resource, type Rule } from "./rule.ts";

export type Result = "pass" | "fail" | "exempt" | "notEvaluated" | "notApplicable";

/** One resource before one rule. */
export interface Judgement {
  readonly rule: string;
  readonly urn: string;
  readonly result: "pass" | "fail" | "exempt" | "notEvaluated";
  readonly messages: readonly string[];
  /** What bears the fault, or no longer does. */
  readonly exemption?: Exemption;
}

export interface RuleVerdict {
  readonly rule: Rule;
  /** fail before notEvaluated before exempt before pass. */
  readonly result: Result;
  readonly judgements: readonly Judgement[];
  /** Why there is no judgement. */
  readonly reason?: string;
}

export interface GraphVerdict {
  readonly verdicts: readonly RuleVerdict[];
  /** Exemptions that no fault of this stack needed. */
  readonly unused: readonly Exemption[];
}

/** What a rule that sees one resource reads, and what one that sees the stack reads. */
export interface JudgedResource {
  readonly inputs: Resource;
  readonly outputs: Resource;
}

export interface GraphOptions {
  readonly exemptions: readonly Exemption[];
  readonly today: string;
  /** Settings by rule; `all` holds for each. */
  readonly settings?: Readonly<Record<string, Fields>>;
}

export function judgeGraph(
  rules: readonly Rule[],
  resources: readonly JudgedResource[],
  options: GraphOptions,
): GraphVerdict {
  const used = new Set<Exemption>();
  const verdicts = rules.map((rule) => verdictOf(rule, resources, options, used));
  return { verdicts, unused: options.exemptions.filter((one) => !used.has(one)) };
}

function verdictOf(
  rule: Rule,
  resources: readonly JudgedResource[],
  options: GraphOptions,
  used: Set<Exemption>,
): RuleVerdict {
  const settings = { ...options.settings?.["all"], ...options.settings?.[rule.name] };
  const seen = resources.map((one) => (rule.sees === "resource" ? one.inputs : one.outputs));
  const whole = contextOf(seen, settings);
  const judgements = seen.flatMap((resource) => {
    const context = rule.sees === "resource" ? contextOf([resource], settings) : whole;
    const judged = judgementOf(rule, resource, context);
    return judged === undefined ? [] : [withExemption(judged, options, used)];
  });
  const found = (["fail", "notEvaluated", "exempt"] as const).find((result) =>
    judgements.some((one) => one.result === result),
  );
  if (judgements.length > 0) return { rule, result: found ?? "pass", judgements };
  return { rule, result: "notApplicable", judgements, reason: `The stack has no ${rule.about}.` };
}

function judgementOf(
  rule: Rule,
  resource: Resource,
  context: ReturnType<typeof contextOf>,
): Judgement | undefined {
  const faults: string[] = [];
  const open: string[] = [];
  try {
    if (!rule.applies(resource, context)) return undefined;
    rule.judge(
      resource,
      { fails: (text) => faults.push(text), notEvaluated: (text) => open.push(text) },
      context,
    );
  } catch (error) {
    if (error instanceof ElsewhereError) open.push(`Not known: ${error.message}`);
    else if (isUnknownValue(error)) open.push(`A value is not known yet: ${textOf(error)}`);
    else faults.push(`The rule itself failed: ${textOf(error)}`);
  }
  const result = faults.length > 0 ? "fail" : open.length > 0 ? "notEvaluated" : "pass";
  return { rule: rule.name, urn: resource.urn, result, messages: [...faults, ...open] };
}

function withExemption(
  judged: Judgement,
  { exemptions, today }: GraphOptions,
  used: Set<Exemption>,
): Judgement {
  if (judged.result !== "fail") return judged;
  const covering = exemptions.filter((one) => coversFault(one, judged.rule, judged.urn));
  for (const one of covering) used.add(one);
  const inForce = covering.find((one) => isInForce(one, today));
  if (inForce !== undefined) return { ...judged, result: "exempt", exemption: inForce };
  const expired = covering[0];
  if (expired === undefined) return judged;
  const messages = judged.messages.map(
    (text) => `${text} (its exemption ended ${expired.expires})`,
  );
  return { ...judged, messages, exemption: expired };
}
