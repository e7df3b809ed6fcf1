/** Blocks as Markdown: tables of GitHub's kind, with nothing in a cell that would break one. */
import { type Block, type Cell, textOfCell } from "./blocks.ts";

export function renderMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(block).join("\n\n")}\n`;
}

function block(one: Block): string {
  if (one.kind === "heading") return `${"#".repeat(one.level)} ${one.text}`;
  if (one.kind === "text") return one.text;
  if (one.kind === "notice") return `> ${one.text}`;
  return [row(one.head), row(one.head.map(() => "---")), ...one.rows.map(row)].join("\n");
}

function row(cells: readonly Cell[]): string {
  return `| ${cells.map((one) => inCell(textOfCell(one))).join(" | ")} |`;
}

function inCell(words: string): string {
  return words
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;")
    .replaceAll("\n", "<br>");
}
