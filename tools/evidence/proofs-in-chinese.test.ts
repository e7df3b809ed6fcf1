/** Every sentence that stands in the sources of the proofs has its Chinese. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { figureInChinese, findingOfProofInChinese } from "./proofs-in-chinese.ts";

const SOURCES = [
  ...readdirSync(path.join(import.meta.dirname, "live"))
    .filter((name) => name.endsWith(".ts") && !/test|filter-bank/.test(name))
    .map((name) => `live/${name}`),
  "../../gateway-image/src/audit/verify-trail.ts",
];
/** Two words of people's. */
const SENTENCE = /[a-z]{2,} [a-z]{2,}/;

/** Titles have both languages beside each other; what is being asked is told while it is, in English. */
function isOther(node: ts.Node): boolean {
  return (
    (ts.isPropertyAssignment(node) && node.name.getText() === "en") ||
    (ts.isCallExpression(node) && node.expression.getText() === "step")
  );
}

/** Texts of a source, with `1` where a value stands. */
function textsOf(file: string): string[] {
  const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node);
    if (isText && !isOther(node.parent)) texts.push(node.text);
    if (ts.isTemplateExpression(node)) {
      const rest = node.templateSpans.map(({ literal }) => `1${literal.text}`);
      texts.push(node.head.text + rest.join(""));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2024, true));
  return texts;
}

test.each(SOURCES)("%s", (file) => {
  const left = textsOf(file)
    // Programs that run in a pod and questions for Prometheus are no sentences.
    .filter((text) => SENTENCE.test(text) && !/\n|\bby \(/.test(text))
    .filter((text) =>
      [
        findingOfProofInChinese(text),
        findingOfProofInChinese(`1 ${text}`),
        figureInChinese(text),
      ].every((chinese) => chinese === undefined || SENTENCE.test(chinese)),
    );
  expect(left).toEqual([]);
});

test.each([
  [
    "deepseek/gateway-0: young stack: 5 days of 184; nothing was pruned so far",
    "deepseek/gateway-0：新部署：已留存 5 天，要求 184 天；尚未清除任何记录",
  ],
  [
    "deepseek/gateway-0: 2026-11-26/a.1.jsonl:7 has number 7 after 3",
    "deepseek/gateway-0：2026-11-26/a.1.jsonl:7 序号为 7，前一行为 3",
  ],
  [
    "case: “PROJECT BLUEBIRD” passed, must be blocked",
    "大小写：“PROJECT BLUEBIRD”已放行，应为：已拦截",
  ],
  [
    "https://edge: connect ECONNREFUSED 127.0.0.1:1",
    "https://edge：connect ECONNREFUSED 127.0.0.1:1",
  ],
] as const)("%s", (english, chinese) => {
  expect(findingOfProofInChinese(english)).toBe(chinese);
});
