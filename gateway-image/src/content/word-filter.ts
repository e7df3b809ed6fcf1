/**
 * The word lists in force, as one automaton, made anew when a list changes and never while a call
 * waits; and what a call has met of them.
 */
import { createHash } from "node:crypto";
import type { Directory } from "../directory/directory.ts";
import type { WordList } from "../directory/entities.ts";
import { Automaton, type Word } from "./automaton.ts";
import { normalisedText } from "./normalise.ts";
import { type Judge, type Mode, TextFilter } from "./text-filter.ts";

export type Direction = "input" | "output";

/** What was found, never the text itself. */
export interface Verdict {
  readonly list: string;
  readonly mode: Mode;
  readonly direction: Direction;
  count: number;
}

/** Whom and what a list may be about. */
export interface Subject {
  readonly tenant: string;
  readonly model: string;
}

interface Compiled {
  readonly lists: readonly WordList[];
  readonly automaton: Automaton;
  /** Changes with the lists: what was answered under others is no answer now. */
  readonly revision: string;
}

export class WordFilter {
  #compiled: Compiled;

  constructor(directory: Directory) {
    const read = () => directory.list("wordList").map(({ entity }) => entity);
    this.#compiled = compile(read());
    directory.onChange(() => {
      const lists = read();
      if (revisionOf(lists) !== this.#compiled.revision) this.#compiled = compile(lists);
    });
  }

  get revision(): string {
    return this.#compiled.revision;
  }

  /** null: no list is about it, so its text need not be looked at. */
  begin(direction: Direction, subject: Subject): Inspection | null {
    const { lists, automaton } = this.#compiled;
    const modes = lists.map((list) => (isAbout(list, direction, subject) ? list.mode : null));
    if (modes.every((mode) => mode === null)) return null;
    return new Inspection(automaton, lists, modes, direction);
  }
}

/** One direction of one call: any number of texts, and what was found in all of them. */
export class Inspection {
  readonly verdicts = new Map<string, Verdict>();
  readonly #automaton: Automaton;
  readonly #judge: Judge;

  constructor(
    automaton: Automaton,
    lists: readonly WordList[],
    modes: readonly (Mode | null)[],
    direction: Direction,
  ) {
    this.#automaton = automaton;
    this.#judge = ({ list }) => {
      const mode = modes[list] ?? null;
      const id = lists[list]?.id ?? "";
      if (mode === null) return null;
      const verdict = this.verdicts.get(id) ?? { list: id, mode, direction, count: 0 };
      verdict.count += 1;
      this.verdicts.set(id, verdict);
      return mode;
    };
  }

  /** A text that comes in pieces. */
  text(): TextFilter {
    return new TextFilter(this.#automaton, this.#judge);
  }

  /** A text that is there; null: it must not pass. */
  whole(text: string): string | null {
    const filter = this.text();
    const out = filter.push(text) + filter.flush();
    return filter.blocked ? null : out;
  }
}

function isAbout(list: WordList, direction: Direction, { tenant, model }: Subject): boolean {
  return (
    (list.direction === "both" || list.direction === direction) &&
    (list.tenants?.includes(tenant) ?? true) &&
    (list.models === "*" || list.models.includes(model))
  );
}

function compile(lists: readonly WordList[]): Compiled {
  const words = lists.flatMap((list, index) =>
    list.words
      .map((word): Word => ({ text: normalisedText(word), list: index }))
      .filter(({ text }) => text !== ""),
  );
  return { lists, automaton: new Automaton(words), revision: revisionOf(lists) };
}

function revisionOf(lists: readonly WordList[]): string {
  return createHash("sha256").update(JSON.stringify(lists)).digest("base64url");
}
