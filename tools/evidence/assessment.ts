/**
 * What the policies found of a stack, clause by clause: who checked it, on what, with what result, and what
 * a person must attest. Every report is made from this; none decides anything of its own. Pure.
 */
import type { Catalogue, Clause, Control, Strength } from "../../policies/catalogue/catalogue.ts";
import type { Profile } from "../../policies/catalogue/profiles.ts";
import { answersTo, clausesOfProfile, controlsOfProfile } from "../../policies/catalogue/whole.ts";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import type { GraphVerdict, Result, RuleVerdict } from "../../policies/judging/judge-graph.ts";
import { type Proof, resultOfProofs } from "./proof.ts";

/** Of a control that rules check; of one that they do not, what a person or a running site must show. */
export type ControlResult = Result | "evidence" | "manual";

/**
 * Of a clause. "pass": a control that answers it whole has passed; "partial": what rules check of it has
 * passed, and the rest is a person's word. None is "notApplicable": that is for a person to say of a law.
 */
export type ClauseResult = ControlResult | "partial";

export interface ControlFinding {
  readonly control: Control;
  readonly result: ControlResult;
  readonly verdicts: readonly RuleVerdict[];
  /** What the running stack has shown of it; empty where it was not asked. */
  readonly proofs: readonly Proof[];
}

export interface ClauseAnswer {
  readonly strength: Strength;
  readonly finding: ControlFinding;
}

export interface ClauseFinding {
  readonly clause: Clause;
  readonly result: ClauseResult;
  readonly answers: readonly ClauseAnswer[];
}

export interface Coverage {
  readonly clauses: number;
  /** By result. */
  readonly results: Readonly<Partial<Record<ClauseResult, number>>>;
  readonly controls: number;
  readonly automated: number;
  readonly rules: number;
  /** Resources that at least one rule judged, of all of the stack. */
  readonly judged: number;
  readonly resources: number;
  readonly judgements: number;
}

export interface Assessment {
  readonly stack: string;
  readonly profile: Profile;
  readonly today: string;
  readonly clauses: readonly ClauseFinding[];
  readonly controls: readonly ControlFinding[];
  readonly verdicts: readonly RuleVerdict[];
  readonly unused: readonly Exemption[];
  /** null: the running stack was not asked. */
  readonly proofs: readonly Proof[] | null;
  readonly coverage: Coverage;
}

export interface AssessmentInput {
  readonly stack: string;
  readonly profile: Profile;
  readonly today: string;
  readonly catalogue: Catalogue;
  readonly verdict: GraphVerdict;
  /** How many resources the stack has. */
  readonly resources: number;
  /** Of the running stack; null: it was not asked. */
  readonly proofs: readonly Proof[] | null;
}

type Attestation = NonNullable<Control["attest"]>;

const OWNER = { zh: "系统所有者", en: "owner of the system" };
const THE_REST = { zh: "规则未覆盖的部分", en: "what the rules do not cover" };
const WHETHER = {
  zh: "本条是否适用（规则未发现可检查的内容）",
  en: "whether it applies here (rules found nothing to check)",
};

/** The worst first: what decides where several were asked. */
const WORST: readonly Result[] = ["fail", "notEvaluated", "exempt", "pass", "notApplicable"];

export function assess(input: AssessmentInput): Assessment {
  const { profile, catalogue, verdict, stack, today } = input;
  const controls = controlsOfProfile(profile, catalogue).map((control) =>
    withProofs(findingOf(control, catalogue, verdict.verdicts), input.proofs ?? []),
  );
  const clauses = clausesOfProfile(profile, catalogue).map((clause) =>
    clauseFinding(clause, catalogue, controls),
  );
  const here = (one: Exemption) => one.stacks.some((name) => name === stack);
  return {
    ...{ stack, profile, today, clauses, controls },
    verdicts: verdict.verdicts,
    unused: verdict.unused.filter(here),
    proofs: input.proofs,
    coverage: coverageOf(input, clauses, controls),
  };
}

function findingOf(
  control: Control,
  { map }: Catalogue,
  verdicts: readonly RuleVerdict[],
): ControlFinding {
  const own = verdicts.filter(({ rule }) => control.rules.includes(rule.name));
  if (control.rules.length === 0) {
    const result = map[control.id]?.["evidence-only"] === undefined ? "manual" : "evidence";
    return { control, result, verdicts: own, proofs: [] };
  }
  const result = WORST.find((one) => own.some((verdict) => verdict.result === one));
  return { control, result: result ?? "notApplicable", verdicts: own, proofs: [] };
}

/**
 * A proof that failed makes its control fail, whatever the rules found. One that could not be had changes
 * nothing: the evidence is still to be shown. One that passed is the evidence, where no rule checks.
 */
function withProofs(finding: ControlFinding, all: readonly Proof[]): ControlFinding {
  const proofs = all.filter(({ control }) => control === finding.control.id);
  const shown = resultOfProofs(proofs);
  if (shown === "fail") return { ...finding, result: "fail", proofs };
  if (shown === "pass" && finding.result === "evidence") {
    return { ...finding, result: "pass", proofs };
  }
  return { ...finding, proofs };
}

function clauseFinding(
  clause: Clause,
  catalogue: Catalogue,
  controls: readonly ControlFinding[],
): ClauseFinding {
  const answers = answersTo(clause, catalogue).flatMap(({ control, strength }) => {
    const finding = controls.find((one) => one.control === control);
    return finding === undefined ? [] : [{ strength, finding }];
  });
  return { clause, result: resultOf(answers), answers };
}

function resultOf(answers: readonly ClauseAnswer[]): ClauseResult {
  const has = (result: ControlResult) => answers.some(({ finding }) => finding.result === result);
  for (const bad of ["fail", "notEvaluated", "exempt"] as const) if (has(bad)) return bad;
  const full = answers.some(
    ({ strength, finding }) => strength === "full" && finding.result === "pass",
  );
  if (full) return "pass";
  if (has("pass")) return "partial";
  // That nothing was found to check does not say that the law asks for nothing: a person says whether it does.
  return has("evidence") ? "evidence" : "manual";
}

function coverageOf(
  { verdict, resources }: AssessmentInput,
  clauses: readonly ClauseFinding[],
  controls: readonly ControlFinding[],
): Coverage {
  const judgements = verdict.verdicts.flatMap((one) => one.judgements);
  const results: Partial<Record<ClauseResult, number>> = {};
  for (const { result } of clauses) results[result] = (results[result] ?? 0) + 1;
  return {
    clauses: clauses.length,
    results,
    controls: controls.length,
    automated: controls.filter(({ control }) => control.rules.length > 0).length,
    rules: verdict.verdicts.length,
    judged: new Set(judgements.map(({ urn }) => urn)).size,
    resources,
    judgements: judgements.length,
  };
}

/**
 * Who attests what of a clause. What the running stack has shown, nobody needs to; for what no rule reaches, or
 * found nothing of, somebody answers whether or not a control names him.
 */
export function attestationsOf({ result, answers }: ClauseFinding): readonly Attestation[] {
  const named = answers.flatMap(({ finding: { control, result: own } }) =>
    control.attest === undefined || own === "pass" ? [] : [control.attest],
  );
  if (named.length > 0) return named;
  if (result === "partial") return [{ who: OWNER, what: THE_REST }];
  return result === "manual" ? [{ who: OWNER, what: WHETHER }] : [];
}

/** What bears the faults, each as often as one needed it. */
export function exemptionsOf(verdicts: readonly RuleVerdict[]): Exemption[] {
  return verdicts.flatMap(({ judgements }) =>
    judgements.flatMap(({ exemption }) => (exemption === undefined ? [] : [exemption])),
  );
}

/** `kubernetes:apps/v1:Deployment edge`: a URN for people. */
export function placeOf(urn: string): string {
  const [, , types = "", name = ""] = urn.split("::");
  return `${types.split("$").at(-1)} ${name}`;
}
