/** A report before it is HTML or Markdown: headings, sentences and tables. */
import type { ClauseResult } from "./assessment.ts";

export interface Marked {
  readonly text: string;
  readonly result: ClauseResult;
}

export type Cell = string | Marked;

export type Block =
  | { readonly kind: "heading"; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "notice"; readonly text: string }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
      /** Widths in percent, for paper. */
      readonly widths?: readonly number[];
    };

export const heading = (level: 1 | 2 | 3, text: string): Block => ({
  kind: "heading",
  level,
  text,
});
export const text = (words: string): Block => ({ kind: "text", text: words });
export const notice = (words: string): Block => ({ kind: "notice", text: words });
export const table = (
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  widths?: readonly number[],
): Block => ({ kind: "table", head, rows, ...(widths === undefined ? {} : { widths }) });

export function textOfCell(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
