/**
 * Configuration files that stand inside of resources: the entries of a ConfigMap, and every other
 * property that is a text of lines or a JSON document. Compared as files, since nobody reads a diff of a
 * string with `\n` in it. Pure.
 */
import { structuredPatch } from "diff";
import type { StepDescription } from "../engine/events.ts";
import { isObject, type PropertyMap } from "../engine/values.ts";
import { propertyAt } from "./property-at.ts";
import { LINE_MAX, type ReportFile, TEXT_MAX } from "./report.ts";
import { cut } from "./short.ts";

/** As `diff -u` and every reviewer's tool. */
const CONTEXT_LINES = 3;
/** What one file may take of a comment; the rest is counted. A whole new dashboard is no review. */
const LINES_MAX = 400;

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";

/** Paths of `step` that are told as files, so that the table of changes need not show them. */
export function documentsOf(step: StepDescription): Map<string, ReportFile> {
  if (step.kind === "create" || step.kind === "delete") return wholeFiles(step);
  return new Map(
    Object.keys(step.changes).flatMap((path) => {
      const [before, after] = [documentAt(step.oldInputs, path), documentAt(step.inputs, path)];
      if (before === undefined && after === undefined) return [];
      const file = compared(filePath(step, path), before, after);
      return file === undefined ? [] : [[path, file] as const];
    }),
  );
}

/** Of a resource that comes or goes only ConfigMaps are shown: all else is told by its name. */
function wholeFiles(step: StepDescription): Map<string, ReportFile> {
  if (step.type !== CONFIG_MAP) return new Map();
  const inputs = step.kind === "create" ? step.inputs : step.oldInputs;
  const data = isObject(inputs?.["data"]) ? inputs["data"] : {};
  return new Map(
    Object.entries(data).flatMap(([name, content]) => {
      if (typeof content !== "string") return [];
      const path = `data["${name}"]`;
      const readable = readableText(content);
      const sides = step.kind === "create" ? [undefined, readable] : [readable, undefined];
      const file = compared(filePath(step, path), sides[0], sides[1]);
      return file === undefined ? [] : [[path, file] as const];
    }),
  );
}

function filePath(step: StepDescription, path: string): string {
  const [, entry] = /^data\["(.*)"\]$/.exec(path) ?? /^data\.(.*)$/.exec(path) ?? [];
  const kind = step.type.split(":").at(-1)?.toLowerCase() ?? "";
  return cut(`${kind}/${step.name}/${entry ?? path}`, TEXT_MAX);
}

function compared(
  path: string,
  before: string | undefined,
  after: string | undefined,
): ReportFile | undefined {
  const { hunks } = structuredPatch("a", "b", before ?? "", after ?? "", undefined, undefined, {
    context: CONTEXT_LINES,
  });
  if (hunks.length === 0) return undefined;
  const lines = hunks.flatMap((hunk) => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines.filter((line) => !line.startsWith("\\")),
  ]);
  const rest = lines.length - LINES_MAX;
  const shown = lines.slice(0, LINES_MAX).map((line) => cut(line, LINE_MAX));
  return {
    path,
    kind: before === undefined ? "added" : after === undefined ? "removed" : "changed",
    lines: rest <= 0 ? shown : [...shown, `@@ ${rest} more lines @@`],
  };
}

function documentAt(inputs: PropertyMap | undefined, path: string): string | undefined {
  const value = propertyAt(inputs, path);
  if (typeof value !== "string") return undefined;
  const readable = readableText(value);
  return readable.includes("\n") ? readable : undefined;
}

/** JSON on one line is laid out, so that the line that changed can be seen. */
function readableText(value: string): string {
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return `${JSON.stringify(JSON.parse(value), null, 2)}\n`;
  } catch {
    return value;
  }
}
