/** What reports say beside their findings, in both languages. */
import type { Words } from "../../policies/catalogue/catalogue.ts";
import type { ClauseResult, ControlResult } from "./assessment.ts";

export type Language = keyof Words;

/** `name: value`, in each language's own marks. */
export function named(name: string, value: string, l: Language): string {
  return l === "zh" ? `${name}：${value}` : `${name}: ${value}`;
}

/** `words (more)`. */
export function aside(words: string, more: string, l: Language): string {
  return l === "zh" ? `${words}（${more}）` : `${words} (${more})`;
}

export const SELF_ASSESSMENT: Words = {
  zh: "本报告为自评估，不是认证或测评结论，也不是法律意见。",
  en: "This is a self-assessment. It is no certificate, no graded assessment and no legal advice.",
};

export const SIMULATED: Words = {
  zh: "评估对象是模拟部署（simulated）之后的资源图：没有访问任何集群或云账户。运行中的系统须另行举证。",
  en: "Judged was the resource graph after a simulated apply: no cluster and no cloud account was asked. What only a running site can show is listed as evidence.",
};

/** Where the running stack was asked as well. */
export const RULES_SIMULATED: Words = {
  zh: "规则的评估对象是模拟部署（simulated）之后的资源图。",
  en: "The rules judged the resource graph after a simulated apply.",
};

export const ASKED: Words = {
  zh: "此外以只读方式询问了运行中的系统：结果列于“运行证据”。未能访问的部分记为未评估，不视为符合。",
  en: "The running stack was asked as well, read-only: see “Evidence of the running stack”. What could not be reached is not evaluated, and counts as nothing shown.",
};

export const UNVERIFIED: Words = {
  zh: "带 † 的条款编号与标题尚未与纸质原文再次核对。",
  en: "† The number and title of this clause have not been read again in the printed original.",
};

export const RESULTS: Readonly<Record<ClauseResult | ControlResult, Words>> = {
  pass: { zh: "符合", en: "pass" },
  partial: { zh: "部分符合（其余须举证）", en: "partly; the rest is attested" },
  fail: { zh: "不符合", en: "fail" },
  exempt: { zh: "例外（有期限）", en: "exempt, with an end" },
  notEvaluated: { zh: "未评估", en: "not evaluated" },
  notApplicable: { zh: "不适用", en: "not applicable" },
  evidence: { zh: "须运行证据", en: "evidence of a running site" },
  manual: { zh: "须人工确认", en: "a person attests it" },
};

export const STRENGTHS = {
  full: { zh: "完全", en: "full" },
  partial: { zh: "部分", en: "partial" },
  "evidence-only": { zh: "运行证据", en: "evidence" },
  manual: { zh: "人工", en: "manual" },
} as const;

export const TEXT = {
  title: { zh: "合规自评估报告", en: "Compliance self-assessment" },
  stack: { zh: "部署（stack）", en: "Stack" },
  profile: { zh: "合规画像", en: "Profile" },
  date: { zh: "评估日期", en: "Judged on" },
  summary: { zh: "概要", en: "Summary" },
  coverage: { zh: "覆盖情况", en: "Coverage" },
  clauses: { zh: "条款", en: "Clauses" },
  controls: { zh: "控制项", en: "Controls" },
  ofWhich: { zh: "其中自动检查", en: "checked by rules" },
  rules: { zh: "规则", en: "Rules" },
  resources: { zh: "被评估资源 / 全部资源", en: "Resources judged / all" },
  judgements: { zh: "逐项判定", en: "Judgements" },
  checklist: { zh: "需求清单逐条回答", en: "The check-list, line by line" },
  byClause: { zh: "逐条款结果", en: "Clause by clause" },
  clause: { zh: "条款", en: "Clause" },
  result: { zh: "结果", en: "Result" },
  checked: { zh: "检查内容", en: "What was checked" },
  on: { zh: "对象数", en: "On" },
  attest: { zh: "须由谁确认什么", en: "Who attests what" },
  faults: { zh: "不符合项与例外", en: "Faults and exemptions" },
  open: { zh: "未评估项", en: "Not evaluated" },
  exemptions: { zh: "例外", en: "Exemptions" },
  reason: { zh: "理由", en: "Reason" },
  resource: { zh: "资源", en: "Resource" },
  rule: { zh: "规则", en: "Rule" },
  found: { zh: "发现", en: "What was found" },
  asked: { zh: "需求", en: "Asked for" },
  answer: { zh: "回答", en: "Answer" },
  ticket: { zh: "工单", en: "Ticket" },
  owner: { zh: "责任方 / 批准方", en: "Owner / approver" },
  until: { zh: "截止", en: "Until" },
  risk: { zh: "风险接受方", en: "Risk accepted by" },
  unit: { zh: "测评单元", en: "Unit" },
  since: { zh: "生效日期", en: "In force since" },
  none: { zh: "无", en: "none" },
  more: { zh: "另有 N 项不同发现", en: "and N other findings" },
  unused: { zh: "未被使用的例外", en: "Exemptions that nothing needed" },
  proofs: { zh: "运行证据", en: "Evidence of the running stack" },
  proof: { zh: "证据与取证时间", en: "Evidence, and when" },
  askedOf: { zh: "取证对象", en: "Asked of" },
  raw: { zh: "原始数据", en: "Raw data" },
  english: { zh: "部分说明尚无中文，按规则原文（英文）列出。", en: "" },
  englishExemptions: { zh: "部分理由与责任方尚无中文，按例外登记原文（英文）列出。", en: "" },
} as const satisfies Readonly<Record<string, Words>>;
