/**
 * Aho and Corasick's automaton over normalised text: all words of all lists are looked for in one
 * pass, whatever their number. Built once, then only read; flat arrays, some 40 bytes a character.
 */

export interface Word {
  /** Normalised; never empty. */
  readonly text: string;
  /** Which list it belongs to. */
  readonly list: number;
}

/** The start, from which no character has been taken. */
export const ROOT = 0;

export class Automaton {
  /** Characters of the longest beginning of a word that ends here. */
  readonly depths: Int32Array;
  readonly #words: readonly Word[];
  /** Open addressing: state and character lead to a state. */
  readonly #slots: number;
  readonly #from: Int32Array;
  readonly #unit: Int32Array;
  readonly #to: Int32Array;
  readonly #fails: Int32Array;
  /** State → the first of its words, then from word to word; -1 ends. */
  readonly #first: Int32Array;
  readonly #nextWord: Int32Array;
  /** State → the next shorter end of a word that is an end of this one; 0: none. */
  readonly #shorter: Int32Array;

  constructor(words: readonly Word[]) {
    this.#words = words;
    const size = 1 + words.reduce((sum, { text }) => sum + text.length, 0);
    this.#slots = 2 ** Math.ceil(Math.log2(size * 2));
    this.#from = new Int32Array(this.#slots).fill(-1);
    this.#unit = new Int32Array(this.#slots);
    this.#to = new Int32Array(this.#slots);
    this.depths = new Int32Array(size);
    this.#fails = new Int32Array(size);
    this.#first = new Int32Array(size).fill(-1);
    this.#nextWord = new Int32Array(words.length);
    this.#shorter = new Int32Array(size);
    this.#link(this.#grow());
  }

  /** The state after one more character. */
  step(state: number, unit: number): number {
    let at = state;
    for (;;) {
      const slot = this.#slotOf(at, unit);
      if (this.#from[slot] === at) return this.#to[slot] ?? ROOT;
      if (at === ROOT) return ROOT;
      at = this.#fails[at] ?? ROOT;
    }
  }

  /** Calls back with each word that ends in this state, the longest first. */
  endings(state: number, found: (word: Word) => void): void {
    let at = (this.#first[state] ?? -1) >= 0 ? state : (this.#shorter[state] ?? ROOT);
    for (; at !== ROOT; at = this.#shorter[at] ?? ROOT) {
      for (let word = this.#first[at] ?? -1; word >= 0; word = this.#nextWord[word] ?? -1) {
        const entry = this.#words[word];
        if (entry !== undefined) found(entry);
      }
    }
  }

  /** The trie; its states, parents before children, with the character that leads to each. */
  #grow(): { readonly state: number; readonly parent: number; readonly unit: number }[] {
    const states: { state: number; parent: number; unit: number }[] = [];
    this.#words.forEach(({ text }, index) => {
      let at = ROOT;
      for (let position = 0; position < text.length; position += 1) {
        const unit = text.charCodeAt(position);
        const slot = this.#slotOf(at, unit);
        if (this.#from[slot] !== at) {
          const state = states.length + 1;
          states.push({ state, parent: at, unit });
          this.#from[slot] = at;
          this.#unit[slot] = unit;
          this.#to[slot] = state;
          this.depths[state] = position + 1;
        }
        at = this.#to[slot] ?? ROOT;
      }
      this.#nextWord[index] = this.#first[at] ?? -1;
      this.#first[at] = index;
    });
    return states.sort((a, b) => (this.depths[a.state] ?? 0) - (this.depths[b.state] ?? 0));
  }

  /** Where to go on when a character does not fit, by growing depth. */
  #link(states: readonly { state: number; parent: number; unit: number }[]): void {
    for (const { state, parent, unit } of states) {
      const fail = parent === ROOT ? ROOT : this.step(this.#fails[parent] ?? ROOT, unit);
      this.#fails[state] = fail;
      this.#shorter[state] = (this.#first[fail] ?? -1) >= 0 ? fail : (this.#shorter[fail] ?? ROOT);
    }
  }

  /** Where the pair stands, or the free place where it would. */
  #slotOf(state: number, unit: number): number {
    const mask = this.#slots - 1;
    let slot = (Math.imul(state, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 0;
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const from = this.#from[slot];
      if (from === -1 || (from === state && this.#unit[slot] === unit)) return slot;
    }
  }
}
