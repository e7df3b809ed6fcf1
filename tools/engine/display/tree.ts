/**
 * The operation as a tree: components with what they are made of, each changed resource with its
 * sign, its changed paths and, while it runs, what it waits for. What did not change is not shown.
 */
import type { StepDescription } from "../events.ts";
import { changeLines } from "./changes.ts";
import { isChange, isReplacement, type Model, type Phase, type Row } from "./model.ts";
import { cutText, type Line, lineWidth, printable, span, type Tone, wrapText } from "./style.ts";

export interface TreeOptions {
  readonly columns: number;
  readonly now: number;
  /** Rows to show: everything that changed, or only what runs or failed. */
  readonly only: "changes" | "active";
}

interface Node {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly row: Row | undefined;
  readonly children: Node[];
}

const NARROW_COLUMNS = 80;
const NAME_COLUMNS_MIN = 16;

export function renderTree(model: Model, options: TreeOptions): Line[] {
  const rows = [...model.rows.values()].filter(
    (row) => isChange(row) && (options.only === "changes" || row.state !== "done"),
  );
  const roots = buildNodes(model, rows);
  const entries = roots.flatMap((root, index) =>
    flatten(root, { prefix: "", isLast: index === roots.length - 1, isRoot: true }),
  );
  const widest = Math.max(NAME_COLUMNS_MIN, ...entries.map((entry) => entry.head.length));
  // Types line up in a column, but never at the price of more than half of the line.
  const nameColumns = Math.min(widest, Math.floor(options.columns / 2));
  return entries.flatMap((entry) => entryLines(entry, model.phase, nameColumns, options));
}

interface Entry {
  readonly node: Node;
  /** Branch lines, sign and name. */
  readonly head: string;
  readonly branch: string;
  /** What stands before lines that belong to this entry. */
  readonly below: string;
}

function buildNodes(model: Model, rows: readonly Row[]): Node[] {
  const nodes = new Map<string, Node>();
  const roots: Node[] = [];
  const nodeFor = (urn: string): Node => {
    const known = nodes.get(urn);
    if (known !== undefined) return known;
    const row = model.rows.get(urn);
    const described = row?.step ?? describeUrn(urn);
    const node: Node = {
      urn,
      name: described.name,
      type: described.type,
      row,
      children: [],
    };
    nodes.set(urn, node);
    const parent = described.parent;
    if (parent === undefined || parent === "") roots.push(node);
    else nodeFor(parent).children.push(node);
    return node;
  };
  for (const row of rows) nodeFor(row.urn);
  return roots;
}

/** A parent of which the engine told nothing (it did not change) is named by its URN. */
function describeUrn(urn: string): { name: string; type: string; parent: string | undefined } {
  const [, , types = "", ...name] = urn.split("::");
  return { name: name.join("::"), type: types.split("$").at(-1) ?? "", parent: undefined };
}

function flatten(node: Node, place: { prefix: string; isLast: boolean; isRoot: boolean }): Entry[] {
  const { prefix, isLast, isRoot } = place;
  const branch = isRoot ? prefix : `${prefix}${isLast ? "└─ " : "├─ "}`;
  const inner = isRoot ? prefix : `${prefix}${isLast ? "   " : "│  "}`;
  const below = node.children.length > 0 ? `${inner}│    ` : `${inner}     `;
  const head = `${branch}${signOf(node.row)[0]} ${printable(node.name)}`;
  const children = node.children.flatMap((child, index) =>
    flatten(child, {
      prefix: inner,
      isLast: index === node.children.length - 1,
      isRoot: false,
    }),
  );
  return [{ node, head, branch, below }, ...children];
}

function entryLines(entry: Entry, phase: Phase, nameColumns: number, options: TreeOptions): Line[] {
  const { node, branch, below } = entry;
  const [sign, tone] = signOf(node.row);
  const room = Math.max(1, nameColumns - branch.length - 2);
  const name = cutText(printable(node.name), room);
  const head: Line = [span(branch, "dim"), span(`${sign} `, tone), span(name, nameTone(node.row))];
  const padding = " ".repeat(Math.max(0, nameColumns - lineWidth(head)));
  const type = options.columns < NARROW_COLUMNS ? shortType(node.type) : node.type;
  const first: Line = [
    ...head,
    span(`${padding}  `),
    span(printable(type), "dim"),
    ...stateSpans(node.row, phase, options.now),
  ];
  return [first, ...detailLines(node.row, options).map((line) => [span(below, "dim"), ...line])];
}

function detailLines(row: Row | undefined, options: TreeOptions): Line[] {
  if (row === undefined || !isChange(row)) return [];
  const error = row.error === undefined ? [] : errorLines(row.error, options.columns);
  if (options.only === "active" || row.step.kind === "create") return error;
  return [...error, ...changeLines(row.step)];
}

function errorLines(error: string, columns: number): Line[] {
  return wrapText(printable(error), Math.max(30, columns - 20))
    .slice(0, ERROR_LINES_MAX)
    .map((line) => [span(line, "delete")]);
}

/** The full text is in the log; a tree keeps its shape. */
const ERROR_LINES_MAX = 12;

function stateSpans(row: Row | undefined, phase: Phase, now: number): Line {
  if (row === undefined || !isChange(row)) return [];
  const basis = basisText(row.step);
  const danger = row.step.basis === "unknown-effect";
  if (row.state === "failed") return [span("  failed", "danger"), ...elapsed(row.durationMs)];
  if (row.state === "running") {
    const status = row.status === "" ? "" : ` — ${printable(row.status)}`;
    const verb = verbOf(row.step, phase).doing;
    return [span(`  ${verb} ${seconds(now - row.startedAt)}`, "bold"), span(status)];
  }
  const protect = row.step.protect && removes(row.step) ? [span("  protected", "danger")] : [];
  const { done } = verbOf(row.step, phase);
  return [
    span(`  ${done}${basis}`, danger ? "danger" : "plain"),
    ...protect,
    ...(phase === "preview" ? [] : elapsed(row.durationMs)),
  ];
}

function removes(step: StepDescription): boolean {
  return step.kind === "delete" || isReplacement(step);
}

function basisText(step: StepDescription): string {
  if (step.basis === "unknown-effect") return " (unknown effect)";
  return step.basis === "table" && isReplacement(step) ? " (by table)" : "";
}

/** Durations under a tenth of a second say nothing. */
function elapsed(durationMs: number | undefined): Line {
  return durationMs === undefined || durationMs < 100
    ? []
    : [span(` ${seconds(durationMs)}`, "dim")];
}

function nameTone(row: Row | undefined): Tone {
  if (row?.state === "failed") return "danger";
  return row !== undefined && isChange(row) ? "plain" : "dim";
}

export function signOf(row: Row | undefined): readonly [string, Tone] {
  if (row === undefined) return [" ", "dim"];
  if (row.state === "failed") return ["✗", "danger"];
  if (isReplacement(row.step)) return ["±", "replace"];
  switch (row.step.kind) {
    case "create":
      return ["+", "create"];
    case "update":
      return ["~", "update"];
    case "delete":
      return ["−", "delete"];
    case "refresh":
      return ["↻", "update"];
    default:
      return [" ", "dim"];
  }
}

export function verbOf(
  step: StepDescription,
  phase: Phase,
): { readonly doing: string; readonly done: string } {
  const [stem, past] = VERBS[step.kind];
  if (phase === "preview") return { doing: "planning", done: stem };
  return { doing: `${stem.replace(/e$/, "")}ing`, done: past };
}

const VERBS: Readonly<Record<StepDescription["kind"], readonly [string, string]>> = {
  same: ["keep", "unchanged"],
  create: ["create", "created"],
  update: ["update", "updated"],
  replace: ["replace", "replaced"],
  "create-replacement": ["replace", "replaced"],
  "delete-replaced": ["replace", "replaced"],
  delete: ["delete", "deleted"],
  read: ["read", "read"],
  refresh: ["refresh", "refreshed"],
};

/** `kubernetes:apps/v1:Deployment` → `Deployment`. */
export function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}

export function seconds(durationMs: number): string {
  const total = durationMs / 1000;
  if (total < 60) return `${total.toFixed(1)} s`;
  return `${Math.floor(total / 60)} min ${Math.floor(total % 60)} s`;
}
