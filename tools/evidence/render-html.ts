/** Blocks as one HTML file that needs nothing beside it, on a screen and on A4. */
import { type Block, type Cell, textOfCell } from "./blocks.ts";
import { escaped } from "./html-text.ts";
import type { Language } from "./words.ts";

const LANGUAGES: Readonly<Record<Language, string>> = { zh: "zh-CN", en: "en" };

/** Colours are beside a word, never instead of one; borders print where backgrounds do not. */
const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", system-ui, sans-serif; color: #1b1f24; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.8rem; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; border-bottom: 2px solid #1b1f24; padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
.notice { border-left: 4px solid #6b7280; background: #f3f4f6; padding: .5rem .8rem; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: .4rem 0 1rem; }
th, td { border: 1px solid #c4c9d1; padding: .3rem .5rem; text-align: left; vertical-align: top; white-space: pre-line; overflow-wrap: anywhere; }
th { background: #eef0f3; font-weight: 600; }
td.pass { background: #e3f4e6; } td.partial { background: #eef7e4; }
td.fail { background: #fbdcdc; font-weight: 700; } td.exempt { background: #fdeccf; }
td.notEvaluated { background: #e8e4f7; } td.evidence, td.manual { background: #e4eefb; } td.notApplicable { background: #f3f4f6; }
@media screen and (max-width: 40rem) {
  table, tbody, tr, th, td { display: block; width: auto; }
  thead { display: none; }
  tr { margin-bottom: .6rem; border-top: 2px solid #6b7280; }
  td, tr > th { border-top: 0; }
  td:empty { display: none; }
  td[data-head]::before { content: attr(data-head); display: block; font-size: .8rem; font-weight: 400; color: #57606a; }
}
/* Paper stays white. */
@media screen and (prefers-color-scheme: dark) {
  body { background: #14171c; color: #e3e6ea; }
  h2 { border-color: #8b949e; }
  .notice { background: #21262d; }
  th, td { border-color: #3d444d; }
  th { background: #262c34; }
  td.pass { background: #12331f; } td.partial { background: #23331a; }
  td.fail { background: #5a1e22; } td.exempt { background: #4a3610; }
  td.notEvaluated { background: #332b57; } td.evidence, td.manual { background: #17304f; } td.notApplicable { background: #21262d; }
  td[data-head]::before { color: #9aa4af; }
}
@page { size: A4; margin: 15mm 12mm; }
@media print {
  body { font-size: 9.5px; line-height: 1.4; margin: 0; padding: 0; max-width: none; }
  /* A border on the page's very edge is cut off. */
  table { width: calc(100% - 1px); }
  h2, h3, p { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  th, td { padding: .2rem .3rem; }
  td, th, .notice { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

export function renderHtml(blocks: readonly Block[], language: Language): string {
  const title = blocks.find((block) => block.kind === "heading");
  return [
    "<!doctype html>",
    `<html lang="${LANGUAGES[language]}">`,
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title?.kind === "heading" ? title.text : "")}</title>`,
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    ...blocks.map(block),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function block(one: Block): string {
  if (one.kind === "heading") return `<h${one.level}>${escaped(one.text)}</h${one.level}>`;
  if (one.kind === "text") return `<p>${escaped(one.text)}</p>`;
  if (one.kind === "notice") return `<p class="notice">${escaped(one.text)}</p>`;
  const columns = (one.widths ?? []).map((width) => `<col style="width:${width}%">`).join("");
  // A table of two columns without words above them has its words on the left.
  const isNamed = one.head.some((words) => words !== "");
  const head = one.head.map((words) => `<th scope="col">${escaped(words)}</th>`).join("");
  const rows = one.rows.map((cells) => {
    const written = cells.map((each, index) =>
      cell(each, one.head[index] ?? "", isNamed || index > 0),
    );
    return `<tr>${written.join("")}</tr>`;
  });
  return [
    `<table>${columns === "" ? "" : `<colgroup>${columns}</colgroup>`}`,
    ...(isNamed ? [`<thead><tr>${head}</tr></thead>`] : []),
    `<tbody>${rows.join("\n")}</tbody>`,
    "</table>",
  ].join("\n");
}

/** With the words of its column, which stand above it where a narrow screen shows cells one by one. */
function cell(one: Cell, head: string, isValue: boolean): string {
  const words = escaped(textOfCell(one));
  if (!isValue) return `<th scope="row">${words}</th>`;
  const label = head === "" ? "" : ` data-head="${escaped(head)}"`;
  const result = typeof one === "string" ? "" : ` class="${one.result}"`;
  return `<td${result}${label}>${words}</td>`;
}
