/** One alert in the Markdown that WeCom, DingTalk and Feishu have in common. Pure. */
import type { Language } from "../channel.ts";
import { cutText, plainMarkdown } from "../text.ts";
import {
  descriptionOf,
  factsOf,
  headOf,
  linksOf,
  type Title,
  type ToldAlert,
} from "../told-alert.ts";
import { WORDS } from "../wording.ts";

export interface Dialect {
  readonly language: Language;
  /** DingTalk joins lines that no empty one divides, unless two blanks stand before the end. */
  readonly lineEnd: string;
  readonly head: (text: string, alert: ToldAlert) => string;
}

export function markdownBlock(
  alert: ToldAlert,
  descriptionMax: number,
  title: Title,
  { language, lineEnd, head }: Dialect,
): string {
  const { colon } = WORDS[language];
  const description = cutText(plainMarkdown(descriptionOf(alert)), descriptionMax);
  const links = linksOf(alert, language).map(([name, address]) => `[${name}](${address})`);
  const named = [
    head(plainMarkdown(`[${headOf(alert, language)}] ${alert.name}`), alert),
    ...(alert.summary === "" ? [] : [plainMarkdown(alert.summary)]),
  ];
  return [
    ...(title.saysAll ? [] : named),
    ...(description === "" ? [] : [description]),
    ...factsOf(alert, language).map(([name, text]) => `${name}${colon}${plainMarkdown(text)}`),
    ...(links.length === 0 ? [] : [links.join(" · ")]),
  ].join(lineEnd);
}
