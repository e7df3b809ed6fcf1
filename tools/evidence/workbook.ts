/** The self-assessment as a sheet that a bank hands over: one row a clause, in a form that Excel opens. */
import type { LawEntry } from "../../policies/catalogue/catalogue.ts";
import type { Judgement } from "../../policies/judging/judge-graph.ts";
import { type Assessment, attestationsOf, type ClauseFinding } from "./assessment.ts";
import { messagesOf, told } from "./in-language.ts";
import { aside, type Language, named, RESULTS, TEXT } from "./words.ts";

const HEAD = [
  "法规",
  "Law",
  "条款 Clause",
  "测评单元 Unit",
  "标题",
  "Title",
  "结果",
  "Result",
  "规则 Rules",
  "说明",
  "Remarks",
  "举证/确认方",
  "Attested by",
  "须提供",
  "To be shown",
  "确认人 Name",
  "日期 Date",
];
/** As many different findings of one clause as a cell takes. */
const REMARKS_MAX = 4;

/** With a byte order mark, since Excel takes a file without one for its own code page. */
export function workbook({ clauses }: Assessment, laws: readonly LawEntry[]): string {
  const rows = clauses.map((finding) => {
    const { clause, result, answers } = finding;
    const law = laws.find((one) => one.law === clause.law)?.title;
    const people = attestationsOf(finding);
    const rules = answers.flatMap(({ finding: { control } }) => control.rules);
    const joined = (words: readonly string[]) => [...new Set(words)].join("; ");
    return [
      law?.zh ?? clause.law,
      law?.en ?? clause.law,
      `${clause.ref}${clause.verified ? "" : " †"}`,
      clause.unit ?? "",
      clause.title.zh,
      clause.title.en,
      RESULTS[result].zh,
      RESULTS[result].en,
      joined(rules),
      remarks(finding, "zh"),
      remarks(finding, "en"),
      joined(people.map(({ who }) => who.zh)),
      joined(people.map(({ who }) => who.en)),
      joined(people.map(({ what }) => what.zh)),
      joined(people.map(({ what }) => what.en)),
      "",
      "",
    ];
  });
  return `\uFEFF${[HEAD, ...rows].map((cells) => cells.map(field).join(",")).join("\r\n")}\r\n`;
}

/** Why a clause is not met, or by whose leave. */
function remarks({ result, answers }: ClauseFinding, l: Language): string {
  const judgements = answers.flatMap(({ finding }) =>
    finding.verdicts.flatMap((verdict) => verdict.judgements),
  );
  const bad = judgements.filter((one) => one.result === result && result !== "pass");
  const all = [...new Set(bad.flatMap((one) => remarksOf(one, l)))];
  const hidden = all.length - REMARKS_MAX;
  return [
    ...all.slice(0, REMARKS_MAX),
    ...(hidden > 0 ? [TEXT.more[l].replace("N", String(hidden))] : []),
  ].join("\n");
}

function remarksOf(one: Judgement, l: Language): readonly string[] {
  const { result, exemption } = one;
  if (result !== "exempt" || exemption === undefined) return messagesOf(one, l);
  const until = named(TEXT.until[l], exemption.expires, l);
  return [aside(told(exemption.reason, l), `${exemption.ticket}, ${until}`, l)];
}

/** RFC 4180, and nothing that a spreadsheet would take for a formula. */
function field(words: string): string {
  const plain = /^[=+\-@\t]/.test(words) ? `'${words}` : words;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
