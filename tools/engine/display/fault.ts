/** A failure on one screen: what is wrong, where, and how to mend it. */
import { UserError } from "../../base/user-error.ts";
import { type Line, paintLine, printable, span, wrapText } from "./style.ts";

export interface FaultOptions {
  readonly columns: number;
  readonly color: boolean;
}

/** A screen of 24 lines holds this with room for the prompt. */
const WHAT_LINES_MAX = 16;

export function renderFault(error: unknown, options: FaultOptions): string[] {
  const columns = Math.max(40, Math.min(options.columns, 100));
  const lines = error instanceof UserError ? expected(error, columns) : unexpected(error, columns);
  return lines.map((line) =>
    paintLine(line, { color: options.color, columns: Number.POSITIVE_INFINITY }),
  );
}

function expected(error: UserError, columns: number): Line[] {
  return [
    ...whatLines(error.message, columns),
    ...(error.where === undefined ? [] : labelled("where", error.where, columns)),
    ...labelled("mend", error.fix, columns),
  ];
}

function unexpected(error: unknown, columns: number): Line[] {
  const what = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const trace = stack
    .split("\n")
    .slice(1)
    .map((line): Line => [span(printable(line), "dim")]);
  return [...whatLines(`Unexpected failure: ${what}`, columns), ...trace];
}

function whatLines(text: string, columns: number): Line[] {
  const lines = wrapText(printable(text), columns - 2);
  const shown = lines.slice(0, WHAT_LINES_MAX).map((line, index): Line => {
    return index === 0 ? [span("✗ ", "danger"), span(line, "bold")] : [span(`  ${line}`)];
  });
  const rest = lines.length - shown.length;
  return rest > 0 ? [...shown, [span(`  … and ${rest} more lines`, "dim")]] : shown;
}

function labelled(label: string, text: string, columns: number): Line[] {
  const indent = "  ".length + "where: ".length;
  // A command is to be copied: it stands on a line of its own, and is not broken.
  const [, prose, command] = /^(.*): ((?:npm run|cp|pulumi) .*)$/s.exec(text) ?? [];
  const lines = wrapText(printable(prose === undefined ? text : `${prose}:`), columns - indent);
  if (command !== undefined) lines.push(`  ${printable(command)}`);
  return lines.map((line, index) => [
    span(index === 0 ? `  ${`${label}:`.padEnd(7)}` : " ".repeat(indent), "dim"),
    span(line),
  ]);
}
