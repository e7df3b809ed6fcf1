/**
 * A rule as a Pulumi policy. An exemption that covers a fault keeps it quiet; one that has expired does
 * not. What a rule cannot know becomes Pulumi's own "not evaluated", and a rule that throws for another
 * reason is a violation: a judge that fell over has acquitted nobody.
 */
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { ElsewhereError, isUnknownValue } from "../kubernetes/judge.ts";
import type { Fields } from "../kubernetes/values.ts";
import { coversFault, type Exemption, isInForce } from "./exemptions.ts";
import { type Context, contextOf, type Resource, type Rule } from "./rule.ts";

export interface PolicyOptions {
  readonly exemptions: readonly Exemption[];
  /** The day of the judgement, as in 2026-11-26. */
  readonly today: string;
}

type Tell = (message: string, urn: string) => void;

export function asPolicy(
  rule: Rule,
  options: PolicyOptions,
): ResourceValidationPolicy | StackValidationPolicy {
  const { name, description, severity, configSchema } = rule;
  const frame = {
    name,
    description,
    severity,
    enforcementLevel: "mandatory" as const,
    ...(configSchema === undefined ? {} : { configSchema }),
  };
  if (rule.sees === "resource") {
    return {
      ...frame,
      validateResource: (args: ResourceValidationArgs, reportViolation) => {
        const resource = { urn: args.urn, type: args.type, name: args.name, props: args.props };
        const context = contextOf([resource], args.getConfig<Fields>());
        judgeAll(rule, context, options, (message) => reportViolation(message));
      },
    };
  }
  return {
    ...frame,
    validateStack: (args, reportViolation) => {
      const resources = args.resources.map(({ urn, type, name: own, props }: PolicyResource) => ({
        ...{ urn, type, name: own, props },
      }));
      const context = contextOf(resources, args.getConfig<Fields>());
      judgeAll(rule, context, options, reportViolation);
    },
  };
}

/** Judges what can be judged, and throws the first unknown value at the end, for Pulumi to see. */
function judgeAll(rule: Rule, context: Context, options: PolicyOptions, tell: Tell): void {
  let unknown: unknown;
  for (const resource of context.resources) {
    try {
      judgeOne(rule, resource, context, options, tell);
    } catch (error) {
      if (!isUnknownValue(error)) {
        tell(`the rule itself failed: ${textOf(error)}`, resource.urn);
        continue;
      }
      // Pulumi has no word for what stands elsewhere; the report says it (npm run policies).
      if (!(error instanceof ElsewhereError)) unknown ??= error;
    }
  }
  if (unknown !== undefined) throw unknown;
}

function judgeOne(
  rule: Rule,
  resource: Resource,
  context: Context,
  { exemptions, today }: PolicyOptions,
  tell: Tell,
): void {
  if (!rule.applies(resource, context)) return;
  const report = {
    fails: (message: string) => {
      const covered = exemptions.filter((one) => coversFault(one, rule.name, resource.urn));
      if (covered.some((one) => isInForce(one, today))) return;
      const expired =
        covered[0] === undefined ? "" : ` (its exemption ended ${covered[0].expires})`;
      tell(`${message}${expired}`, resource.urn);
    },
    // Pulumi has no word for this; it stands in the report (npm run policies).
    notEvaluated: () => undefined,
  };
  rule.judge(resource, report, context);
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
