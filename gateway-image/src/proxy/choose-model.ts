/**
 * Which model serves a call for `auto`: of those that may and can, the ones whose context surely
 * holds it; then the preference of the settings, the least load, the lowest price, the name. Pure.
 */
import type { Model } from "../documents.ts";

export interface Choice {
  readonly model: Model;
  /** Calls under way at its least busy target, for that target's weight; null: all are left alone. */
  readonly load: number | null;
  /** Of a million tokens of prompt and answer each; null: not known. */
  readonly price: number | null;
}

/** `tokensMax`: more tokens than the call can have, prompt and answer together. */
export function chooseModel(
  choices: readonly Choice[],
  tokensMax: number,
  preferred: readonly string[],
): Model | null {
  const rank = ({ model }: Choice): number => {
    const at = preferred.indexOf(model.id);
    return at === -1 ? preferred.length : at;
  };
  const able = choices.filter(({ model }) => isServed(model));
  const answering = able.filter(({ load }) => load !== null);
  const first = roomiest(answering.length > 0 ? answering : able, tokensMax).sort(
    (a, b) =>
      rank(a) - rank(b) ||
      order(a.load, b.load) ||
      order(a.price, b.price) ||
      (a.model.id < b.model.id ? -1 : 1),
  )[0];
  return first?.model ?? null;
}

/** A retired model is never chosen for somebody, nor one of which nothing is known. */
function isServed({ lifecycle }: Model): boolean {
  return lifecycle !== null && lifecycle !== "sunset";
}

/**
 * Bytes bound tokens from above, often by a factor of four: where none surely has room, the
 * longest ones may still have it.
 */
function roomiest(choices: readonly Choice[], tokensMax: number): Choice[] {
  const room = ({ model }: Choice) => model.contextLength ?? 0;
  const sure = choices.filter((choice) => room(choice) >= tokensMax);
  if (sure.length > 0) return sure;
  const longest = Math.max(0, ...choices.map(room));
  return choices.filter((choice) => room(choice) === longest);
}

/** What is not known comes last. */
function order(a: number | null, b: number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a - b;
}
