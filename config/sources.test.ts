/** Every default says where it comes from, and what is named there is there. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { settingsIn } from "./reference.ts";
import { type SectionName, sections } from "./schema.ts";
import { SOURCE } from "./sources.ts";

const rows = (Object.keys(sections) as SectionName[]).flatMap((name) =>
  settingsIn(name).map((row) => ({ ...row, path: `${name}.${row.path}` })),
);
const defaults = rows.filter(({ fallback }) => fallback !== undefined);

test("a default without a source, or with one of no known kind, is refused", () => {
  const wrong = defaults.filter(({ source = "" }) => !SOURCE.test(source));
  expect(wrong.map(({ path, source }) => `${path}: ${source}`)).toEqual([]);
});

test("a source stands where there is a default", () => {
  const idle = rows.filter(({ fallback, source }) => fallback === undefined && source);
  expect(idle.map(({ path }) => path)).toEqual([]);
});

test("arithmetic that a source names is a function of that file", () => {
  const computed = defaults.flatMap(({ source = "" }) => {
    const { file, name } = SOURCE.exec(source)?.groups ?? {};
    return file === undefined ? [] : [{ file, name }];
  });
  expect(computed.length).toBeGreaterThan(0);
  for (const { file, name } of computed) {
    const text = readFileSync(path.resolve(import.meta.dirname, "..", file), "utf8");
    expect(text).toContain(`function ${name}(`);
  }
});
