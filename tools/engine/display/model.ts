/**
 * What is known of a running operation: one row for each resource, fed by the engine's events.
 * The renderings (tree, plain, JSON) are functions of this and of the time, and of nothing else.
 */
import type { ChangeCounts, EngineEvent, PolicyViolation, StepDescription } from "../events.ts";
import type { PropertyMap } from "../values.ts";

/** preview: nothing was changed; the others are being done. */
export type Phase = "preview" | "update" | "refresh" | "destroy";

export type RowState = "running" | "done" | "failed";

export interface Row {
  readonly urn: string;
  /** The step that says most about the resource: a replacement's two halves make one row. */
  step: StepDescription;
  state: RowState;
  /** What is being waited for. */
  status: string;
  startedAt: number;
  durationMs: number | undefined;
  error: string | undefined;
}

export interface Diagnostic {
  readonly severity: "info" | "warning" | "error";
  readonly urn: string | undefined;
  readonly message: string;
}

export interface Model {
  readonly phase: Phase;
  readonly startedAt: number;
  readonly rows: Map<string, Row>;
  readonly diagnostics: Diagnostic[];
  readonly violations: PolicyViolation[];
  outputs: PropertyMap | undefined;
  summary: { counts: ChangeCounts; durationMs: number; simulated: boolean } | undefined;
}

export function createModel(phase: Phase, now: number): Model {
  return {
    phase,
    startedAt: now,
    rows: new Map(),
    diagnostics: [],
    violations: [],
    outputs: undefined,
    summary: undefined,
  };
}

export function applyEvent(model: Model, event: EngineEvent, now: number): void {
  switch (event.type) {
    case "step-start":
      startRow(model, event.step, now);
      return;
    case "step-status": {
      const row = model.rows.get(event.urn);
      if (row !== undefined) row.status = event.status;
      return;
    }
    case "step-done":
      endRow(model, event.step, now, { state: "done", durationMs: event.durationMs });
      return;
    case "step-failed":
      endRow(model, event.step, now, { state: "failed", error: event.error });
      return;
    case "diagnostic":
      if (event.severity !== "debug") {
        const { severity, urn, message } = event;
        model.diagnostics.push({ severity, urn, message });
      }
      return;
    case "policy":
      model.violations.push(event.violation);
      return;
    case "outputs":
      model.outputs = event.outputs;
      return;
    case "summary":
      model.summary = event;
  }
}

export function isReplacement(step: StepDescription): boolean {
  return step.kind === "replace" || step.kind === "create-replacement" || isOldHalf(step);
}

/** Is there anything to tell about this row, beyond that nothing changed? */
export function isChange(row: Row): boolean {
  return row.state === "failed" || (row.step.kind !== "same" && row.step.kind !== "read");
}

function isOldHalf(step: StepDescription): boolean {
  return step.kind === "delete-replaced";
}

function startRow(model: Model, step: StepDescription, now: number): Row {
  const old = model.rows.get(step.urn);
  const row: Row = {
    urn: step.urn,
    step: old === undefined ? step : moreTelling(old.step, step),
    state: "running",
    status: old === undefined || old.state !== "done" ? "" : halfStatus(step),
    startedAt: now,
    durationMs: old?.durationMs,
    error: undefined,
  };
  model.rows.set(step.urn, row);
  return row;
}

function halfStatus(step: StepDescription): string {
  return isOldHalf(step) ? "deleting the old one" : "";
}

function endRow(
  model: Model,
  step: StepDescription,
  now: number,
  end: { state: "done"; durationMs: number } | { state: "failed"; error: string },
): void {
  const known = model.rows.get(step.urn);
  const row = known?.state === "running" ? known : startRow(model, step, now);
  row.step = moreTelling(row.step, step);
  if (end.state === "done" && isQuietRefresh(row.step)) row.step = { ...row.step, kind: "same" };
  // One half of a replacement cannot mend what the other broke.
  if (known?.state === "failed" && end.state === "done") {
    row.state = "failed";
    row.error = known.error;
    return;
  }
  row.state = end.state;
  if (end.state === "done") row.durationMs = (row.durationMs ?? 0) + end.durationMs;
  else {
    row.error = end.error;
    row.durationMs = now - row.startedAt;
  }
}

/** A look at the world that found everything as it was is no news. */
function isQuietRefresh(step: StepDescription): boolean {
  return (
    step.kind === "refresh" &&
    Object.keys(step.changes).length === 0 &&
    JSON.stringify(step.oldInputs) === JSON.stringify(step.inputs)
  );
}

/** Of two steps on one resource, the one with the changed paths; a real change beats "same". */
function moreTelling(a: StepDescription, b: StepDescription): StepDescription {
  return weight(b) >= weight(a) ? b : a;
}

function weight(step: StepDescription): number {
  if (step.kind === "same" || step.kind === "read") return 0;
  if (step.kind === "refresh") return 1;
  if (isOldHalf(step)) return 2;
  return step.kind === "replace" ? 3 : 4;
}
