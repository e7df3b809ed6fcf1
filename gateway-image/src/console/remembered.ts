/**
 * Answers that are told again for a moment. Many pages that are open at the same time ask the ledger once, and a question that takes
 * the ledger long is asked less often: it may be busy with them for a twentieth of the time.
 */
import type { Clock } from "../base/clock.ts";

const SHARE = 20;
const ENTRIES_MAX = 500;

interface Entry {
  readonly value: Promise<unknown>;
  untilMs: number;
}

export class Remembered {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A failure is not remembered. */
  get<T>(key: string, forMs: number, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.monotonicMs();
    const known = this.#entries.get(key);
    // The same key is only ever asked with the same question.
    if (known !== undefined && now < known.untilMs) return known.value as Promise<T>;
    const value = ask();
    const entry: Entry = { value, untilMs: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    value.then(
      () => {
        const ended = this.#clock.monotonicMs();
        entry.untilMs = ended + Math.max(forMs, (ended - now) * SHARE);
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > ENTRIES_MAX && oldest !== undefined) this.#entries.delete(oldest);
    return value;
  }
}
