/** The engine's steps as a report tells them: what changes, where it belongs, short values. Pure. */
import { valueAt, valueText } from "../engine/display/changes.ts";
import type { StepDescription } from "../engine/events.ts";
import { parseUrn, STACK_TYPE } from "../engine/urn.ts";
import type { PropertyMap } from "../engine/values.ts";
import { propertyAt } from "./property-at.ts";
import { notedPaths } from "./property-dangers.ts";
import { type ReportChange, type ReportStep, STEP_KINDS, TEXT_MAX } from "./report.ts";
import { cut } from "./short.ts";

/** More than this of one resource is counted, not shown. */
const CHANGES_MAX = 20;
/** Long enough for an ARN. */
const VALUE_MAX = 120;

/** Rolls pods when their configuration changes; it covers random values, and says nothing by itself. */
const CHECKSUM = /annotations\["deepseek\.local\/configuration"\]$/;
const SUM = "(checksum)";

type Told = StepDescription & { readonly kind: (typeof STEP_KINDS)[number] };

/** Steps that change something; components and the two halves of a replacement are left out. */
export function toldSteps(steps: readonly StepDescription[]): readonly Told[] {
  return steps.filter(
    (step): step is Told => step.custom && STEP_KINDS.some((kind) => kind === step.kind),
  );
}

export function reportSteps(
  steps: readonly StepDescription[],
  documents: (step: StepDescription) => ReadonlySet<string>,
): ReportStep[] {
  const parents = new Map(steps.map(({ urn, parent }) => [urn, parent]));
  const told = toldSteps(steps).map((step) => reportStep(step, parents, documents(step)));
  return told.sort(
    (a, b) =>
      compare(a.component, b.component) ||
      STEP_KINDS.indexOf(a.kind) - STEP_KINDS.indexOf(b.kind) ||
      compare(a.type, b.type) ||
      compare(a.name, b.name),
  );
}

function reportStep(
  step: Told,
  parents: ReadonlyMap<string, string | undefined>,
  documents: ReadonlySet<string>,
): ReportStep {
  const all = step.kind === "update" || step.kind === "replace" ? changesOf(step) : noted(step);
  const rows = all.filter(({ path }) => !documents.has(path));
  // What forces the replacement comes first, and is never among those left out.
  const sorted = [...rows].sort((a, b) => Number(b.replace) - Number(a.replace));
  const component = outermost(step.urn, parents);
  return {
    kind: step.kind,
    type: cut(step.type, TEXT_MAX),
    name: cut(step.name, TEXT_MAX),
    component: cut(component.name, TEXT_MAX),
    componentType: cut(component.type, TEXT_MAX),
    protect: step.protect,
    basis: step.basis ?? null,
    changes: sorted.slice(0, CHANGES_MAX).map((change) => ({
      ...change,
      path: cut(named(step, change.path), TEXT_MAX),
    })),
    files: documents.size,
    more: Math.max(0, sorted.length - CHANGES_MAX),
  };
}

function changesOf(step: StepDescription): ReportChange[] {
  const paths = Object.keys(step.changes).sort(compare);
  return paths.flatMap((path): ReportChange[] => {
    const change = step.changes[path];
    if (change === undefined) return [];
    const old = propertyAt(step.oldInputs, path) ?? propertyAt(step.oldOutputs, path);
    const next = propertyAt(step.inputs, path);
    const sides = CHECKSUM.test(path)
      ? [SUM, SUM]
      : [old, next].map((value) => valueText(value, VALUE_MAX));
    const [before = "", after = ""] = sides;
    return [{ path, kind: change.kind, replace: change.replace, old: before, new: after }];
  });
}

/** Of what comes or goes, only the properties that a table of dangers asks for. */
function noted(step: Told): ReportChange[] {
  const kind = step.kind === "create" ? "add" : "delete";
  const inputs = step.kind === "create" ? step.inputs : step.oldInputs;
  return notedPaths(step.type).flatMap((path) => {
    const value = valueAt(inputs, path);
    if (value === undefined) return [];
    const text = valueText(value, VALUE_MAX);
    const [old, next] = kind === "add" ? ["(none)", text] : [text, "(none)"];
    return [{ path, kind, replace: false, old, new: next }];
  });
}

/** `env[16].value` says nothing to a reader; the name of the list's item does. */
function named(step: StepDescription, path: string): string {
  let shown = "";
  let at = 0;
  for (const match of path.matchAll(/\[\d+\]/g)) {
    const end = match.index + match[0].length;
    const name =
      nameOf(step.inputs, path.slice(0, end)) ?? nameOf(step.oldInputs, path.slice(0, end));
    shown += path.slice(at, match.index) + (name === undefined ? match[0] : `[${name}]`);
    at = end;
  }
  return shown + path.slice(at);
}

function nameOf(inputs: PropertyMap | undefined, path: string): string | undefined {
  const name = valueAt(inputs, `${path}.name`);
  return typeof name === "string" ? name : undefined;
}

/** The component right below the stack; a resource that belongs to none stands for itself. */
function outermost(
  urn: string,
  parents: ReadonlyMap<string, string | undefined>,
): { readonly name: string; readonly type: string } {
  let current = urn;
  // Deeper nesting than this is a loop in a state that somebody wrote by hand.
  for (let depth = 0; depth < 32; depth += 1) {
    const parent = parents.get(current);
    if (parent === undefined || parseUrn(parent).type === STACK_TYPE) break;
    current = parent;
  }
  const { name, type } = parseUrn(current);
  return { name, type };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
