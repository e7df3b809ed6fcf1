/**
 * A draft of an impact assessment (GDPR art. 35(7), PIPL art. 56), filled with what the resources show.
 * Purposes, necessity and the conclusion are the controller's: their places are marked, never filled.
 */
import type { Words } from "../../policies/catalogue/catalogue.ts";
import { type Assessment, exemptionsOf } from "./assessment.ts";
import { type Block, heading, notice, table, text } from "./blocks.ts";
import type { DataMap } from "./data-map.ts";
import { englishExemptions, told } from "./in-language.ts";
import { aside, type Language, named, RESULTS, SELF_ASSESSMENT, SIMULATED } from "./words.ts";

const WORDS = {
  title: {
    zh: "个人信息保护/数据保护影响评估草稿",
    en: "Draft of a data protection impact assessment",
  },
  draft: {
    zh: "草稿：方括号处由个人信息处理者（控制者）填写；由个人信息保护负责人签字后方为评估。",
    en: "A draft. Places in square brackets are the controller's to fill; it becomes an assessment when the data protection officer has signed it.",
  },
  operations: {
    zh: "一、处理活动与目的（GDPR 35(7)(a)；PIPL 56）",
    en: "(a) Operations and purposes (GDPR 35(7)(a); PIPL 56)",
  },
  purpose: {
    zh: "[目的、法律依据、数据主体与数据类别]",
    en: "[Purposes, legal basis, whose data, which data]",
  },
  service: {
    zh: "服务：私有大语言模型接口。输入与输出文本可能含个人信息。",
    en: "The service is a private interface to language models. Texts that go in and out may hold personal data.",
  },
  models: { zh: "模型", en: "Models" },
  prompts: { zh: "审计中对提示词的处理", en: "What becomes of prompts in the audit trail" },
  kept: { zh: "审计保存天数", en: "Days that the audit trail is kept" },
  places: { zh: "云地域", en: "Regions of a cloud" },
  own: { zh: "自有集群", en: "a cluster of one's own" },
  outside: { zh: "外部模型提供方", en: "Providers outside" },
  yes: { zh: "已配置", en: "configured" },
  no: { zh: "未配置", en: "none configured" },
  flows: { zh: "数据流（来自网络策略）", en: "Flows, from the network policies" },
  from: { zh: "从", en: "From" },
  to: { zh: "到", en: "To" },
  ports: { zh: "端口", en: "Ports" },
  stores: { zh: "存储位置", en: "Where data stays" },
  name: { zh: "名称", en: "Name" },
  kind: { zh: "类型", en: "Kind" },
  volume: { zh: "卷", en: "volume" },
  necessity: {
    zh: "二、必要性与相称性（35(7)(b)）",
    en: "(b) Necessity and proportionality (35(7)(b))",
  },
  need: {
    zh: "[为何需要；有无更少侵入的办法；最小化与期限的理由]",
    en: "[Why it is needed; what would intrude less; reasons for extent and time]",
  },
  risks: { zh: "三、风险（35(7)(c)）与剩余风险", en: "(c) Risks (35(7)(c)), and what remains" },
  risk: { zh: "风险", en: "Risk" },
  state: { zh: "现状", en: "Where it stands" },
  measures: { zh: "四、措施（35(7)(d)；PIPL 51）", en: "(d) Measures (35(7)(d); PIPL 51)" },
  measure: { zh: "措施", en: "Measure" },
  result: { zh: "结果", en: "Result" },
  conclusion: { zh: "五、结论与签字", en: "Conclusion and signature" },
  sign: {
    zh: "[剩余风险是否可接受；是否须事先咨询（GDPR 36）；签字、日期；保存三年（PIPL 56）]",
    en: "[Is what remains acceptable; is prior consultation needed (GDPR 36); signature, date; kept three years (PIPL 56)]",
  },
} as const satisfies Readonly<Record<string, Words>>;

/** Risks that the design itself leaves, whatever the rules find. */
const INHERENT: readonly { readonly risk: Words; readonly state: Words }[] = [
  {
    risk: {
      zh: "节点 root 可读取内存中的提示词与权重",
      en: "Root on a node reads prompts and weights in memory",
    },
    state: {
      zh: "A100 不支持机密计算；[谁可登录节点、如何记录]",
      en: "An A100 has no confidential computing; [who may reach a node, and how that is recorded]",
    },
  },
  {
    risk: {
      zh: "模型输出可能不准确或含训练数据",
      en: "A model's answer may be wrong, or hold what it was trained on",
    },
    state: {
      zh: "过滤与人工复核；[业务措施]",
      en: "Filters and people's review; [measures of the business]",
    },
  },
  {
    risk: {
      zh: "一次写入的审计与删除权冲突",
      en: "A write-once trail against the right to erasure",
    },
    state: {
      zh: "审计仅存哈希，或以站点数据密钥密封的内容；其余存储可按请求清除；[审计保留的法律依据，GDPR 17(3)]",
      en: "The trail holds hashes, or texts sealed under the site's data key; what is kept elsewhere is erased on request; [on what ground the trail keeps the rest, GDPR 17(3)]",
    },
  },
];

const PROMPTS: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  none: { zh: "不留存", en: "nothing is kept of them" },
  hash: { zh: "仅留存哈希", en: "their hash is kept, not their text" },
  sealed: { zh: "以站点数据密钥密封留存", en: "they are kept, sealed under the site's data key" },
};

export function dpiaBlocks(assessment: Assessment, map: DataMap, l: Language): Block[] {
  const { stack, today, profile } = assessment;
  return [
    heading(1, WORDS.title[l]),
    text(`${stack} · ${profile.title[l]} · ${today}`),
    notice(WORDS.draft[l]),
    notice(SELF_ASSESSMENT[l]),
    notice(SIMULATED[l]),
    ...operations(map, l),
    heading(2, WORDS.necessity[l]),
    text(WORDS.need[l]),
    ...risks(assessment, l),
    heading(2, WORDS.measures[l]),
    table([WORDS.measure[l], WORDS.result[l]], measures(assessment, l), [70, 30]),
    heading(2, WORDS.conclusion[l]),
    text(WORDS.sign[l]),
  ];
}

function operations(map: DataMap, l: Language): Block[] {
  const places = map.regions.length === 0 ? WORDS.own[l] : map.regions.join(", ");
  return [
    heading(2, WORDS.operations[l]),
    text(WORDS.service[l]),
    text(WORDS.purpose[l]),
    table(
      ["", ""],
      [
        [WORDS.models[l], map.models.join(", ")],
        [WORDS.prompts[l], promptsText(map.prompts, l)],
        [WORDS.kept[l], map.auditDays],
        [WORDS.places[l], places],
        [WORDS.outside[l], map.outsideProviders ? WORDS.yes[l] : WORDS.no[l]],
      ],
      [30, 70],
    ),
    heading(3, WORDS.flows[l]),
    table(
      [WORDS.from[l], WORDS.to[l], WORDS.ports[l]],
      map.flows.map(({ from, to, ports }) => [from, to, ports]),
      [35, 45, 20],
    ),
    heading(3, WORDS.stores[l]),
    table(
      [WORDS.name[l], WORDS.kind[l]],
      map.stores.map(({ name, kind }) => [name, kind === "volume" ? WORDS.volume[l] : kind]),
      [60, 40],
    ),
  ];
}

/** The gateway's own word, and what it means; one that is not known here stands as it is. */
function promptsText(word: string, l: Language): string {
  const meaning = PROMPTS[word];
  return meaning === undefined ? word : aside(meaning[l], word, l);
}

/** What is borne, failed or not known, and what the design leaves. */
function risks({ controls }: Assessment, l: Language): Block[] {
  const found = controls
    .filter(({ result }) => ["fail", "exempt", "notEvaluated"].includes(result))
    .map(({ control, result, verdicts }) => {
      const reasons = exemptionsOf(verdicts).map(({ reason }) => told(reason, l));
      const why = [...new Set(reasons)].join(l === "zh" ? "" : " ");
      return [
        control.title[l],
        { text: why === "" ? RESULTS[result][l] : named(RESULTS[result][l], why, l), result },
      ];
    });
  const inherent = INHERENT.map(({ risk, state }) => [risk[l], state[l]]);
  return [
    heading(2, WORDS.risks[l]),
    ...englishExemptions(
      controls.flatMap(({ verdicts }) => exemptionsOf(verdicts)),
      l,
    ),
    table([WORDS.risk[l], WORDS.state[l]], [...inherent, ...found], [40, 60]),
  ];
}

function measures({ controls }: Assessment, l: Language) {
  return controls
    .filter(({ control, result }) => control.rules.length > 0 && result === "pass")
    .map(({ control, result }) => [control.title[l], { text: RESULTS[result][l], result }]);
}
