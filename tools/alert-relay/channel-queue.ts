/**
 * What waits for one channel. Everything that waits is told in one message where it fits, the gravest
 * first, no oftener than the channel allows; what fails is tried again until its time is over. Nothing is
 * kept beyond an answer: who sent it hears whether the channel took it, and sends it again if not.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Form, Outgoing, Verdict } from "./forms/form.ts";
import { limits } from "./limits.ts";
import type { Pace } from "./pace.ts";
import { gravity, type ToldAlert } from "./told-alert.ts";

export type Outcome =
  | { readonly kind: "delivered" }
  /** `full`: too many wait. `late`: its time was over. `refused`: the channel will not have it. */
  | { readonly kind: "full" | "late" | "refused" | "stopped"; readonly reason: string };

export interface QueueParts {
  readonly form: Form;
  readonly pace: Pace;
  /** One attempt. */
  readonly send: (outgoing: Outgoing) => Promise<Verdict>;
  /** After each attempt. */
  readonly onAttempt: (verdict: Verdict, notifications: number) => void;
  /** Tests have shorter ones. */
  readonly bounds?: Partial<Bounds>;
}

type Unwritten = Extract<Verdict, { kind: "refused" }>;

type Bounds = Readonly<Record<"waitMs" | "queueMax" | "backOffMs", number>>;

interface Waiting {
  readonly alerts: readonly ToldAlert[];
  readonly gravity: number;
  readonly settle: (outcome: Outcome) => void;
  /** In a message with others it was refused: it may not be to blame. */
  alone: boolean;
  reason: string;
  /** Its time was over while it was being sent. */
  over: boolean;
}

const STOPPED: Outcome = { kind: "stopped", reason: "the relay ends; another one takes it" };

export class ChannelQueue {
  readonly #parts: QueueParts;
  readonly #bounds: Bounds;
  #waiting: Waiting[] = [];
  #underWay: readonly Waiting[] = [];
  #running = false;
  #stopping = false;
  #failures = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#bounds = { ...limits, ...parts.bounds };
  }

  get length(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  /** `left`: who asked no longer listens, and will ask again. */
  tell(alerts: readonly ToldAlert[], left: AbortSignal): Promise<Outcome> {
    if (this.#stopping) return Promise.resolve(STOPPED);
    if (this.length >= this.#bounds.queueMax) {
      return Promise.resolve({ kind: "full", reason: `${this.length} wait already` });
    }
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        clearTimeout(timer);
        left.removeEventListener("abort", leave);
        resolve(outcome);
      };
      const one: Waiting = {
        ...{ alerts, gravity: gravity(alerts), settle },
        ...{ alone: false, over: false, reason: "its turn did not come" },
      };
      const leave = () => this.#giveUp(one, { kind: "late", reason: "who asked has left" });
      const timer = setTimeout(
        () => this.#giveUp(one, { kind: "late", reason: one.reason }),
        this.#bounds.waitMs,
      );
      left.addEventListener("abort", leave, { once: true });
      this.#waiting.push(one);
      void this.#run();
    });
  }

  /** What still waits is not delivered; what is under way may be. */
  stop(): void {
    this.#stopping = true;
    for (const one of this.#waiting) one.settle(STOPPED);
    this.#waiting = [];
  }

  /** What is being sent just now is waited for: it may be taken. */
  #giveUp(one: Waiting, outcome: Outcome): void {
    one.over = true;
    if (!this.#waiting.includes(one)) return;
    this.#waiting = this.#waiting.filter((other) => other !== one);
    one.settle(outcome);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const { pace } = this.#parts;
    while (this.#waiting.length > 0) {
      const wait = pace.waitMs(Date.now());
      if (wait > 0) {
        await sleep(wait);
        continue;
      }
      pace.take(Date.now());
      const { outgoing, taken } = this.#next();
      this.#underWay = taken;
      this.#waiting = this.#waiting.filter((one) => !taken.includes(one));
      const verdict = "reason" in outgoing ? outgoing : await this.#parts.send(outgoing);
      this.#underWay = [];
      this.#parts.onAttempt(verdict, taken.length);
      const pause = this.#settle(taken, verdict);
      if (pause > 0) await sleep(pause);
    }
    this.#running = false;
  }

  /** The gravest, and of those behind it as many as fit in full beside it. */
  #next(): { readonly outgoing: Outgoing | Unwritten; readonly taken: readonly Waiting[] } {
    const [first, ...others] = this.#waiting.toSorted((one, other) => one.gravity - other.gravity);
    if (first === undefined) throw new Error("nothing waits");
    const outgoing = this.#written([first]);
    if (first.alone || "reason" in outgoing) return { outgoing, taken: [first] };
    let next = { outgoing, taken: [first] };
    for (const one of others.filter(({ alone }) => !alone)) {
      const taken = [...next.taken, one];
      const longer = this.#written(taken, true);
      if ("reason" in longer) break;
      next = { outgoing: longer, taken };
    }
    return next;
  }

  /** A fault of ours with one alert must not end the others' way. */
  #written(taken: readonly Waiting[], whole = false): Outgoing | Unwritten {
    try {
      const composed = this.#parts.form.compose(taken.flatMap(({ alerts }) => alerts));
      if (whole && !composed.whole) return { kind: "refused", reason: "it does not fit" };
      return composed.at(Date.now());
    } catch (error) {
      return { kind: "refused", reason: `it cannot be written: ${String(error)}` };
    }
  }

  /** For how long the channel is left alone. */
  #settle(taken: readonly Waiting[], verdict: Verdict): number {
    if (verdict.kind === "taken") {
      this.#failures = 0;
      for (const one of taken) one.settle({ kind: "delivered" });
      return 0;
    }
    if (verdict.kind === "refused" && taken.length === 1) {
      for (const one of taken) one.settle({ kind: "refused", reason: verdict.reason });
      return 0;
    }
    const { reason } = verdict;
    for (const one of taken) {
      one.reason = reason;
      one.alone = verdict.kind === "refused";
      if (this.#stopping) one.settle(STOPPED);
      else if (one.over) one.settle({ kind: "late", reason });
      else this.#waiting.unshift(one);
    }
    if (verdict.kind === "refused") return 0;
    this.#failures += 1;
    const { backOffMs } = this.#bounds;
    const doubled = Math.min(backOffMs * 2 ** (this.#failures - 1), limits.backOffMsMax);
    const own = doubled * (1 + Math.random() / 2);
    // What the channel asks for, within what anybody would wait for.
    return Math.max(own, Math.min(verdict.afterMs ?? 0, limits.backOffMsMax));
  }
}
