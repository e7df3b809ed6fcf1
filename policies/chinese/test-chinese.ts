/** For tests: is a rule's sentence Chinese where it is told in Chinese? */
import { findingInChinese } from "./findings.ts";

/** Words that no name, number or setting has. */
const ENGLISH =
  /(^|[\s，。：（])(a(?= [a-z])|an|and|are|at|by|for|has|have|in|is|its|no|not|of|or|that|the|to|which|who|with|without)(?=$|[\s，。：）])/;

/** What is not: the sentence without Chinese, or with English words left in it; undefined: nothing. */
export function englishLeft(rule: string, message: string): string | undefined {
  // What a program outside of ours says is told as it came.
  if (message.startsWith("A value is not known yet: ")) return undefined;
  const chinese = findingInChinese(rule, message);
  if (chinese === undefined) return `${rule} has no Chinese for: ${message}`;
  const word = ENGLISH.exec(chinese)?.[2];
  return word === undefined ? undefined : `${rule}: “${word}” in: ${chinese}`;
}
