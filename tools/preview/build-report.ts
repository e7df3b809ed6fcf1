/**
 * Two revisions and what the engine said of them, as a report. Secrets of both are known here and taken
 * out of every text, also where a program has put one where no marker is. Pure.
 */
import type { UserError } from "../base/user-error.ts";
import type { PolicyViolation, StepDescription } from "../engine/events.ts";
import type { OperationResult } from "../engine/operation.ts";
import { TextMask } from "../engine/plan/masking.ts";
import type { ResourceState } from "../engine/resource.ts";
import type { ConfigValue } from "../engine/values.ts";
import { type PropertyMap, reveal } from "../engine/values.ts";
import { documentsOf } from "./documents.ts";
import { type BorneFaults, compareExemptions } from "./exemptions.ts";
import { comparePolicies } from "./policies.ts";
import { LINE_MAX, planSchema, type Report, type ReportPlan, reportSchema } from "./report.ts";
import { cut } from "./short.ts";
import { reportSteps, toldSteps } from "./steps.ts";

export interface Revision {
  readonly result: Planned;
  readonly violations: readonly PolicyViolation[];
  readonly config: Readonly<Record<string, ConfigValue>>;
}

/** What a report is made from. */
export type Planned = Pick<OperationResult, "ok" | "errors" | "steps" | "outputs" | "snapshot">;

/** A revision whose program, settings or rules refuse to be planned. */
export function refusalOf({ message, where, fix }: UserError): Planned {
  const errors = [`${message}${where === undefined ? "" : ` (${where})`}`, fix];
  return { ok: false, errors, steps: [], outputs: {}, snapshot: undefined };
}

export interface Compared {
  readonly stack: string;
  readonly base: Report["base"];
  readonly head: Report["head"];
  readonly policyPacks: readonly string[];
  /** Absent or null: nobody judged by exemptions. */
  readonly borne?: BorneFaults | null;
  /** What the base deploys, or what a state says that runs. */
  readonly before: Revision;
  readonly after: Revision;
}

export function buildReport(compared: Compared): Report {
  const { before, after } = compared;
  const mask = secretsOf(compared);
  const outcome = outcomeOf(compared);
  const steps = outcome === "base-failed" ? [] : after.result.steps;
  const shown = steps.map((step) => masked(step, mask));
  const documents = new Map(toldSteps(shown).map((step) => [step.urn, documentsOf(step)] as const));
  const files = [...documents.values()].flatMap((found) => [...found.values()]);
  const report: Report = {
    format: "deepseek-preview/1",
    stack: compared.stack,
    base: compared.base,
    head: compared.head,
    outcome,
    errors: errorsOf(compared, outcome).map((text) => cut(mask.apply(text), LINE_MAX)),
    same: shown.filter(({ custom, kind }) => custom && kind === "same").length,
    steps: reportSteps(shown, ({ urn }) => new Set(documents.get(urn)?.keys())),
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    policies: comparePolicies(
      compared.policyPacks,
      before.violations.map((one) => maskedViolation(one, mask)),
      after.violations.map((one) => maskedViolation(one, mask)),
    ),
    exemptions: compareExemptions(compared.borne ?? null, (text) => mask.apply(text)),
    plan: {
      before: planOf(stackOutputs(before.result.snapshot?.resources ?? [])),
      after: planOf(after.result.outputs),
    },
  };
  // Whoever renders it later, from an artifact, accepts nothing else.
  return reportSchema.parse(report);
}

function outcomeOf({ before, after }: Compared): Report["outcome"] {
  if (!before.result.ok) return "base-failed";
  return after.result.ok ? "planned" : "refused";
}

/** Line by line, since the message of a refusal is a list. */
function errorsOf({ before, after }: Compared, outcome: Report["outcome"]): string[] {
  const result = outcome === "base-failed" ? before.result : after.result;
  return result.errors.flatMap((error) => error.trimEnd().split("\n"));
}

function secretsOf({ before, after }: Compared): TextMask {
  const mask = new TextMask();
  for (const { inputs, outputs } of [
    ...(before.result.snapshot?.resources ?? []),
    ...(after.result.snapshot?.resources ?? []),
  ]) {
    mask.learn(inputs);
    mask.learn(outputs);
  }
  mask.learn(after.result.outputs);
  for (const { value, secret } of [before, after].flatMap(({ config }) => Object.values(config))) {
    if (secret) mask.learnSetting(value);
  }
  return mask;
}

function masked(step: StepDescription, mask: TextMask): StepDescription {
  const values = (map: PropertyMap | undefined) =>
    map === undefined ? undefined : mask.values(map);
  return {
    ...step,
    name: mask.apply(step.name),
    oldInputs: values(step.oldInputs),
    inputs: values(step.inputs),
    oldOutputs: values(step.oldOutputs),
  };
}

function maskedViolation(violation: PolicyViolation, mask: TextMask): PolicyViolation {
  return { ...violation, message: mask.apply(violation.message) };
}

function stackOutputs(resources: readonly ResourceState[]): PropertyMap | undefined {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
}

/** Null for a program of another kind, whose `plan` says something else. */
function planOf(outputs: PropertyMap | undefined): ReportPlan | null {
  const plan = outputs?.["plan"];
  if (plan === undefined || plan === null) return null;
  const parsed = planSchema.safeParse(reveal(plan));
  return parsed.success ? parsed.data : null;
}
