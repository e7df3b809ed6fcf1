/** What stands below the tree: messages, policy findings, outputs and the summary. */
import type { ChangeCounts, PolicyViolation } from "../events.ts";
import type { PropertyValue } from "../values.ts";
import { valueText } from "./changes.ts";
import type { Diagnostic, Model, Phase } from "./model.ts";
import { type Line, printable, span, type Tone, textWidth, wrapText } from "./style.ts";
import { seconds } from "./tree.ts";

export interface SectionOptions {
  readonly columns: number;
}

const OUTPUT_CHARACTERS_MAX = 400;

export function renderSections(model: Model, options: SectionOptions): Line[] {
  return [
    ...diagnosticLines(model, options),
    ...policyLines(model, options),
    ...outputLines(model),
    ...summaryLines(model),
  ];
}

/** The same message of many resources is told once, with how often it came. */
function diagnosticLines(model: Model, { columns }: SectionOptions): Line[] {
  const grouped = new Map<string, { first: Diagnostic; count: number }>();
  for (const diagnostic of model.diagnostics) {
    const key = `${diagnostic.severity} ${diagnostic.message}`;
    const known = grouped.get(key);
    if (known === undefined) grouped.set(key, { first: diagnostic, count: 1 });
    else known.count += 1;
  }
  const lines = [...grouped.values()].flatMap(({ first, count }) => {
    const [mark, tone] = MARKS[first.severity];
    const name = first.urn === undefined ? "" : `${nameOf(first.urn)}: `;
    const times = count > 1 ? ` (${count} times)` : "";
    const text = printable(`${name}${first.message.trimEnd()}${times}`);
    return marked(mark, tone, text, columns);
  });
  return section("Messages", lines);
}

function policyLines(model: Model, { columns }: SectionOptions): Line[] {
  const judged = model.violations.filter((v) => v.level !== "disabled");
  const broken = judged.filter((violation) => !violation.notEvaluated);
  const open = judged.filter((violation) => violation.notEvaluated);
  const ordered = [...broken].sort((a, b) => rank(a) - rank(b));
  const lines = ordered.flatMap((violation) => {
    const mandatory = violation.level === "mandatory";
    const text = `${violation.level} ${violation.pack}/${violation.policy}: ${nameOf(violation.urn)}: ${violation.message}`;
    return marked(mandatory ? "✗" : "!", mandatory ? "danger" : "update", printable(text), columns);
  });
  const notEvaluated = [...groupBy(open, (v) => `${v.pack}/${v.policy}`)].flatMap(([rule, list]) =>
    marked(
      "?",
      "dim",
      `not evaluated ${rule}: values of ${list.length} ${noun(list.length, "resource")} are not known yet`,
      columns,
    ),
  );
  return section("Policies", [...lines, ...notEvaluated]);
}

function outputLines(model: Model): Line[] {
  const entries = Object.entries(model.outputs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const widest = Math.max(0, ...entries.map(([key]) => textWidth(key)));
  const lines = entries.map(([key, value]): Line => {
    const text = outputText(value);
    return [span(`  ${printable(key).padEnd(widest)}  `, "bold"), span(text)];
  });
  return section("Outputs", lines);
}

/** A text stands as it is, ready to be copied; of a certificate or a file, its first line. */
function outputText(value: PropertyValue): string {
  if (typeof value !== "string" || !valueText(value).startsWith('"')) {
    return valueText(value, OUTPUT_CHARACTERS_MAX);
  }
  const lines = value.trimEnd().split("\n");
  const first = printable(lines[0] ?? "");
  return lines.length === 1 ? first : `${first} … (${lines.length} lines)`;
}

function summaryLines(model: Model): Line[] {
  if (model.summary === undefined) return [];
  const { counts, durationMs, simulated } = model.summary;
  const failed = [...model.rows.values()].filter((row) => row.state === "failed").length;
  const mandatory = model.violations.filter((v) => v.level === "mandatory" && !v.notEvaluated);
  const texts: Line[] = [
    [span(`${countsText(counts, model.phase)} · ${seconds(durationMs)}`, "bold")],
    ...(failed > 0 ? [[span(`${failed} ${noun(failed, "step")} failed`, "danger")]] : []),
    ...(mandatory.length > 0
      ? [
          [
            span(
              `${mandatory.length} mandatory policy ${noun(mandatory.length, "violation")}`,
              "danger",
            ),
          ],
        ]
      : []),
  ];
  const mark: Line = simulated ? [span("simulated cloud  ", "replace")] : [];
  return [[], ...texts.map((line) => [...mark, ...line])];
}

function countsText(counts: ChangeCounts, phase: Phase): string {
  const preview = phase === "preview";
  const words = KINDS.filter((kind) => counts[kind] > 0).map((kind) =>
    preview ? `${counts[kind]} to ${kind}` : `${counts[kind]} ${kind}d`,
  );
  const changed = words.length === 0 ? "no changes" : words.join(", ");
  return `${changed}, ${counts.same} unchanged`;
}

const KINDS = ["create", "update", "replace", "delete"] as const;

const MARKS: Readonly<Record<Diagnostic["severity"], readonly [string, Tone]>> = {
  error: ["✗", "danger"],
  warning: ["!", "update"],
  info: ["·", "dim"],
};

function rank(violation: PolicyViolation): number {
  return violation.level === "mandatory" ? 0 : 1;
}

function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [[], [span(title, "bold")], ...lines];
}

function marked(mark: string, tone: Tone, text: string, columns: number): Line[] {
  return wrapText(text, Math.max(30, columns - 4)).map((line, index) => [
    span(index === 0 ? `  ${mark} ` : "    ", tone),
    span(line),
  ]);
}

function nameOf(urn: string): string {
  const parts = urn.split("::");
  const type = (parts[2] ?? "").split("$").at(-1)?.split(":").at(-1) ?? "";
  return parts.length < 4 ? urn : `${type} ${parts.slice(3).join("::")}`;
}

function noun(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
