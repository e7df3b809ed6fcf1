import { SourceMap } from "node:module";
import { encode } from "@jridgewell/sourcemap-codec";
import { describe, expect, test } from "vitest";
import { lighten } from "./lighten.ts";

/** One line of code; a place for each of `columns`, in the source's lines of the same rank. */
function mapped(code: string, places: [column: number, line: number][]) {
  const segments = places.map(
    ([column, line]) => [column, 0, line, 0] as [number, number, number, number],
  );
  const map = { version: 3, sources: ["a.ts"], names: [], mappings: encode([segments]) };
  return { code, map: JSON.stringify(map) };
}

describe("characters beyond Latin-1", () => {
  const values = {
    "of a string": `"中文 …"`,
    "outside of the basic plane": `"𠮷"`,
    "of a template": `\`中\${1}文\``,
    "of a pattern": `/^[一-龥…]+$/.exec("中…")[0]`,
    "of a pattern by code points": `/^𠮷{2}$/u.test("𠮷𠮷")`,
    "of a property's name": `({ "中": 1, 文: 2 })`,
  };

  test.each(Object.entries(values))("%s mean the same once escaped", (_, code) => {
    const light = lighten(mapped(code, [])).code;
    expect(light).toMatch(/^[\0-\xff]*$/);
    expect(evaluate(light)).toEqual(evaluate(code));
  });

  test("are refused where an escape would be read as it is written", () => {
    expect(() => lighten(mapped("String.raw`中`", []))).toThrow("String.raw");
  });

  test("leave what is Latin-1 as it is", () => {
    expect(lighten(mapped(`"é × ·"`, [])).code).toBe(`"é × ·"`);
  });

  test("move the places that stand behind them, and no other", () => {
    const code = `a("中文");b("é");c("…");d()`;
    const at = (text: string) => [code.indexOf(text), 0] as const;
    const names = ["a(", "b(", "c(", "d("];
    const light = lighten(
      mapped(
        code,
        names.map((name, line) => [at(name)[0], line]),
      ),
    );
    const map = new SourceMap(JSON.parse(light.map));
    const lines = names.map((name) => map.findEntry(0, light.code.indexOf(name)));
    expect(lines.map((entry) => ("originalLine" in entry ? entry.originalLine : null))).toEqual([
      0, 1, 2, 3,
    ]);
  });
});

test("a line of the source has one place, wherever the program comes back to it", () => {
  const code = "0123456789";
  const places: [number, number][] = [
    [0, 7],
    [2, 7],
    [4, 8],
    [5, 7],
    [8, 7],
  ];
  const map = new SourceMap(JSON.parse(lighten(mapped(code, places)).map));
  const lineAt = (column: number) => {
    const entry = map.findEntry(0, column);
    return "originalLine" in entry ? [entry.generatedColumn, entry.originalLine] : null;
  };
  expect([0, 3, 4, 5, 9].map(lineAt)).toEqual([
    [0, 7],
    [0, 7],
    [4, 8],
    [5, 7],
    [5, 7],
  ]);
});

function evaluate(code: string): unknown {
  return new Function(`return ${code}`)();
}
