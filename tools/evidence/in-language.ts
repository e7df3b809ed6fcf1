/**
 * What rules, exemptions and proofs say, in the language of a report. What has no Chinese stands in English, and
 * the report says so.
 */
import { inChinese } from "../../policies/chinese/exemptions.ts";
import { findingInChinese } from "../../policies/chinese/findings.ts";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import type { Judgement } from "../../policies/judging/judge-graph.ts";
import { type Block, text } from "./blocks.ts";
import type { Proof } from "./proof.ts";
import { figureInChinese, findingOfProofInChinese } from "./proofs-in-chinese.ts";
import { type Language, named, TEXT } from "./words.ts";

/** Of an exemption: its reason, or an office. */
export function told(words: string, l: Language): string {
  return l === "zh" ? (inChinese(words) ?? words) : words;
}

export function messagesOf({ rule, messages }: Judgement, l: Language): readonly string[] {
  return l === "zh" ? messages.map((one) => findingInChinese(rule, one) ?? one) : messages;
}

/** What was asked, the figures and what was found. */
export function proofIn({ on, figures, findings }: Proof, l: Language) {
  const finding = (words: string) =>
    l === "zh" ? (findingOfProofInChinese(words) ?? words) : words;
  const figure = (words: string) => (l === "zh" ? (figureInChinese(words) ?? words) : words);
  const pairs = Object.entries(figures).map(([name, value]) =>
    named(figure(name), figure(String(value)), l),
  );
  return {
    on: finding(on),
    found: [pairs.join(l === "zh" ? "；" : "; "), ...findings.map(finding)],
  };
}

/** A line that says so, where a Chinese report shows English. */
export function englishExemptions(exemptions: readonly Exemption[], l: Language): Block[] {
  const words = exemptions.flatMap(({ reason, owner, approver, riskAcceptedBy }) => [
    ...[reason, owner, approver],
    ...(riskAcceptedBy === undefined ? [] : [riskAcceptedBy]),
  ]);
  return englishLeft(words.map(inChinese), TEXT.englishExemptions.zh, l);
}

export function englishMessages(judgements: readonly Judgement[], l: Language): Block[] {
  const words = judgements.flatMap(({ rule, messages }) =>
    messages.map((one) => findingInChinese(rule, one)),
  );
  return englishLeft(words, TEXT.english.zh, l);
}

function englishLeft(chinese: readonly (string | undefined)[], words: string, l: Language) {
  return l === "zh" && chinese.includes(undefined) ? [text(words)] : [];
}
