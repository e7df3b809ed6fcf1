/** Exemptions that faults needed: what they say, in the language of a report; and whether some of it is there in English alone. */
import { inChinese } from "../../policies/exemptions-in-chinese.ts";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import type { RuleVerdict } from "../../policies/judging/judge-graph.ts";
import { type Block, text } from "./blocks.ts";
import { type Language, TEXT } from "./words.ts";

/** One as often as a fault needed it. */
export function exemptionsOf(verdicts: readonly RuleVerdict[]): Exemption[] {
  return verdicts.flatMap(({ judgements }) =>
    judgements.flatMap(({ exemption }) => (exemption === undefined ? [] : [exemption])),
  );
}

export function told(words: string, l: Language): string {
  return l === "zh" ? (inChinese(words) ?? words) : words;
}

/** A line that says so, where a Chinese report shows English. */
export function englishLeft(exemptions: readonly Exemption[], l: Language): Block[] {
  if (l === "en") return [];
  const words = exemptions.flatMap(({ reason, owner, approver, riskAcceptedBy }) => [
    ...[reason, owner, approver],
    ...(riskAcceptedBy === undefined ? [] : [riskAcceptedBy]),
  ]);
  const missing = words.some((one) => inChinese(one) === undefined);
  return missing ? [text(TEXT.englishExemptions[l])] : [];
}
