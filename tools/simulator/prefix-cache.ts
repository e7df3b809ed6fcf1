/**
 * Which beginnings of prompts a model server still holds, in blocks as vLLM has them. Only counted: a
 * prompt whose beginning is held is not read any faster here.
 */
import { hashText } from "./text.ts";

/** vLLM's blocks have 16 tokens; a token is four bytes here (text.ts). */
const BLOCK_TOKENS = 16;
const BLOCK_CHARACTERS = BLOCK_TOKENS * 4;
/** Bounds the memory of a test server; the longest unused goes first. */
const BLOCKS_MAX = 4_096;

export class PrefixCache {
  readonly #blocks = new Set<number>();

  /** Tokens of the prompt that were held already for this salt; all of it is held from now on. */
  hits(prompt: string, salt = ""): number {
    let hash = hashText(salt, 1);
    let held = 0;
    let unbroken = true;
    const whole = Math.floor(prompt.length / BLOCK_CHARACTERS);
    for (let block = 0; block < Math.min(whole, BLOCKS_MAX); block += 1) {
      const at = block * BLOCK_CHARACTERS;
      // The hash of all blocks before is the seed: the same words after another beginning are others.
      hash = hashText(prompt.slice(at, at + BLOCK_CHARACTERS), hash);
      unbroken &&= this.#blocks.delete(hash);
      if (unbroken) held += BLOCK_TOKENS;
      this.#blocks.add(hash);
    }
    for (const oldest of this.#blocks) {
      if (this.#blocks.size <= BLOCKS_MAX) break;
      this.#blocks.delete(oldest);
    }
    return held;
  }
}
