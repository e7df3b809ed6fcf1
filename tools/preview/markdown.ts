/**
 * A page as one comment in Markdown, of at most so many characters: rows and lines are left out from the
 * end, whole, and counted, so that no table, fence or fold is ever cut through.
 */
import { fencedLine, fenceFor, html, markdownCode, markdownText } from "./escape.ts";
import type { Block, Page, Section, Text } from "./page.ts";

/** GitHub's limit of one comment. GitLab takes a million, Gitea has none. */
export const COMMENT_MAX = 65_536;

/** By this line a bot finds its own earlier comment; nothing that comes from a program can hold it. */
export function markerOf(stack: string): string {
  return `<!-- deepseek-preview:${stack} -->`;
}

/** For `… N more`, the closing of what is open, and the notice at the end. */
const RESERVE = 600;

export function markdown(page: Page, most = COMMENT_MAX): string {
  const head = [
    markerOf(page.stack),
    `## ${markdownText(page.title)}`,
    "",
    ...page.lead.map((text) => `- ${inline(text)}`),
    "",
  ].join("\n");
  const foot = `\n---\n${page.foot.map((text) => `<sub>${inline(text)}</sub>`).join("<br>\n")}\n`;
  const room = new Room(most - head.length - foot.length - RESERVE);
  const body = page.sections.map((section) => fold(section, room)).join("");
  const notice = room.left > 0 ? `\n**${cutNotice(room.left)}**\n` : "";
  return `${head}${body}${notice}${foot}`;
}

function cutNotice(left: number): string {
  return `${left} rows and lines did not fit into one comment; the whole report is in the JSON or HTML format.`;
}

/** Characters that may still be used; what did not fit is counted. */
class Room {
  left = 0;
  private rest: number;

  constructor(rest: number) {
    this.rest = rest;
  }

  /** Takes `text` if it fits. */
  take(text: string): boolean {
    if (text.length > this.rest) return false;
    this.rest -= text.length;
    return true;
  }
}

function fold(section: Section, room: Room): string {
  const title = html(section.title);
  const [open, close] = section.open
    ? [`\n### ${markdownText(section.title)}\n\n`, ""]
    : [`\n<details><summary><b>${title}</b></summary>\n\n`, "\n</details>\n"];
  if (!room.take(open + close)) {
    room.left += section.blocks.reduce((sum, block) => sum + unitsOf(block).length, 0);
    return "";
  }
  const blocks = section.blocks.map((block) => fitted(block, room));
  // A fold that shows nothing of what it names would be a lie; its title says what is missing.
  return `${open}${blocks.join("")}${close}`;
}

interface Frame {
  readonly before: string;
  readonly after: string;
  /** Says in the block's own form that rows are missing. */
  readonly rest: (count: number) => string;
}

/** Longest `rest` line of all blocks, with a number of seven digits. */
const REST_MAX = 60;

function fitted(block: Block, room: Room): string {
  const units = unitsOf(block);
  const { before, after, rest } = frameOf(block);
  if (!room.take(before + after + " ".repeat(REST_MAX))) {
    room.left += units.length;
    return "";
  }
  let count = 0;
  while (count < units.length && room.take(units[count] ?? "")) count += 1;
  const missing = units.length - count;
  room.left += missing;
  return `${before}${units.slice(0, count).join("")}${missing === 0 ? "" : rest(missing)}${after}`;
}

function unitsOf(block: Block): string[] {
  switch (block.kind) {
    case "paragraph":
      return [`${inline(block.text)}\n\n`];
    case "list":
      return block.items.map((item) => `- ${inline(item)}\n`);
    case "table":
      return block.rows.map((row) => `| ${row.map(inline).join(" | ")} |\n`);
    case "lines":
      return block.lines.map((line) => `${fencedLine(line)}\n`);
  }
}

function frameOf(block: Block): Frame {
  switch (block.kind) {
    case "paragraph":
      return { before: "", after: "", rest: () => "" };
    case "list":
      return { before: "", after: "\n", rest: (count) => `- … ${count} more\n` };
    case "table": {
      const rule = block.head.map(() => "---").join(" | ");
      return {
        before: `| ${block.head.map(markdownText).join(" | ")} |\n| ${rule} |\n`,
        after: "\n",
        rest: (count) => `| … ${count} more${" |".repeat(block.head.length)}\n`,
      };
    }
    case "lines": {
      const fence = fenceFor(block.lines);
      const language = block.language === "text" ? "" : block.language;
      return {
        before: `${inline(block.title)}\n\n${fence}${language}\n`,
        after: `${fence}\n\n`,
        rest: (count) => `… ${count} more lines\n`,
      };
    }
  }
}

function inline(text: Text): string {
  return text
    .map((span) => {
      if (typeof span === "string") return markdownText(span);
      if ("code" in span) return markdownCode(span.code);
      return `[${markdownText(span.text)}](${span.link})`;
    })
    .join("");
}
