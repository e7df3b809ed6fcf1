/**
 * Whose turn it is to be probed: each place once an interval, counted from the end of its last
 * probe and moved a little by chance, so that gateways that started together do not ask together;
 * never twice at once; only so many at a time, who waits longest first. Pure but for the chance.
 */
import { limits } from "../limits.ts";

export class ProbeSchedule {
  readonly #dueMs = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The places there are now: new ones come up within an interval, those that went are forgotten. */
  follow(places: ReadonlySet<string>, nowMs: number): void {
    for (const place of places) {
      if (!this.#dueMs.has(place)) {
        this.#dueMs.set(place, nowMs + this.#random() * limits.probeIntervalMs);
      }
    }
    for (const place of this.#dueMs.keys()) if (!places.has(place)) this.#dueMs.delete(place);
  }

  /** Those to be probed now; each of them must be told to have `ended`. */
  take(nowMs: number): string[] {
    const taken = [...this.#dueMs]
      .filter(([place, dueMs]) => dueMs <= nowMs && !this.#running.has(place))
      .sort(([, a], [, b]) => a - b)
      .slice(0, Math.max(0, limits.probesAtOnce - this.#running.size))
      .map(([place]) => place);
    for (const place of taken) this.#running.add(place);
    return taken;
  }

  ended(place: string, nowMs: number): void {
    this.#running.delete(place);
    if (!this.#dueMs.has(place)) return;
    const factor = 1 + (this.#random() * 2 - 1) * limits.probeJitter;
    this.#dueMs.set(place, nowMs + limits.probeIntervalMs * factor);
  }
}
