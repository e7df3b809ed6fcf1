/**
 * What differs between two rendered folders, said shortly: object, path within it, left, right.
 * Documents inside of texts (JSON in a ConfigMap) are looked into, other texts line by line. Pure.
 */
import { parse } from "yaml";
import type { RenderedFile } from "./rendered-files.ts";

export interface Difference {
  /** `deployment-edge of deepseek`, as the folder calls it: `deepseek/deployment-edge`. */
  readonly object: string;
  /** Empty: the whole object is on one side only. */
  readonly path: string;
  readonly left: string;
  readonly right: string;
}

/** Stands where a side has nothing. */
export const ABSENT = "-";
const PRESENT = "present";

/** Checksums that roll pods: they hold random values of the run, and say nothing that is not elsewhere. */
const CHECKSUM = /^spec\.template\.metadata\.annotations\["deepseek\.local\/configuration"\]$/;

export function renderedDiff(
  left: readonly RenderedFile[],
  right: readonly RenderedFile[],
): Difference[] {
  const [before, after] = [documents(left), documents(right)];
  const objects = [...new Set([...before.keys(), ...after.keys()])].sort();
  return objects.flatMap((object) => {
    const [a, b] = [before.get(object), after.get(object)];
    if (a === undefined) return [{ object, path: "", left: ABSENT, right: PRESENT }];
    if (b === undefined) return [{ object, path: "", left: PRESENT, right: ABSENT }];
    return compare(parse(a), parse(b), "").flatMap(({ path, ...sides }) =>
      CHECKSUM.test(path) ? [] : [{ object, path, ...sides }],
    );
  });
}

/** One line each, in columns; the same input gives the same bytes, so that it can be kept and reviewed. */
export function diffText(differences: readonly Difference[]): string {
  return differences
    .map(({ object, path, left, right }) => {
      const place = path === "" ? object : `${object}  ${path}`;
      return `${place}: ${left} → ${right}\n`;
    })
    .join("");
}

/** Files of a configuration are also in their ConfigMap; one of the two is enough. */
function documents(files: readonly RenderedFile[]): Map<string, string> {
  return new Map(
    files.flatMap(({ path, content }) => {
      const [, object] = /^(.*)\.(?:yaml|inputs)$/.exec(path) ?? [];
      const isInside = files.some((file) =>
        path.startsWith(`${file.path.replace(/\.yaml$/, "")}/`),
      );
      return object === undefined || isInside ? [] : [[object, content] as const];
    }),
  );
}

type Sides = Omit<Difference, "object">;

function compare(left: unknown, right: unknown, path: string): Sides[] {
  if (isMap(left) && isMap(right)) return compareMaps(left, right, path);
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right, path);
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right, path);
  if (Object.is(left, right)) return [];
  // A side that is missing is said once, with all that the other one has below it.
  return [{ path, left: shown(left), right: shown(right) }];
}

function compareMaps(
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
  path: string,
): Sides[] {
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  // A key may be called as a method of every object is.
  const own = (map: Readonly<Record<string, unknown>>, key: string) =>
    Object.hasOwn(map, key) ? map[key] : undefined;
  return keys.flatMap((key) => compare(own(left, key), own(right, key), below(path, key)));
}

/** Lists of named things are compared by name, others as sets where they differ in length. */
function compareLists(left: readonly unknown[], right: readonly unknown[], path: string): Sides[] {
  const names = [byName(left), byName(right)] as const;
  if (names[0] !== undefined && names[1] !== undefined) {
    return compareMaps(names[0], names[1], path);
  }
  if (left.length === right.length) {
    return left.flatMap((item, index) => compare(item, right[index], `${path}[${index}]`));
  }
  const texts = [left, right].map((list) => list.map((item) => JSON.stringify(item)));
  const only = (mine: readonly string[] = [], other: readonly string[] = []) =>
    mine.filter((text) => !other.includes(text));
  const gone = only(texts[0], texts[1]).map((text) => ({ path, left: text, right: ABSENT }));
  const come = only(texts[1], texts[0]).map((text) => ({ path, left: ABSENT, right: text }));
  // The same things in another number: their count is all that can be said.
  return gone.length + come.length > 0
    ? [...gone, ...come]
    : [{ path: `${path}.length`, left: String(left.length), right: String(right.length) }];
}

/** What Kubernetes itself takes as the key of such a list. */
const NAME_KEYS = ["name", "id", "containerPort", "port", "topologyKey"];

function byName(list: readonly unknown[]): Record<string, unknown> | undefined {
  for (const key of NAME_KEYS) {
    const entries = list.map((item) => [isMap(item) ? item[key] : undefined, item] as const);
    const names = new Set(entries.map(([name]) => name));
    const usable = entries.every(([name]) => typeof name === "string" || typeof name === "number");
    if (usable && names.size === list.length) {
      return Object.fromEntries(entries.map(([name, item]) => [String(name), item]));
    }
  }
  return undefined;
}

function compareTexts(left: string, right: string, path: string): Sides[] {
  if (left === right) return [];
  const [a, b] = [document(left), document(right)];
  if (a !== undefined && b !== undefined) return compare(a, b, path);
  if (!left.includes("\n") && !right.includes("\n")) {
    return [{ path, left: shown(left), right: shown(right) }];
  }
  return compareLines(left.split("\n"), right.split("\n"), path);
}

function document(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lines of one side only, in their order; those that changed places are not told. */
function compareLines(left: readonly string[], right: readonly string[], path: string): Sides[] {
  const pairs = changedRuns(left, right);
  return pairs.flatMap(({ gone, come }) =>
    Array.from({ length: Math.max(gone.length, come.length) }, (_, index) => ({
      path: `${path} (line)`,
      left: gone[index] === undefined ? ABSENT : shown(gone[index].trim()),
      right: come[index] === undefined ? ABSENT : shown(come[index].trim()),
    })),
  );
}

interface Run {
  readonly gone: string[];
  readonly come: string[];
}

/** The longest common subsequence; what stands between two common lines is one change. */
function changedRuns(left: readonly string[], right: readonly string[]): Run[] {
  const lengths = commonLengths(left, right);
  const runs: Run[] = [];
  let run: Run = { gone: [], come: [] };
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]];
    if (a !== undefined && a === b) {
      if (run.gone.length + run.come.length > 0) runs.push(run);
      run = { gone: [], come: [] };
      i += 1;
      j += 1;
    } else if (
      b === undefined ||
      (a !== undefined && at(lengths, i + 1, j) >= at(lengths, i, j + 1))
    ) {
      run.gone.push(a ?? "");
      i += 1;
    } else {
      run.come.push(b);
      j += 1;
    }
  }
  if (run.gone.length + run.come.length > 0) runs.push(run);
  return runs;
}

function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const lengths = Array.from({ length: left.length + 1 }, () => Array(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const row = lengths[i] ?? [];
      row[j] =
        left[i] === right[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

function at(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function below(path: string, key: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(key)) return path === "" ? key : `${path}.${key}`;
  return `${path}["${key}"]`;
}

const SHOWN_MAX = 160;

function shown(value: unknown): string {
  if (value === undefined) return ABSENT;
  const text = typeof value === "string" && value !== "" ? value : JSON.stringify(value);
  const line = text.replaceAll("\n", "\\n");
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
}
