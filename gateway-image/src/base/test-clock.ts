/** A clock that tests turn by hand. */
import type { Clock } from "./clock.ts";

export class ManualClock implements Clock {
  #now = 1_000_000;

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  wallMs(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }
}
