/** Short-lived things in this process, for a gateway that runs alone. Bounded: the oldest go first. */
import type { Clock } from "../base/clock.ts";
import type { SharedStore } from "./shared-store.ts";

const ENTRIES_MAX = 100_000;

interface Entry {
  readonly value: Buffer;
  readonly count: number;
  readonly endMs: number;
}

const NOTHING = Buffer.alloc(0);

export class MemorySharedStore implements SharedStore {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async claim(key: string, ttlMs: number): Promise<boolean> {
    if (this.#current(key) !== undefined) return false;
    this.#put(key, { value: NOTHING, count: 1, endMs: this.#clock.monotonicMs() + ttlMs });
    return true;
  }

  async count(key: string, windowMs: number): Promise<number> {
    const current = this.#current(key);
    const count = (current?.count ?? 0) + 1;
    const endMs = current?.endMs ?? this.#clock.monotonicMs() + windowMs;
    this.#put(key, { value: NOTHING, count, endMs });
    return count;
  }

  async get(key: string): Promise<Buffer | null> {
    return this.#current(key)?.value ?? null;
  }

  async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    this.#put(key, { value, count: 0, endMs: this.#clock.monotonicMs() + ttlMs });
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async deleteAll(prefix: string): Promise<number> {
    const found = [...this.#entries.keys()].filter((key) => key.startsWith(prefix));
    for (const key of found) this.#entries.delete(key);
    return found.length;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  #current(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.endMs > this.#clock.monotonicMs()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #put(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= ENTRIES_MAX) break;
      this.#entries.delete(oldest);
    }
  }
}
