/** Texts that fit: never half a character, never half a link, and nothing that a channel takes for markup. Pure. */

export type Measure = (text: string) => number;

export const utf8Bytes: Measure = (text) => Buffer.byteLength(text, "utf8");
/** As it travels inside of JSON: a quotation mark or a line's end takes two. */
export const jsonBytes: Measure = (text) => utf8Bytes(JSON.stringify(text)) - 2;

const ELLIPSIS = "…";
/** What a reader takes for one character may be several code points (families, flags, accents). */
const CHARACTERS = new Intl.Segmenter("und", { granularity: "grapheme" });

export function cutText(text: string, max: number, measure: Measure = utf8Bytes): string {
  if (measure(text) <= max) return text;
  const room = max - measure(ELLIPSIS);
  let kept = "";
  let used = 0;
  for (const { segment } of CHARACTERS.segment(text)) {
    used += measure(segment);
    if (used > room) break;
    kept += segment;
  }
  if (room < 0) return "";
  return `${withoutHalfLink(kept, text).trimEnd()}${ELLIPSIS}`;
}

/** An address that lost its end leads somewhere else: it goes as a whole. */
function withoutHalfLink(kept: string, text: string): string {
  const tail = /https?:\/\/\S*$/.exec(kept);
  if (tail === null || /^\s/.test(text.slice(kept.length))) return kept;
  return kept.slice(0, tail.index);
}

/** Control characters, and those that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}]+/gu;

/** One line without control characters: a label's value is what some program made of a caller's words. */
export function oneLine(text: string): string {
  return text.replace(UNSEEN, " ").replace(/\s+/g, " ").trim();
}

/**
 * What Markdown would take for more than words: tags (WeCom's and Feishu's way of calling people), links
 * and pictures; stress, but not the underscore inside of a name; at a line's beginning what makes it a
 * head, a quotation, an item or a rule, which the line above it may become as well.
 */
const MARKS =
  /[<*`\\]|\](?=[([:])|~~+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])|^(?:>+|[#+-]+(?=\s|$)|=+$)/gu;

/** For channels that read Markdown. Words stay readable: each mark is replaced by its wide twin. */
export function plainMarkdown(text: string): string {
  return oneLine(text).replace(MARKS, (marks) =>
    String.fromCharCode(...[...marks].map((mark) => mark.charCodeAt(0) + TO_WIDE)),
  );
}

/** From `!` at U+0021 to `！` at U+FF01, and so for all of ASCII. */
const TO_WIDE = 0xfee0;

/** An address as Markdown takes it; undefined where it is none, or longer than any message should carry. */
export function linkOf(address: string | undefined): string | undefined {
  if (address === undefined || !/^https?:\/\//.test(address) || !URL.canParse(address))
    return undefined;
  const whole = new URL(address).href.replaceAll("(", "%28").replaceAll(")", "%29");
  return whole.length <= LINK_CHARACTERS_MAX ? whole : undefined;
}

const LINK_CHARACTERS_MAX = 500;
