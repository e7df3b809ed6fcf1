import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Bundle, bundleProgram } from "./bundle.ts";
import { weights } from "./recipes/weights.ts";

const root = path.resolve(import.meta.dirname, "../..");

describe("the source map of a bundle", () => {
  let bundle: Bundle;
  beforeAll(async () => {
    if (weights.program === undefined) throw new Error("its recipe has no program");
    bundle = await bundleProgram(root, weights.program);
  });

  /** Where a text of the bundle was written, as Node looks it up for a frame of a stack. */
  const placeOf = (text: string) => {
    const lines = bundle.code.split("\n");
    const line = lines.findIndex((one) => one.includes(text));
    expect(line, text).toBeGreaterThan(-1);
    const column = lines[line]?.indexOf(text) ?? 0;
    const entry = new SourceMap(JSON.parse(bundle.map)).findEntry(line, column);
    return "originalSource" in entry ? entry : null;
  };

  test("leads from a text of ours to its file and line", () => {
    const text = "is not the manifest that was asked for";
    const file = "tools/weights/mirror-model.ts";
    const lines = readFileSync(path.join(root, file), "utf8").split("\n");
    const place = placeOf(text);
    expect(place?.originalSource.endsWith(file)).toBe(true);
    expect(place?.originalLine).toBe(lines.findIndex((line) => line.includes(text)));
  });

  test("holds no place of a package, and nobody's text: a process keeps all of it in memory", () => {
    expect(placeOf("Headers Timeout Error")?.originalSource).toBeUndefined();
    const { sources, sourcesContent } = JSON.parse(bundle.map);
    expect(sources.filter((source: string) => source.includes("node_modules"))).toEqual([]);
    expect(sourcesContent ?? []).toEqual([]);
  });
});
