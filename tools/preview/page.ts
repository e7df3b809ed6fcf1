/**
 * A report as a page of plain parts, before it is Markdown or HTML. Words of ours are texts; whatever came
 * from a program, a pull request or an artifact is code, which no renderer takes for markup.
 */

export type Span =
  | string
  | { readonly code: string }
  | { readonly link: string; readonly text: string };
export type Text = readonly Span[];

export type Block =
  | { readonly kind: "paragraph"; readonly text: Text }
  | { readonly kind: "list"; readonly items: readonly Text[] }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly Text[])[];
    }
  /** A unified diff, or plain lines where `language` is text. */
  | {
      readonly kind: "lines";
      readonly title: Text;
      readonly language: "diff" | "text";
      readonly lines: readonly string[];
    };

export interface Section {
  readonly title: string;
  /** Open ones are read by everybody; the others by whoever asks. */
  readonly open: boolean;
  readonly blocks: readonly Block[];
}

export interface Page {
  readonly stack: string;
  readonly title: string;
  readonly lead: readonly Text[];
  readonly sections: readonly Section[];
  readonly foot: readonly Text[];
}

export function code(text: string): Span {
  return { code: text };
}
