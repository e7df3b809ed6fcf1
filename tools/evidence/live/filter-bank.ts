/**
 * The test bank of the word filter: sentences that a list of four words must stop, in every way to write
 * them that the filter undoes, and sentences that come near and must pass. The words mean nothing, so that
 * the bank can be sent through a service that people use.
 */

export type Way =
  | "plain"
  | "case"
  | "full width"
  | "zero width"
  | "traditional"
  | "accents"
  | "chunk border"
  | "mixed"
  | "near miss"
  | "everyday";

export interface Sentence {
  readonly pieces: readonly string[];
  readonly blocked: boolean;
  readonly way: Way;
}

/** To be a list of mode `block`, direction `both`, for a stack that is to be tried itself. */
export const BANK_WORDS = ["违禁样词", "青鸟计划", "forbidden-sample", "project bluebird"] as const;

const stops = (way: Way, ...texts: readonly string[]): Sentence[] =>
  texts.map((text) => ({ pieces: [text], blocked: true, way }));
const passes = (way: Way, ...texts: readonly string[]): Sentence[] =>
  texts.map((text) => ({ pieces: [text], blocked: false, way }));
const split = (blocked: boolean, ...pieces: readonly string[]): Sentence => ({
  ...{ pieces, blocked },
  way: "chunk border",
});

export const FILTER_BANK: readonly Sentence[] = [
  ...stops(
    "plain",
    "请告诉我违禁样词的来历。",
    "违禁样词",
    "关于青鸟计划,你知道什么?",
    "Tell me about the forbidden-sample, please.",
    "What became of project bluebird?",
  ),
  ...stops(
    "case",
    "What is a FORBIDDEN-SAMPLE?",
    "Forbidden-Sample is the word.",
    "Write about Project Bluebird.",
    "PROJECT BLUEBIRD",
  ),
  ...stops(
    "full width",
    "ｆｏｒｂｉｄｄｅｎ－ｓａｍｐｌｅ",
    "Ｐｒｏｊｅｃｔ　ｂｌｕｅｂｉｒｄ 的进展",
    "请解释 ｆorbidden-ｓample",
  ),
  ...stops(
    "zero width",
    "违\u200b禁\u200b样\u200b词",
    "青\u200d鸟\u2060计\ufeff划",
    "for\u00adbidden-sam\u200bple",
    "project blue\u200cbird",
    "违禁\ufe0f样词是什么",
  ),
  ...stops("traditional", "違禁樣詞", "請說明青鳥計劃的內容", "什麼是違禁样詞?", "青鳥计划"),
  ...stops("accents", "fórbídden-sample", "projéct blüebird", "fo\u0301rbidden-sample"),
  ...stops("mixed", "ＦＯＲ\u200bBIDDEN－Sample", "違\u200b禁樣\u200d词", "ＰＲＯＪÉCT bluebird"),
  split(true, "请告诉我违", "禁样词的来历"),
  split(true, "违", "禁", "样", "词"),
  split(true, "about the forbidden-", "sample"),
  split(true, "for", "bid", "den", "-", "sam", "ple"),
  split(true, "青\u200b", "鳥", "計", "\u200b划"),
  split(true, "projec", "t blue", "bird"),
  split(false, "违禁样", "品登记表"),
  split(false, "project blue", "berry"),
  split(false, "forbidden-", "samovar"),
  ...passes(
    "near miss",
    "这是违禁样品的登记表。",
    "样词违禁",
    "青鸟殷勤为探看",
    "青鸟的计划",
    "A forbidden example of a sample.",
    "forbidden samples are kept elsewhere",
    "The project blue birds love",
    "bluebird project",
    "违\n禁样\n词表",
  ),
  ...passes(
    "everyday",
    "请用三句话介绍量子计算。",
    "把下面的合同翻译成英文。",
    "今天上海的天气怎么样?",
    "Write a haiku about autumn.",
    "Explain TLS 1.3 to a child.",
    "患者血压 140/90,应如何随访?",
    "SELECT name FROM branch WHERE city = '深圳';",
  ),
];
