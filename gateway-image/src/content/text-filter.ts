/**
 * One stretch of text that comes in pieces: what can no longer be part of a word is passed on at
 * once, what may still become one is held back. Never more is held than the beginning of a word.
 */
import { type Automaton, ROOT, type Word } from "./automaton.ts";
import { normalised } from "./normalise.ts";

export type Mode = "block" | "mask" | "flag";

/** What a word means to this caller; null: its list is not about the call. */
export type Judge = (word: Word) => Mode | null;

interface Held {
  readonly point: string;
  /** How many characters it is compared as. */
  readonly units: number;
  masked: boolean;
}

/** The first half of a character beyond the basic plane, whose second half is yet to come. */
const HIGH_SURROGATE = /[\ud800-\udbff]$/;

export class TextFilter {
  /** A word that must not pass was found; nothing comes out any more. */
  blocked = false;
  readonly #automaton: Automaton;
  readonly #judge: Judge;
  #state: number = ROOT;
  #held: Held[] = [];
  #heldUnits = 0;
  #half = "";

  constructor(automaton: Automaton, judge: Judge) {
    this.#automaton = automaton;
    this.#judge = judge;
  }

  get holds(): boolean {
    return this.#held.length > 0 || this.#half !== "";
  }

  /** What may be passed on. */
  push(text: string): string {
    if (this.blocked) return "";
    const whole = this.#half + text;
    this.#half = HIGH_SURROGATE.test(whole) ? whole.slice(-1) : "";
    let out = "";
    for (const point of this.#half === "" ? whole : whole.slice(0, -1)) {
      out += this.#take(point);
      if (this.blocked) return out;
    }
    return out;
  }

  /** The text ends here: what was held is no word. */
  flush(): string {
    if (this.blocked) return "";
    let out = this.#half === "" ? "" : this.#take(this.#half);
    this.#half = "";
    if (this.blocked) return out;
    out += this.#release(0);
    this.#state = ROOT;
    return out;
  }

  #take(point: string): string {
    const units = normalised(point);
    if (units.length === 1 && this.#held.length === 0) {
      // By far the most of all text: no word begins here.
      const next = this.#automaton.step(this.#state, units.charCodeAt(0));
      if (next === ROOT) {
        this.#state = ROOT;
        return point;
      }
    }
    // What nobody sees is held only between the characters of what may become a word.
    if (units === "" && this.#held.length === 0) return point;
    this.#held.push({ point, units: units.length, masked: false });
    this.#heldUnits += units.length;
    for (let index = 0; index < units.length; index += 1) {
      this.#state = this.#automaton.step(this.#state, units.charCodeAt(index));
      const rest = units.length - 1 - index;
      let start = -1;
      this.#automaton.endings(this.#state, (word) => {
        const mode = this.#judge(word);
        if (mode === "mask") this.#mask(word.text.length + rest);
        if (mode === "block") start = Math.max(start, word.text.length + rest);
      });
      if (start >= 0) {
        this.blocked = true;
        return this.#release(start);
      }
    }
    return this.#release(this.#automaton.depths[this.#state] ?? 0);
  }

  /** All that the last `units` characters belong to. */
  #mask(units: number): void {
    let left = units;
    for (let index = this.#held.length - 1; index >= 0 && left > 0; index -= 1) {
      const held = this.#held[index];
      if (held === undefined) return;
      held.masked = true;
      left -= held.units;
    }
  }

  /** All but what the last `keep` characters belong to. */
  #release(keep: number): string {
    let out = "";
    let count = 0;
    for (const { point, units, masked } of this.#held) {
      if (this.#heldUnits - units < keep) break;
      if (keep > 0 && units === 0 && this.#heldUnits <= keep) break;
      this.#heldUnits -= units;
      count += 1;
      if (!masked) out += point;
      else if (units > 0) out += "*";
    }
    this.#held.splice(0, count);
    return out;
  }
}
