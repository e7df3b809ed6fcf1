/** The sections of a comment that tell of resources: danger, changes by component, files. Pure. */
import { type Danger, dangersOf } from "./dangers.ts";
import { type Block, code, type Section, type Span, type Text } from "./page.ts";
import type { Report, ReportChange, ReportStep } from "./report.ts";

/** More causes of one danger, or properties of one row, are counted. */
const CAUSES_MAX = 4;

export function changeSections(report: Report): Section[] {
  const dangers = dangersOf(report);
  return [
    ...(dangers.length === 0 ? [] : [dangerSection(dangers)]),
    ...(report.steps.length === 0 ? [] : [byComponent(report)]),
    ...(report.files.length === 0 ? [] : [files(report)]),
  ];
}

function dangerSection(dangers: readonly Danger[]): Section {
  return {
    title: "Danger",
    open: true,
    blocks: [
      {
        kind: "table",
        head: ["What", "Resource", "Why", "Caused by", "Downtime", "Source"],
        rows: alike(dangers, dangerKey).map(([danger, ...others]) => [
          [`${ACTIONS[danger.step.kind]}: ${danger.asset}`],
          [...resource(danger.step), ...names(others.map(({ step }) => step))],
          [sentence(danger.says), ...protection(danger.step)],
          causes(danger),
          [danger.downtime],
          source(danger.source),
        ]),
      },
    ],
  };
}

/** Ten repositories that go for one reason are one row. */
function alike<T>(all: readonly T[], keyOf: (one: T) => string): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

/** More names than these in one row are counted: a row is cut as a whole, so it must stay short. */
const NAMES_MAX = 12;

function names(steps: readonly ReportStep[]): Text {
  const rest = steps.length - NAMES_MAX;
  const shown = steps.slice(0, NAMES_MAX).flatMap(({ name }): Span[] => [", ", code(name)]);
  return rest <= 0 ? shown : [...shown, `, … ${rest} more`];
}

function dangerKey({ step, causes: why, says, downtime }: Danger): string {
  return JSON.stringify([step.kind, step.type, step.protect, why, says, downtime]);
}

function stepKey({ component, kind, type, changes: all, files: count, more }: ReportStep): string {
  return JSON.stringify([component, kind, type, all, count, more]);
}

function causes({ causes: why, step }: Danger): Text {
  if (why.length > 0) return changes(why, 0);
  if (step.kind === "delete") return ["the program no longer names it"];
  if (step.kind === "replace") return [FOLLOWS];
  return step.files > 0 ? ["see its file below"] : ["the plan"];
}

/** A replacement without a property of its own. */
const FOLLOWS = "what it stands in or belongs to is replaced";

const ACTIONS = { create: "made", update: "changed", replace: "REPLACED", delete: "DELETED" };

function sentence(says: string): string {
  return `It ${says}.`;
}

function protection({ protect, kind }: ReportStep): Text {
  if (!protect || (kind !== "delete" && kind !== "replace")) return [];
  return [" It is protected: an update refuses this until the protection is taken off."];
}

function source(at: string): Text {
  return at.startsWith("https://") ? [{ link: at, text: new URL(at).hostname }] : [code(at)];
}

function byComponent({ steps }: Report): Section {
  const count = new Set(steps.map(({ component }) => component)).size;
  return {
    title: `Changes by component (${steps.length} in ${count})`,
    open: false,
    blocks: [
      {
        kind: "table",
        head: ["Component", "Change", "Resource", "Properties"],
        rows: alike(steps, stepKey).map(([step, ...others]) => [
          [code(step.component)],
          [ACTIONS[step.kind]],
          [...resource(step), ...names(others)],
          properties(step),
        ]),
      },
    ],
  };
}

/** `aws:rds/instance:Instance` is an Instance of rds to everybody who reads. */
function resource({ type, name }: ReportStep): Text {
  const [, module = "", kind = ""] = type.split(":");
  const short =
    kind === ""
      ? type
      : module.includes("/") && type.startsWith("aws:")
        ? `${module.split("/")[0]} ${kind}`
        : kind;
  return [code(short), " ", code(name)];
}

function properties(step: ReportStep): Text {
  const shown = changes(step.changes, step.more);
  const inFiles: Text =
    step.files === 0 ? [] : [shown.length === 0 ? "" : "; ", "see its file below"];
  if (shown.length + inFiles.length > 0) return [...shown, ...inFiles];
  return step.kind === "replace" ? [FOLLOWS] : [];
}

function changes(all: readonly ReportChange[], more: number): Text {
  const shown = all.slice(0, CAUSES_MAX);
  const rest = all.length - shown.length + more;
  const spans = shown.flatMap((change, index): Span[] => [
    ...(index === 0 ? [] : ["; "]),
    code(shortPath(change.path)),
    ": ",
    ...sides(change),
  ]);
  return rest === 0 ? spans : [...spans, `; … ${rest} more`];
}

/** Longer paths than this say in their middle what everybody knows: `spec.template.spec.…`. */
const PATH_MAX = 70;
const ENDS = 2;

function shortPath(path: string): string {
  const parts = path.split(/\.(?![^[]*\])/);
  if (path.length <= PATH_MAX || parts.length <= 2 * ENDS) return path;
  return [...parts.slice(0, ENDS), "…", ...parts.slice(-ENDS)].join(".");
}

function sides({ kind, old, new: next }: ReportChange): Span[] {
  // The Pulumi provider's own settings, or a value that cannot be shown.
  if (kind === "update" && old === next) return ["changes"];
  if (kind === "add") return [code(next)];
  if (kind === "delete") return [code(old), " → nothing"];
  return [code(old), " → ", code(next)];
}

function files({ files: all }: Report): Section {
  return {
    title: `Configuration files (${all.length})`,
    open: false,
    blocks: all.map(
      (file): Block => ({
        kind: "lines",
        title: [code(file.path), file.kind === "changed" ? "" : ` (${file.kind})`],
        language: "diff",
        lines: file.lines,
      }),
    ),
  };
}
