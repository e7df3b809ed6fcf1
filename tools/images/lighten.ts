/** What a bundle takes of the memory of every process that runs it, made less. */
import {
  decode,
  encode,
  type SourceMapLine,
  type SourceMapSegment,
} from "@jridgewell/sourcemap-codec";

export interface Mapped {
  readonly code: string;
  /** A source map, version 3, as JSON. */
  readonly map: string;
}

/** Above it a text takes two bytes for each of its characters, all of them, and V8 keeps the whole program's. */
const BEYOND_LATIN_1 = /[^\0-\xff]/g;
/** Here an escape would be read as it is written. */
const RAW_TEXT = /\bString\.raw`[^`]*[^\0-\xff]/;
/** `\u4e2d` instead of one character. */
const LONGER_BY = 5;

/**
 * The same program, of which V8 keeps one byte for each character and Node one place for each line of the sources.
 * Throws where an escape would change what a text means.
 */
export function lighten({ code, map }: Mapped): Mapped {
  if (RAW_TEXT.test(code))
    throw new Error("a String.raw of the bundle has characters beyond Latin-1");
  const { mappings, ...rest } = JSON.parse(map) as { mappings: string };
  const texts = code.split("\n");
  const places = decode(mappings).map((line, index) => shift(linesOnly(line), texts[index] ?? ""));
  return {
    code: code.replace(BEYOND_LATIN_1, escaped),
    map: JSON.stringify({ ...rest, names: [], mappings: encode(places) }),
  };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A frame of a stack needs the line; its column is then the line's first. */
function linesOnly(line: SourceMapLine): SourceMapLine {
  const kept: SourceMapSegment[] = [];
  for (const [column, ...place] of line) {
    const [source, row, at] = place;
    const before = kept.at(-1);
    if (before?.[1] === source && before?.[2] === row && before !== undefined) continue;
    kept.push(
      source === undefined || row === undefined ? [column] : [column, source, row, at ?? 0],
    );
  }
  return kept;
}

function shift(line: SourceMapLine, text: string): SourceMapLine {
  const longer = [...text.matchAll(BEYOND_LATIN_1)].map(({ index }) => index);
  let passed = 0;
  return line.map(([column, ...place]) => {
    while ((longer[passed] ?? Number.POSITIVE_INFINITY) < column) passed += 1;
    return [column + passed * LONGER_BY, ...place] as SourceMapSegment;
  });
}
