/** The report for people, in one language: what was found, the check-list, and every clause. */
import type { LawEntry } from "../../policies/catalogue/catalogue.ts";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import {
  type Assessment,
  attestationsOf,
  type ClauseFinding,
  type ClauseResult,
  type ControlFinding,
  exemptionsOf,
  placeOf,
} from "./assessment.ts";
import { type Block, type Cell, heading, notice, table, text } from "./blocks.ts";
import { answered } from "./checklist.ts";
import { englishExemptions, englishMessages, messagesOf, proofIn, told } from "./in-language.ts";
import type { Proof } from "./proof.ts";
import {
  ASKED,
  aside,
  type Language,
  named,
  RESULTS,
  RULES_SIMULATED,
  SELF_ASSESSMENT,
  SIMULATED,
  STRENGTHS,
  TEXT,
  UNVERIFIED,
} from "./words.ts";

export function reportBlocks(
  assessment: Assessment,
  laws: readonly LawEntry[],
  language: Language,
): Block[] {
  return [
    ...front(assessment, language),
    ...coverage(assessment, language),
    ...checklist(assessment, language),
    ...proofs(assessment, language),
    ...faults(assessment, language),
    ...open(assessment, language),
    ...exemptions(assessment, language),
    ...byClause(assessment, laws, language),
  ];
}

/** The worst first: what a reader looks for. */
const ORDER: readonly ClauseResult[] = [
  "fail",
  "notEvaluated",
  "exempt",
  "pass",
  "partial",
  "evidence",
  "manual",
];

function front({ stack, profile, today, proofs: shown }: Assessment, l: Language): Block[] {
  return [
    heading(1, TEXT.title[l]),
    table(
      [TEXT.stack[l], TEXT.profile[l], TEXT.date[l]],
      [[stack, aside(profile.title[l], profile.name, l), today]],
    ),
    notice(SELF_ASSESSMENT[l]),
    ...(shown === null ? [SIMULATED] : [RULES_SIMULATED, ASKED]).map((words) => notice(words[l])),
  ];
}

function coverage({ coverage: sum }: Assessment, l: Language): Block[] {
  const results = ORDER.flatMap((result): [ClauseResult, number][] => {
    const count = sum.results[result];
    return count === undefined ? [] : [[result, count]];
  });
  return [
    heading(2, TEXT.summary[l]),
    table(
      results.map(([result]) => RESULTS[result][l]),
      [results.map(([result, count]) => marked(String(count), result))],
    ),
    heading(3, TEXT.coverage[l]),
    table(
      [
        TEXT.clauses[l],
        TEXT.controls[l],
        TEXT.ofWhich[l],
        TEXT.rules[l],
        TEXT.resources[l],
        TEXT.judgements[l],
      ],
      [
        [
          String(sum.clauses),
          String(sum.controls),
          String(sum.automated),
          String(sum.rules),
          `${sum.judged} / ${sum.resources}`,
          String(sum.judgements),
        ],
      ],
    ),
  ];
}

function checklist(assessment: Assessment, l: Language): Block[] {
  const rows = answered(assessment).map(({ asked, answer, findings }): Cell[] => [
    asked[l],
    findings.map((one) => named(one.control.title[l], RESULTS[one.result][l], l)).join("\n"),
    answer[l],
  ]);
  return [
    heading(2, TEXT.checklist[l]),
    table([TEXT.asked[l], TEXT.controls[l], TEXT.answer[l]], rows, [28, 32, 40]),
  ];
}

/** What the running stack has shown: the figures, and the file in which the answers lie as they came. */
function proofs({ proofs: shown }: Assessment, l: Language): Block[] {
  if (shown === null) return [];
  const row = (one: Proof): Cell[] => {
    const { on, found } = proofIn(one, l);
    return [
      marked(RESULTS[one.result][l], one.result),
      `${one.title[l]}\n${one.at.slice(0, 10)} ${one.at.slice(11, 19)} UTC`,
      on,
      found.filter((words) => words !== "").join("\n"),
      one.raw === null ? "" : `${one.raw.name}\nsha256 ${one.raw.sha256}`,
    ];
  };
  return [
    heading(2, TEXT.proofs[l]),
    shown.length === 0
      ? text(TEXT.none[l])
      : table(
          [TEXT.result[l], TEXT.proof[l], TEXT.askedOf[l], TEXT.found[l], TEXT.raw[l]],
          shown.map(row),
          [10, 20, 15, 35, 20],
        ),
  ];
}

function faults({ verdicts, controls }: Assessment, l: Language): Block[] {
  const found = verdicts.flatMap(({ judgements }) =>
    judgements.filter(({ result }) => result === "fail" || result === "exempt"),
  );
  const rows = found.map((one): Cell[] => [
    marked(RESULTS[one.result][l], one.result),
    ruleCell(one.rule, controls, l),
    shortPlace(placeOf(one.urn)),
    messagesOf(one, l).join("\n"),
  ]);
  const head = [TEXT.result[l], TEXT.rule[l], TEXT.resource[l], TEXT.found[l]];
  return [
    heading(2, TEXT.faults[l]),
    ...englishMessages(found, l),
    rows.length === 0 ? text(TEXT.none[l]) : table(head, rows, [12, 18, 28, 42]),
  ];
}

/** As many different findings of one rule as a reader takes in; the files for programs hold all of them. */
const SHOWN_MAX = 4;

/** The same reason for many resources is one line. */
function open({ verdicts, controls }: Assessment, l: Language): Block[] {
  const rows = verdicts.flatMap(({ rule, judgements }): Cell[][] => {
    const found = judgements.filter(({ result }) => result === "notEvaluated");
    if (found.length === 0) return [];
    const words = [...new Set(found.flatMap((one) => messagesOf(one, l)))];
    const hidden = words.length - SHOWN_MAX;
    const shown = [
      ...words.slice(0, SHOWN_MAX),
      ...(hidden > 0 ? [TEXT.more[l].replace("N", String(hidden))] : []),
    ];
    return [[ruleCell(rule.name, controls, l), String(found.length), shown.join("\n")]];
  });
  return [
    heading(2, TEXT.open[l]),
    rows.length === 0
      ? text(TEXT.none[l])
      : table([TEXT.rule[l], TEXT.on[l], TEXT.found[l]], rows, [20, 10, 70]),
  ];
}

function exemptions({ verdicts, unused }: Assessment, l: Language): Block[] {
  const used = new Set(exemptionsOf(verdicts));
  const row = (one: Exemption): Cell[] => [
    [one.rule, ...one.resources.map(shortPlace)].join("\n"),
    told(one.reason, l),
    `${told(one.owner, l)} / ${told(one.approver, l)}`,
    one.ticket,
    one.expires,
    told(one.riskAcceptedBy ?? "", l),
  ];
  const head = [
    `${TEXT.rule[l]} / ${TEXT.resource[l]}`,
    TEXT.reason[l],
    TEXT.owner[l],
    TEXT.ticket[l],
    TEXT.until[l],
    TEXT.risk[l],
  ];
  const widths = [20, 32, 17, 8, 10, 13];
  return [
    heading(2, TEXT.exemptions[l]),
    ...englishExemptions([...used, ...unused], l),
    used.size === 0 ? text(TEXT.none[l]) : table(head, [...used].map(row), widths),
    ...(unused.length === 0
      ? []
      : [heading(3, TEXT.unused[l]), table(head, unused.map(row), widths)]),
  ];
}

function byClause(assessment: Assessment, laws: readonly LawEntry[], l: Language): Block[] {
  const chapters = assessment.profile.laws.flatMap((law): Block[] => {
    const entry = laws.find((one) => one.law === law);
    const own = assessment.clauses.filter(({ clause }) => clause.law === law);
    if (entry === undefined || own.length === 0) return [];
    return [
      heading(3, entry.title[l]),
      text(named(TEXT.since[l], aside(entry.effective, entry.source, l), l)),
      table(
        [TEXT.clause[l], TEXT.result[l], TEXT.checked[l], TEXT.on[l], TEXT.attest[l]],
        own.map((finding) => clauseRow(finding, l)),
        [26, 11, 28, 7, 28],
      ),
    ];
  });
  return [heading(2, TEXT.byClause[l]), text(UNVERIFIED[l]), ...chapters];
}

function clauseRow(found: ClauseFinding, l: Language): Cell[] {
  const { clause, result, answers } = found;
  const automatic = answers.filter(
    ({ finding }) => finding.control.rules.length > 0 || finding.proofs.length > 0,
  );
  const unit = clause.unit === undefined ? "" : `\n${TEXT.unit[l]} ${clause.unit}`;
  return [
    `${clause.ref}${clause.verified ? "" : " †"} ${clause.title[l]}${unit}`,
    marked(RESULTS[result][l], result),
    automatic
      .map(({ strength, finding }) => {
        const words = named(STRENGTHS[strength][l], RESULTS[finding.result][l], l);
        return aside(finding.control.title[l], words, l);
      })
      .join("\n"),
    automatic.length === 0 ? "" : String(judgedBy(automatic.map(({ finding }) => finding))),
    attestationsOf(found)
      .map(({ who, what }) => named(who[l], what[l], l))
      .join("\n"),
  ];
}

/** What a rule is for, in words, above its name. */
function ruleCell(rule: string, controls: readonly ControlFinding[], l: Language): string {
  const titles = controls
    .filter(({ control }) => control.rules.includes(rule))
    .map(({ control }) => control.title[l]);
  return [...titles, rule].join("\n");
}

/** `Deployment edge`, of a place or of what an exemption names: whoever reads knows no types. */
function shortPlace(words: string): string {
  const [type = "", name = ""] = words.split(/ |::/);
  return `${type.split(":").at(-1)} ${name}`;
}

function judgedBy(findings: readonly ControlFinding[]): number {
  const urns = findings.flatMap(({ verdicts }) =>
    verdicts.flatMap(({ judgements }) => judgements.map(({ urn }) => urn)),
  );
  return new Set(urns).size;
}

function marked(words: string, result: ClauseResult): Cell {
  return { text: words, result };
}
