/** The self-assessment as a sheet that a bank hands over: one row a clause, in a form that Excel opens. */
import { type Assessment, attestationsOf } from "./assessment.ts";
import { RESULTS } from "./words.ts";

const HEAD = [
  "条款 Clause",
  "测评单元 Unit",
  "标题",
  "Title",
  "结果",
  "Result",
  "规则 Rules",
  "举证/确认方",
  "Attested by",
  "须提供",
  "To be shown",
  "确认人 Name",
  "日期 Date",
];

/** With a byte order mark, since Excel takes a file without one for its own code page. */
export function workbook({ clauses }: Assessment): string {
  const rows = clauses.map((finding) => {
    const { clause, result, answers } = finding;
    const people = attestationsOf(finding);
    const rules = answers.flatMap(({ finding: { control } }) => control.rules);
    const joined = (words: readonly string[]) => [...new Set(words)].join("; ");
    return [
      `${clause.law} ${clause.ref}`,
      clause.unit ?? "",
      clause.title.zh,
      clause.title.en,
      RESULTS[result].zh,
      RESULTS[result].en,
      joined(rules),
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

/** RFC 4180, and nothing that a spreadsheet would take for a formula. */
function field(words: string): string {
  const plain = /^[=+\-@\t]/.test(words) ? `'${words}` : words;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
