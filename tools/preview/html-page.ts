/** A page as one HTML file that stands by itself: no script, no request, dark and light, prints well. */
import { html } from "./escape.ts";
import type { Block, Page, Section, Text } from "./page.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --add: #1a7f3733; --gone: #cf222e33; --hunk: #0969da22; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--soft); }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
code { background: var(--soft); border-radius: 3px; padding: 0 .25em; overflow-wrap: anywhere; }
pre { border: 1px solid var(--line); padding: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 1rem; }
pre span { display: block; min-height: 1.45em; } .add { background: var(--add); } .gone { background: var(--gone); } .hunk { background: var(--hunk); }
details { border: 1px solid var(--line); border-radius: 4px; margin: .6rem 0; padding: .2rem .8rem; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
footer { border-top: 1px solid var(--line); font-size: .85rem; margin-top: 2rem; padding-top: .5rem; }
@media print { details { break-inside: avoid-page; } }
`;

/** Nothing of the page may be loaded or run, whatever a name in it may say. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function htmlPage(page: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${html(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${html(page.title)}</h1>
<ul>
${page.lead.map((text) => `<li>${inline(text)}</li>`).join("\n")}
</ul>
${page.sections.map(section).join("\n")}
<footer>
${page.foot.map((text) => `<p>${inline(text)}</p>`).join("\n")}
</footer>
</body>
</html>
`;
}

function section({ title, open, blocks }: Section): string {
  const body = blocks.map(block).join("\n");
  if (open) return `<section>\n<h2>${html(title)}</h2>\n${body}\n</section>`;
  return `<details>\n<summary>${html(title)}</summary>\n${body}\n</details>`;
}

function block(one: Block): string {
  switch (one.kind) {
    case "paragraph":
      return `<p>${inline(one.text)}</p>`;
    case "list":
      return `<ul>\n${one.items.map((item) => `<li>${inline(item)}</li>`).join("\n")}\n</ul>`;
    case "table": {
      const head = one.head.map((cell) => `<th>${html(cell)}</th>`).join("");
      const rows = one.rows.map(
        (row) => `<tr>${row.map((cell) => `<td>${inline(cell)}</td>`).join("")}</tr>`,
      );
      return `<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table></div>`;
    }
    case "lines":
      return `<p>${inline(one.title)}</p>\n<pre>${one.lines.map((text) => line(text, one.language)).join("")}</pre>`;
  }
}

const CLASSES: Readonly<Record<string, string>> = { "+": "add", "-": "gone", "@": "hunk" };

function line(text: string, language: "diff" | "text"): string {
  const name = language === "diff" ? CLASSES[text[0] ?? ""] : undefined;
  const shown = text.split("\t").map(html).join("\t");
  return `<span${name === undefined ? "" : ` class="${name}"`}>${shown}</span>`;
}

function inline(text: Text): string {
  return text
    .map((span) => {
      if (typeof span === "string") return html(span);
      if ("code" in span) return `<code>${html(span.code)}</code>`;
      return `<a href="${html(span.link)}">${html(span.text)}</a>`;
    })
    .join("");
}
