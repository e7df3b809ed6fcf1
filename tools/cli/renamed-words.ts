/**
 * The difference of two rendered folders, with what is only called otherwise said once: a site's name,
 * its region, the id of a network stand in a hundred places, and a hundred equal lines hide the
 * other ones. A value counts as renamed where putting the new words in the old ones' places makes
 * it the other side's, whole; everything else is told as it is. Pure.
 */
import { ABSENT, type Difference, diffText, renderedDiff } from "./rendered-diff.ts";
import type { RenderedFile } from "./rendered-files.ts";

export interface RenamedWord {
  readonly left: string;
  readonly right: string;
  /** Differences that are no more than this word, alone or with others. */
  readonly values: number;
}

export interface ShortDiff {
  readonly renamed: readonly RenamedWord[];
  readonly differences: readonly Difference[];
}

type Word = Omit<RenamedWord, "values">;

/** Names and addresses; plain words, such as `Retain`, and amounts, such as `512Mi`, are choices that must be seen. */
const NAME = /^(?=.{6})(?=.*[-./:])[^\s{}[\]"]+$/;
/** What the site calls itself is a name, however short. */
const SITE = /\.GW_SITE\.value$/;
const SHORT = 8;
/** Fewer are as short told one by one, and easier to judge so. */
const VALUES_MIN = 5;

export function shortDiff(
  left: readonly RenderedFile[],
  right: readonly RenderedFile[],
): ShortDiff {
  const before = renderedDiff(left, right);
  const words = wordsOf(before);
  if (words.length === 0) return { renamed: [], differences: before };
  const rename = renaming(words);
  const after = renderedDiff(
    left.map(({ path, content }) => ({ path: rename(path), content: rename(content) })),
    right,
  );
  const told = new Set(after.map(placeOf));
  const oneSided = (difference: Difference) => difference.path === "";
  // An object that is called otherwise was on one side only, and can be compared now.
  const apart = new Set(before.filter(oneSided).map(({ object }) => object));
  const explained = before.filter(
    (one) => !told.has(placeOf({ ...one, object: rename(one.object), path: rename(one.path) })),
  );
  const differences = [
    ...before.filter((one) => !explained.includes(one)),
    ...after.filter((one) => !oneSided(one) && apart.has(one.object)),
  ].sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : 0));
  const renamed = words.map((word) => ({ ...word, values: valuesOf(word, explained) }));
  return { renamed, differences };
}

/** Words first, then one line for each difference. */
export function shortDiffText({ renamed, differences }: ShortDiff): string {
  const lines = renamed.map(
    ({ left, right, values }) => `everywhere: ${left} → ${right} (${values} values)\n`,
  );
  return lines.join("") + diffText(differences);
}

/** Whole values that changed into another word, and explain enough others. */
function wordsOf(differences: readonly Difference[]): Word[] {
  const candidates = new Map<string, Word>();
  for (const { path, left, right } of differences) {
    if (path === "" || left === ABSENT || right === ABSENT) continue;
    if (SITE.test(path) || (NAME.test(left) && NAME.test(right))) {
      candidates.set(`${left} ${right}`, { left, right });
    }
  }
  const counted = [...candidates.values()].map((word) => {
    const rename = renaming([word]);
    const values = differences.filter((one) => isRenamed(one, rename)).length;
    return { word, values };
  });
  const enough = counted.filter(({ values }) => values >= VALUES_MIN);
  enough.sort((a, b) => b.values - a.values || (a.word.left < b.word.left ? -1 : 1));
  const words: Word[] = [];
  for (const { word } of enough) {
    // One word became two others: only the more frequent can be meant by "everywhere".
    const known = words.some(({ left }) => left === word.left);
    // A longer one, made of such as are said already.
    const implied = words.length > 0 && renaming(words)(word.left) === word.right;
    if (!known && !implied) words.push(word);
  }
  return words;
}

function isRenamed({ path, left, right }: Difference, rename: (text: string) => string): boolean {
  return path !== "" && left !== ABSENT && rename(left) === right;
}

function valuesOf({ left }: Word, explained: readonly Difference[]): number {
  return explained.filter((one) => `${one.object} ${one.left}`.includes(left)).length;
}

/** All words at once, the longest first, so that none is put into another's new place. */
function renaming(words: readonly Word[]): (text: string) => string {
  const known = new Map(words.map(({ left, right }) => [left, right]));
  const longest = [...known.keys()].sort((a, b) => b.length - a.length);
  const any = new RegExp(longest.map(patternOf).join("|"), "g");
  return (text) => text.replace(any, (found) => known.get(found) ?? found);
}

/** A short one is part of other words by chance: `dev` of `device`. A long one is not: a region's zones begin with it. */
function patternOf(word: string): string {
  const text = escaped(word);
  return word.length < SHORT ? `(?<![A-Za-z0-9])${text}(?![A-Za-z0-9])` : text;
}

function escaped(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function placeOf({ object, path, right }: Difference): string {
  return `${object}\n${path}\n${right}`;
}
