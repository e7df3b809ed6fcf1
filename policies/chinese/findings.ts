/**
 * What rules say of a fault, in Chinese. Rules speak English, as the Pulumi CLI and every file for programs do;
 * a rule that a site adds gets its rows here, or its Chinese reports show it in English and say so.
 */
import { OF_CLOUDS } from "./of-clouds.ts";
import { OF_CLUSTERS } from "./of-clusters.ts";
import { OF_PROGRAMS } from "./of-programs.ts";
import { PHRASES } from "./phrases.ts";
import { type Teller, type Templates, teller } from "./templates.ts";

/** What every rule may say. */
const COMMON: Templates = {
  "{where} has no pod specification that could be judged.": "{where} 没有可判定的 Pod 规格。",
  "{where} has no containers.": "{where} 没有容器。",
  "{where}: {key} is not a list.": "{where}：{key} 不是列表。",
  "{where}: {key} is no container.": "{where}：{key} 不是容器。",
  "{where} has no container gateway to judge.": "{where} 中没有可判定的 gateway 容器。",
  "Not known: {where}, variable {name} comes from elsewhere.":
    "{where} 的变量 {name} 的值取自别处，无法得知。",
  "Not known: {where}, variable {name} comes from ConfigMap {map}, which this stack does not make.":
    "{where} 的变量 {name} 的值取自 ConfigMap {map}，它不由本部署创建，无法得知。",
  "Not known: {where}, variable {name} comes from Secret {secret}.":
    "{where} 的变量 {name} 的值取自 Secret {secret}，无法得知。",
  "A value is not known yet: {what}": "有的值在部署前未知：{what}",
  "The rule itself failed: {what}": "规则自身出错：{what}",
};

const tellPhrase: Teller = teller(PHRASES, (text) => tellPhrase(text));
const common = teller(COMMON, tellPhrase);
const byRule = new Map(
  Object.entries({ ...OF_CLUSTERS, ...OF_PROGRAMS, ...OF_CLOUDS }).map(([rule, templates]) => [
    rule,
    teller(templates, tellPhrase),
  ]),
);
/** The rules that have their own. */
export const RULES_TOLD: readonly string[] = [...byRule.keys()];
/** A space that stood beside a name, where the name itself was told in Chinese. */
const BETWEEN = /(?<=[\p{Script=Han}）]) (?=\p{Script=Han})/gu;
const ENDED = / \(its exemption ended (\S+)\)$/;

/** undefined: it has none yet. */
export function findingInChinese(rule: string, message: string): string | undefined {
  const [suffix = "", day] = ENDED.exec(message) ?? [];
  const text = message.slice(0, message.length - suffix.length);
  const told = (common(text) ?? byRule.get(rule)?.(text))?.replaceAll(BETWEEN, "");
  if (told === undefined || day === undefined) return told;
  return `${told}（其例外已于 ${day} 到期）`;
}
