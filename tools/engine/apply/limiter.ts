/** At most `width` pieces of work at once, first come first served. */
export class Limiter {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly width: number;

  constructor(width: number) {
    this.width = Math.max(1, Math.min(64, Math.floor(width)));
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    // A slot is handed over directly: `running` stays the same when a waiter takes over.
    if (this.running < this.width) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
