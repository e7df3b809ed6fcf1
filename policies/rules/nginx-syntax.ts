/**
 * The little of nginx's configuration language that a rule needs: directives with their words and
 * blocks, quotes and comments. https://nginx.org/en/docs/beginners_guide.html#conf_structure
 */
export interface Directive {
  readonly name: string;
  readonly words: readonly string[];
  /** undefined: a simple directive. */
  readonly block: readonly Directive[] | undefined;
}

export class NginxSyntaxError extends Error {}

export function parseNginx(text: string): readonly Directive[] {
  const tokens = tokenise(text);
  const { directives, next } = parseBlock(tokens, 0, 0);
  if (next < tokens.length) throw new NginxSyntaxError("a } without its {");
  return directives;
}

interface Token {
  readonly text: string;
  /** A quoted `{` is a word, not the beginning of a block. */
  readonly quoted: boolean;
}

const TOKEN =
  /\s+|#[^\n]*|"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|[{};]|(?:\$\{[^}]*\}|\\[\s\S]|[^\s{};"'#\\])(?:\$\{[^}]*\}|\\[\s\S]|[^\s{};\\])*/gy;

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      const line = text.slice(0, from).split("\n").length;
      throw new NginxSyntaxError(`an open quote on line ${line}`);
    }
    const [whole, double, single] = match;
    if (/^(\s|#)/.test(whole)) continue;
    const quotedText = double ?? single;
    tokens.push({ text: quotedText ?? whole, quoted: quotedText !== undefined });
  }
  return tokens;
}

/** nginx itself stops far earlier; this keeps a hostile text from filling the stack. */
const DEPTH_MAX = 50;

function parseBlock(tokens: readonly Token[], start: number, depth: number) {
  if (depth > DEPTH_MAX) throw new NginxSyntaxError("blocks nested too deeply");
  const directives: Directive[] = [];
  let words: string[] = [];
  let index = start;
  while (index < tokens.length) {
    const token = tokens[index] as Token;
    index += 1;
    const mark = token.quoted ? "" : token.text;
    if (mark === ";") {
      if (words.length > 0) directives.push(directive(words, undefined));
      words = [];
    } else if (mark === "{") {
      const inner = parseBlock(tokens, index, depth + 1);
      if (tokens[inner.next]?.text !== "}") throw new NginxSyntaxError("a { without its }");
      directives.push(directive(words, inner.directives));
      words = [];
      index = inner.next + 1;
    } else if (mark === "}") {
      if (words.length > 0) throw new NginxSyntaxError(`no ; after ${words[0]}`);
      return { directives, next: index - 1 };
    } else {
      words.push(token.text);
    }
  }
  if (words.length > 0) throw new NginxSyntaxError(`no ; after ${words[0]}`);
  return { directives, next: index };
}

function directive(words: readonly string[], block: readonly Directive[] | undefined): Directive {
  const [name = "", ...rest] = words;
  return { name, words: rest, block };
}
