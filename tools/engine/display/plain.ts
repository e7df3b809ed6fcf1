/**
 * The operation as lines for a log: one when a step begins, one when it ends, and one every ten
 * seconds for those that take long. A preview changes nothing, so it is told as a tree at its end.
 */
import type { EngineEvent } from "../events.ts";
import { changeLines } from "./changes.ts";
import { isChange, isReplacement, type Model, type Row } from "./model.ts";
import { renderSections } from "./sections.ts";
import { type Line, printable, span, wrapText } from "./style.ts";
import { renderTree, seconds, shortType, signOf, verbOf } from "./tree.ts";

/** The lines for one event, which the model already knows of. */
export function eventLines(model: Model, event: EngineEvent): Line[] {
  if (model.phase === "preview") return [];
  if (event.type !== "step-start" && event.type !== "step-done" && event.type !== "step-failed") {
    return [];
  }
  const row = model.rows.get(event.step.urn);
  // Components are no work of their own; what they are made of has lines.
  if (row === undefined || !isChange(row) || (!event.step.custom && row.state !== "failed")) {
    return [];
  }
  // The engine tells a replacement as its two halves and a third step that does nothing.
  if (event.step.kind === "replace" && event.type !== "step-failed") return [];
  // Looking is quick and mostly finds nothing; what it found has a line when it ends.
  if (event.step.kind === "refresh" && event.type === "step-start") return [];
  const oldHalf = event.step.kind === "delete-replaced";
  const verbs = verbOf(event.step, model.phase);
  const doing = oldHalf ? "deleting the old" : verbs.doing;
  const done = oldHalf ? "deleted the old" : verbs.done;
  switch (event.type) {
    case "step-start":
      return [rowLine(row, doing, "")];
    case "step-done":
      return [
        rowLine(row, done, ` ${seconds(event.durationMs)}`),
        ...((isReplacement(event.step) && !oldHalf) || event.step.kind === "update"
          ? changeLines(event.step).map((line) => [span("      "), ...line])
          : []),
      ];
    case "step-failed":
      return [
        rowLine(row, "failed", ""),
        ...wrapText(printable(event.error), 100).map((line) => [span(`      ${line}`, "delete")]),
      ];
  }
}

/** What is still running, and what it waits for. */
export function waitingLines(model: Model, now: number): Line[] {
  return [...model.rows.values()]
    .filter((row) => row.state === "running" && isChange(row) && row.step.custom)
    .map((row) => {
      const status = row.status === "" ? "" : ` — ${printable(row.status)}`;
      const { doing } = verbOf(row.step, model.phase);
      return rowLine(row, `still ${doing}`, ` ${seconds(now - row.startedAt)}${status}`);
    });
}

export function endLines(model: Model, now: number): Line[] {
  const columns = 120;
  const tree =
    model.phase === "preview" ? renderTree(model, { columns, now, only: "changes" }) : [];
  return [...tree, ...renderSections(model, { columns })];
}

function rowLine(row: Row, verb: string, tail: string): Line {
  const [sign, tone] = signOf(row);
  return [
    span(`  ${sign} `, tone),
    span(`${verb} ${printable(row.step.name)} (${shortType(row.step.type)})`),
    span(tail, "dim"),
  ];
}
