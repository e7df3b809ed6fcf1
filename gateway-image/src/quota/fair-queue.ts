/**
 * Who goes next where only so many may go at once: self-clocked fair queueing. Each flow (a tenant in
 * a class) gets slots in the ratio of its weight while it waits, nobody is passed over for ever,
 * a free slot is never kept from somebody who waits, and within a flow the first comes first.
 */

export interface Ticket {
  readonly flow: string;
  /** Above 0. */
  readonly weight: number;
}

interface Waiting {
  readonly ticket: Ticket;
  /** When its turn would end, on the queue's own clock: smaller goes first. */
  readonly end: number;
  readonly order: number;
  readonly go: () => void;
}

export class QueueFull extends Error {}

export class FairQueue {
  #slots: number;
  readonly #waitingMax: number;
  #inside = 0;
  #waiting: Waiting[] = [];
  /** The end of the last turn that began. */
  #now = 0;
  /** When a flow's last turn ends, on the queue's clock. */
  readonly #ends = new Map<string, number>();
  #order = 0;

  constructor(slots: number, waitingMax: number) {
    this.#slots = slots;
    this.#waitingMax = waitingMax;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get inside(): number {
    return this.#inside;
  }

  set slots(slots: number) {
    this.#slots = slots;
    this.#admit();
  }

  /**
   * Resolves with what must be called when the slot is free again. Throws QueueFull; rejects with
   * the signal's reason where it is given up.
   */
  enter(ticket: Ticket, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#inside >= this.#slots && this.#waiting.length >= this.#waitingMax) {
      throw new QueueFull();
    }
    const end = Math.max(this.#now, this.#ends.get(ticket.flow) ?? 0) + 1 / ticket.weight;
    this.#ends.set(ticket.flow, end);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting = this.#waiting.filter((one) => one !== entry);
        reject(signal.reason);
      };
      const go = () => {
        signal.removeEventListener("abort", giveUp);
        resolve(this.#release());
      };
      this.#order += 1;
      const entry: Waiting = { ticket, end, order: this.#order, go };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(entry);
      this.#admit();
    });
  }

  #admit(): void {
    while (this.#inside < this.#slots && this.#waiting.length > 0) {
      const next = this.#waiting.reduce((best, one) => (isBefore(one, best) ? one : best));
      this.#waiting = this.#waiting.filter((one) => one !== next);
      this.#inside += 1;
      this.#now = Math.max(this.#now, next.end);
      this.#forget();
      next.go();
    }
  }

  /** Once; a second call is nothing. */
  #release(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#inside -= 1;
      this.#admit();
    };
  }

  /** A flow whose turns are over is as new as one that was never here. */
  #forget(): void {
    for (const [flow, end] of this.#ends) if (end <= this.#now) this.#ends.delete(flow);
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.end < b.end || (a.end === b.end && a.order < b.order);
}
