import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runOrThrow } from "../base/process.ts";
import { type Bundle, bundleProgram } from "./bundle.ts";
import { weights } from "./recipes/weights.ts";

const root = path.resolve(import.meta.dirname, "../..");

let bundle: Bundle;
beforeAll(async () => {
  if (weights.program === undefined) throw new Error("its recipe has no program");
  bundle = await bundleProgram(root, weights.program);
});

test("node:http is not asked for all of its names, of which one loads Node's own fetch", async () => {
  const loadsFetch = `console.log(process.moduleLoadList.some((one) => one.endsWith("undici/undici")))`;
  const says = async (line: string) => {
    const words = ["--input-type=module", "--eval", `${line};${loadsFetch}`];
    return (await runOrThrow(process.execPath, words)).stdout.trim();
  };
  expect(await says(`import "node:http"`), "the reason is gone").toBe("true");
  expect(await says(`process.getBuiltinModule("node:http").createServer()`)).toBe("false");
  // Not toMatch: a failure would print the whole bundle.
  expect(/getBuiltinModule\(.node:http.\)/.test(bundle.code)).toBe(true);
  expect(/\bfrom ?.(node:)?http["'`]/.test(bundle.code)).toBe(false);
});

test("V8 keeps one byte for each character of it", () => {
  expect(/[^\0-\xff]/.test(bundle.code)).toBe(false);
});

describe("the source map of a bundle", () => {
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
