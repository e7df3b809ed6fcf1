/**
 * The tests of a table of changes: one setting changed, and exactly the resources that a preview then
 * shows made, gone, changed or replaced, or why it is refused. What is expected stands in golden/, to be
 * read line by line where it changes (UPDATE=1 writes it).
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changed, type Values } from "../config/test-settings.ts";
import { UserError } from "../tools/base/user-error.ts";
import type { StepKind } from "../tools/engine/events.ts";
import type { Snapshot } from "../tools/engine/resource.ts";
import { type Change, valuesOf } from "./test-changes.ts";
import { previewedSite, simulatedSite } from "./test-engine.ts";

const UPDATES = process.env["UPDATE"] === "1";

interface Base {
  readonly values: Values;
  readonly snapshot: Snapshot | undefined;
}

/** `golden` is the name of a file. */
export function testPreviewsOf(golden: string, changes: readonly Change[]): void {
  const file = path.resolve(import.meta.dirname, "golden", golden);
  const expected = sectionsOf(readFileSync(file, "utf8"));
  const bases = new Map<string, Base>();
  const seen = new Map<string, string>();

  beforeAll(async () => {
    for (const stack of new Set(changes.map(([name]) => name))) {
      const values = await valuesOf(stack);
      const { errors, snapshot } = await simulatedSite(stack, values);
      expect(errors).toEqual([]);
      bases.set(stack, { values, snapshot });
    }
  });

  afterAll(() => {
    const text = [...seen].map(([title, lines]) => `${title}\n${lines}\n`).join("");
    if (UPDATES) writeFileSync(file, text);
  });

  describe("a change of", () => {
    test.each(changes.map((change) => [titleOf(change), change] as const))("%s", async (...row) => {
      const [title, [stack, at, value]] = row;
      const { values, snapshot } = bases.get(stack) as Base;
      const lines = await touchedBy(stack, changed(values, at, value), snapshot);
      seen.set(title, lines.map((line) => `  ${line}`).join("\n"));
      if (!UPDATES) expect(seen.get(title)).toBe(expected.get(title));
    });
  });

  test("every line that is kept is of a change that is made", () => {
    if (!UPDATES) expect([...expected.keys()]).toEqual(changes.map(titleOf));
  });
}

const MARKS: Partial<Record<StepKind, string>> = {
  create: "+",
  delete: "-",
  update: "~",
  replace: "±",
};

/** What is touched, a line for each kind of thing; or why the settings were refused. */
async function touchedBy(stack: string, values: Values, base: Snapshot | undefined) {
  const found = await previewedSite(stack, values, base).catch((error: unknown) => {
    if (error instanceof UserError) return { errors: [error.message], steps: [] };
    throw error;
  });
  if (found.errors.length > 0) return found.errors.flatMap(refusals);
  const things = found.steps.flatMap(({ kind, type, name, custom }) => {
    const mark = MARKS[kind];
    return mark === undefined || !custom ? [] : [[`${mark} ${type.split(":").at(-1)}`, name]];
  }) as [string, string][];
  const byKind = Map.groupBy(things.sort(), ([kind]) => kind);
  return byKind.size === 0
    ? ["nothing"]
    : [...byKind].map(([kind, of]) => `${kind}: ${of.map(([, name]) => name).join(", ")}`);
}

/** Of the screen that a person sees, path and fault of each. */
function refusals(text: string): string[] {
  const found = [...text.matchAll(/^ {2}(deepseek:\S+)\n {4}(.+)$/gm)];
  if (found.length === 0) throw new Error(text);
  return found.map(([, at, wrong]) => `refused: ${at} ${wrong}`);
}

function titleOf([stack, at, value]: Change): string {
  return `${stack}: ${at} = ${JSON.stringify(value, (_, inner) =>
    typeof inner === "string" && inner.startsWith("-----BEGIN ") ? "(PEM)" : inner,
  )}`;
}

function sectionsOf(text: string): ReadonlyMap<string, string> {
  const parts = text.trimEnd().split(/\n(?=\S)/);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(0, end), part.slice(end + 1)];
    }),
  );
}
