/** How busy the simulated engines of one server were: what its simulated GPUs are reckoned from. */

export interface Load {
  /** Time in which any request ran. */
  readonly busyMs: number;
  /** The same, counted for every request that ran. */
  readonly sequenceMs: number;
}

export class LoadMeter {
  #running = 0;
  #busyMs = 0;
  #sequenceMs = 0;
  #lastMs: number;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastMs = now();
  }

  get nowMs(): number {
    return this.#now();
  }

  enter(): void {
    this.#addUp();
    this.#running += 1;
  }

  leave(): void {
    this.#addUp();
    this.#running -= 1;
  }

  /** Since the start. */
  total(): Load {
    this.#addUp();
    return { busyMs: this.#busyMs, sequenceMs: this.#sequenceMs };
  }

  #addUp(): void {
    const now = this.#now();
    const passed = now - this.#lastMs;
    this.#lastMs = now;
    if (this.#running > 0) this.#busyMs += passed;
    this.#sequenceMs += passed * this.#running;
  }
}
