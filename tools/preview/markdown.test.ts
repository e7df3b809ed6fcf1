/** The comment as GitHub reads it: hostile texts stay texts, and a cut never goes through anything. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pageOf } from "./comment.ts";
import { markdownCode } from "./escape.ts";
import { htmlPage } from "./html-page.ts";
import { COMMENT_MAX, markdown, markerOf } from "./markdown.ts";
import { type Report, reportSchema } from "./report.ts";
import { everywhere, HOSTILE, hostileText, largeReport, REPORT, STEP } from "./test-report.ts";

const render = (report: Report) => markdown(pageOf(report));

/** The comment's lines with the content of fences taken out; a fence that is not closed is an error. */
function outsideFences(comment: string): string[] {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of comment.split("\n")) {
    const [, run = ""] = /^(`{3,})/.exec(line) ?? [];
    if (fence === undefined && run !== "") fence = run;
    else if (fence !== undefined && line.trimEnd() === fence) fence = undefined;
    else if (fence === undefined) lines.push(line);
  }
  expect(fence).toBeUndefined();
  return lines;
}

/** Without code, in either form: what is left is what Markdown interprets. */
function interpreted(lines: readonly string[]): string {
  return lines
    .join("\n")
    .replaceAll(/<code>[^<>`|@\\]*<\/code>/g, "CODE")
    .replaceAll(/`[^`\n]*`/g, "CODE");
}

function isWhole(comment: string): void {
  const lines = outsideFences(comment);
  const text = interpreted(lines);
  expect(text.match(/<details>/g)?.length ?? 0).toBe(text.match(/<\/details>/g)?.length ?? 0);
  let columns = 0;
  for (const line of lines) {
    if (!line.startsWith("|")) columns = 0;
    else {
      const cells = line.replaceAll(/`[^`]*`/g, "x").split("|").length;
      if (columns !== 0) expect(cells, line).toBe(columns);
      columns = cells;
    }
  }
}

function isHarmless(comment: string): void {
  const text = interpreted(outsideFences(comment));
  const tags = new Set([...text.matchAll(/<\/?([a-z!-][^\s>]*)/gi)].map(([, name]) => name));
  expect([...tags].sort()).toEqual([...tags].filter((tag) => OURS.has(tag ?? "")).sort());
  expect(text).not.toMatch(/@(?!<!-- -->)\w/);
  expect(text).not.toMatch(/!\[|\]\((?!https:\/\/)/);
  expect(text.match(/<!-- deepseek-preview/g)?.length).toBe(1);
  // Nothing invisible but ends of lines and tabs.
  expect(comment).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|(?![\n\t])\p{Cc}/u);
}

const OURS = new Set(["details", "summary", "b", "sub", "br", "!--", "code"]);

describe("a hostile text", () => {
  test.each(HOSTILE)("stays one: %j", (text) => {
    const comment = render(reportSchema.parse(everywhere(text)));
    isWhole(comment);
    isHarmless(comment);
  });

  test("stays one, whatever it is", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const comment = render(everywhere(text));
        isWhole(comment);
        isHarmless(comment);
      }),
      { numRuns: 100 },
    );
  });

  test("forges no marker: the first line is ours, and no other one is like it", () => {
    const comment = render(everywhere(markerOf("prod")));
    expect(comment.split("\n")[0]).toBe("<!-- deepseek-preview:prod -->");
    expect(outsideFences(comment).filter((line) => line.includes("<!-- deepseek"))).toHaveLength(1);
  });

  test("is no tag, no script and no address in HTML", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const page = htmlPage(pageOf(everywhere(text)));
        const body = page.slice(page.indexOf("<body>"));
        const tags = new Set([...body.matchAll(/<([a-z!][^\s>]*)/gi)].map(([, name]) => name));
        for (const tag of tags) expect(HTML_TAGS).toContain(tag);
        expect(body).not.toMatch(/\son\w+="|href="(?!https:)/i);
      }),
      { numRuns: 100 },
    );
  });

  test("is read back as what it was, where it is plain", () => {
    expect(markdownCode("spec.replicas")).toBe("`spec.replicas`");
    expect(markdownCode("a|b")).toBe("<code>a&#124;b</code>");
    expect(markdownCode("a\u202eb")).toBe("<code>a&#92;u&#123;202e&#125;b</code>");
  });
});

const HTML_TAGS =
  "body h1 ul li section h2 div table thead tr th tbody td p code pre span details summary a footer".split(
    " ",
  );

describe("a comment", () => {
  test("is cut at 65,536 characters, and never through a table, a fold or a fence", () => {
    let cuts = 0;
    fc.assert(
      fc.property(largeReport, fc.constantFrom(6_000, 20_000, COMMENT_MAX), (report, most) => {
        const comment = markdown(pageOf(report), most);
        expect(comment.length).toBeLessThanOrEqual(most);
        isWhole(comment);
        isHarmless(comment);
        if (comment.includes("did not fit")) cuts += 1;
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(cuts).toBeGreaterThan(10);
  });

  test("says how much is missing", () => {
    const steps = Array.from({ length: 4_000 }, (_, index) => ({
      ...STEP,
      name: `edge-${index}`,
      more: index,
    }));
    const comment = render({ ...REPORT, steps });
    const [, missing] = /\*\*(\d+) rows and lines did not fit/.exec(comment) ?? [];
    const shown = comment.match(/^\| `edge` \|/gm)?.length ?? 0;
    expect(shown).toBeGreaterThan(100);
    expect(shown + Number(missing)).toBe(4_000);
  });

  test("is the same for the same report", () => {
    expect(render(structuredClone(REPORT))).toBe(render(REPORT));
  });
});

describe("a report from elsewhere", () => {
  test.each([
    ["a field that nobody knows", { ...REPORT, note: "x" }],
    ["a stack's name that closes a comment", { ...REPORT, stack: "prod --> <script>" }],
    ["a text without end", { ...REPORT, errors: ["x".repeat(10_000)] }],
    ["a commit that is none", { ...REPORT, head: { commit: "$(id)", dirty: false } }],
    ["more rows than anybody has", { ...REPORT, steps: Array(6_000).fill(STEP) }],
  ])("is refused with %s", (_, report) => {
    expect(reportSchema.safeParse(report).success).toBe(false);
  });
});
