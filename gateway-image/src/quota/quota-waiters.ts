/** Callers who wait until a limit lets them in: in the order in which they came, for each account. */

export class QuotaWaiters {
  readonly #waitingMax: number;
  readonly #waiting = new Map<string, (() => void)[]>();
  #count = 0;

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  get count(): number {
    return this.#count;
  }

  /** False at once where too many wait; else resolves after the time, or sooner where it is woken. */
  async wait(account: string, ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#count >= this.#waitingMax) return false;
    this.#count += 1;
    try {
      await new Promise<void>((resolve) => {
        const list = this.#waiting.get(account) ?? [];
        this.#waiting.set(account, list);
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", end);
          const place = list.indexOf(end);
          if (place >= 0) list.splice(place, 1);
          if (list.length === 0) this.#waiting.delete(account);
          resolve();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener("abort", end, { once: true });
        list.push(end);
      });
      return true;
    } finally {
      this.#count -= 1;
    }
  }

  /** Something of the account is free: the one who waits longest tries again. */
  wake(account: string): void {
    this.#waiting.get(account)?.[0]?.();
  }
}
