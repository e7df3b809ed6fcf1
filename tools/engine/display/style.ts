/**
 * Lines as spans of text with a meaning (not a colour). They are cut to the width of the terminal
 * while they are still plain text, and only then painted, so that no escape code is ever cut.
 */
export type Tone = "plain" | "dim" | "bold" | "create" | "update" | "replace" | "delete" | "danger";

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Line = readonly Span[];

export interface Paint {
  readonly color: boolean;
  /** Longer lines are cut; Infinity leaves them as they are. */
  readonly columns: number;
}

// The 16 colours that every terminal theme makes readable; replacements are what hurts, so magenta.
const CODES: Readonly<Record<Tone, string>> = {
  plain: "",
  dim: "\x1b[2m",
  bold: "\x1b[1m",
  create: "\x1b[32m",
  update: "\x1b[33m",
  replace: "\x1b[35m",
  delete: "\x1b[31m",
  danger: "\x1b[1;31m",
};
const RESET = "\x1b[0m";

export function span(text: string, tone: Tone = "plain"): Span {
  return { text, tone };
}

export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + textWidth(text), 0);
}

export function paintLine(line: Line, paint: Paint): string {
  return cutLine(line, paint.columns)
    .map(({ text, tone }) =>
      paint.color && CODES[tone] !== "" && text !== "" ? `${CODES[tone]}${text}${RESET}` : text,
    )
    .join("")
    .replace(/\s+$/, "");
}

function cutLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const kept: Span[] = [];
  let room = columns;
  for (const item of line) {
    const width = textWidth(item.text);
    if (width <= room - 1) {
      kept.push(item);
      room -= width;
      continue;
    }
    return [...kept, { ...item, text: cutText(item.text, room) }];
  }
  return kept;
}

/** `text` in at most `columns` cells, with an ellipsis where something was left out. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = "";
  let room = columns - 1;
  for (const { segment } of segmenter.segment(text)) {
    const width = segmentWidth(segment);
    if (width > room) break;
    kept += segment;
    room -= width;
  }
  return columns <= 0 ? "" : `${kept}…`;
}

/** Breaks a text at spaces; a word longer than the line keeps a line of its own. */
export function wrapText(text: string, columns: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const indent = /^\s*/.exec(paragraph)?.[0] ?? "";
    const lines: string[] = [];
    let current = indent;
    for (const word of paragraph.trim().split(/ +/)) {
      const longer = current.trim() === "" ? `${indent}${word}` : `${current} ${word}`;
      if (textWidth(longer) > columns && current.trim() !== "") {
        lines.push(current);
        current = `${indent}${word}`;
      } else current = longer;
    }
    return [...lines, current];
  });
}

const segmenter = new Intl.Segmenter();

export function textWidth(text: string): number {
  // The common case, and the only one in a tree of a thousand names.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** East Asian wide characters and emoji take two cells (Unicode TR 11, its main blocks). */
function segmentWidth(segment: string): number {
  const wide =
    /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
  return wide.test(segment) ? 2 : 1;
}

/** Takes what would move the cursor or change colours out of a text that others wrote. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "�");
}
