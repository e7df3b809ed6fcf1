/**
 * Makes hostile text harmless in GitHub's, GitLab's and Gitea's Markdown and in HTML. Texts of a pull
 * request stand in code only: there neither markup, nor mentions, nor references, nor links are made.
 */
import { visible } from "./short.ts";

/** In HTML, between tags and in quoted attributes. */
export function html(text: string): string {
  return visible(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * Inline code of one line, also inside of a table. A plain span takes its text as it is, but cannot hold a
 * backtick, and a pipe or backslash in it may end a cell: such text is written in numeric entities, which
 * Markdown never takes for structure.
 */
export function markdownCode(text: string): string {
  const shown = visible(text);
  if (shown === "") return "<code></code>";
  // A comment's beginning is written so too: nobody who looks for our marker finds another one.
  const isPlain = !/[`|\\]|<!--/.test(shown) && shown === shown.trim();
  return isPlain ? `\`${shown}\`` : `<code>${entities(shown)}</code>`;
}

function entities(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

/** Text of ours: what stands in it is known, but a table's border is not to be broken by it either. */
export function markdownText(text: string): string {
  return visible(text).replaceAll(/[&<>|`*_[\]\\@#~$]/g, (character) =>
    character === "@" ? "@<!-- -->" : `&#${character.charCodeAt(0)};`,
  );
}

/** A fence longer than any run of backticks in the lines, so that no line can end it. */
export function fenceFor(lines: readonly string[]): string {
  const longest = lines.reduce(
    (most, line) => Math.max(most, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)),
    0,
  );
  return "`".repeat(Math.max(3, longest + 1));
}

/** A line inside of a fence; only a line's end could break it. What is invisible is shown. */
export function fencedLine(text: string): string {
  // Entities mean nothing here, so that a forged marker is marked as one. A tab is no trick.
  return text
    .replaceAll("<!--", "<\\u{21}--")
    .split("\t")
    .map((part) => visible(part))
    .join("\t");
}
