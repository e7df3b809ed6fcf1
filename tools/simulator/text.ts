/**
 * Deterministic text and token counts. The rules, which tests and documents rely on:
 * a prompt has one token for each four UTF-8 bytes begun, plus 3 for each chat message;
 * an answer has one token for each word; the same seed, model and prompt give the same answer.
 */
const WORDS = (
  "the simulated model answers with plain words that carry no meaning because no weights are " +
  "loaded here and every sentence is drawn from a seed so that a test may expect it again this " +
  "text shows that requests travel through edge gateway and server and come back in order"
).split(" ");

/** Length of an answer that ends by itself: from 24 to 152 words, about a short paragraph. */
const ANSWER_WORDS_MIN = 24;
const ANSWER_WORDS_SPREAD = 128;
const TOKENS_PER_MESSAGE = 3;
const BYTES_PER_TOKEN = 4;

export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text, "utf8") / BYTES_PER_TOKEN);
}

export function countChatTokens(contents: readonly string[]): number {
  return contents.reduce((sum, text) => sum + countTokens(text) + TOKENS_PER_MESSAGE, 0);
}

/** FNV-1a, 32 bits: a seed from a text. */
export function hashText(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** mulberry32: a small generator of numbers from 0 to 1 (exclusive) that is the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Answer {
  /** One entry for each token; joined they are the text. */
  readonly tokens: readonly string[];
  readonly finishReason: "stop" | "length" | "tool_calls";
  /** The tool that is called: the tokens are its arguments. */
  readonly tool: string | null;
}

export function answerTo(
  prompt: string,
  options: { seed: number; tokensMax: number; exactly?: number | undefined },
): Answer {
  const random = createRandom(hashText(prompt, options.seed));
  const natural = ANSWER_WORDS_MIN + Math.floor(random() * ANSWER_WORDS_SPREAD);
  const wanted = options.exactly ?? natural;
  const length = Math.min(wanted, options.tokensMax);
  const tokens = Array.from({ length }, (_, index) => {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? "word";
    return index === 0 ? word : ` ${word}`;
  });
  return { tokens, finishReason: length < wanted ? "length" : "stop", tool: null };
}

/** A vector of length 1 that depends only on the text and the seed. */
export function embed(text: string, dimensions: number, seed: number): number[] {
  const random = createRandom(hashText(text, seed));
  const raw = Array.from({ length: dimensions }, () => random() * 2 - 1);
  const norm = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0)) || 1;
  return raw.map((value) => value / norm);
}
