/**
 * Takes fine-tuning jobs that are due, a bounded number at a time, has them looked at or removed, and
 * writes down what became of them. Several gateways share the work: each look is a lease of its own,
 * and one that dies leaves nothing behind but its lease.
 */
import type { Clock } from "../base/clock.ts";
import { isOpen, type JobStore, type Work } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import { backOffMs } from "../webhooks/back-off.ts";
import type { FineTuning, FineTuningDriver, Sight } from "./fine-tuning.ts";
import { advance, afterRemoval, type Moment } from "./progress.ts";

export interface FineTuningMachineParts {
  readonly store: JobStore<FineTuning>;
  /** null: nothing is computed here; what is kept can be looked at. */
  readonly driver: FineTuningDriver | null;
  readonly clock: Clock;
  /** This gateway; no other may have the same name. */
  readonly owner: string;
  readonly onFault: (cause: unknown) => void;
  readonly onEnd: (job: FineTuning) => void;
}

export class FineTuningMachine {
  readonly #parts: FineTuningMachineParts;
  readonly #running: Record<Work, Set<string>> = { compute: new Set(), tell: new Set() };
  readonly #stop = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #looking: Promise<void> | null = null;
  #again = false;

  constructor(parts: FineTuningMachineParts) {
    this.#parts = parts;
  }

  get driver(): FineTuningDriver | null {
    return this.#parts.driver;
  }

  start(): void {
    this.#timers.push(setInterval(() => void this.#purge(), limits.jobLeaseMs));
    if (this.#parts.driver === null) return;
    this.#timers.push(setInterval(() => this.wake(), limits.fineTuningPollMs));
    this.wake();
  }

  /** Something may be due. */
  wake(): void {
    this.#again = true;
    if (this.#stop.signal.aborted || this.#looking !== null) return;
    this.#looking = this.#take().finally(() => {
      this.#looking = null;
    });
  }

  /** Looks end at once; others look on when their leases end. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    const { clock } = this.#parts;
    const lastMs = clock.monotonicMs() + limits.fineTuningTimeoutMs;
    while (this.#busy > 0 && clock.monotonicMs() < lastMs) await pause();
    await this.#parts.driver?.close();
  }

  get #busy(): number {
    return this.#running.compute.size + this.#running.tell.size;
  }

  async #take(): Promise<void> {
    const { driver } = this.#parts;
    while (driver !== null && this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      await this.#claim("compute", driver);
      // In places of their own: a cluster that begins slowly holds up no removal.
      await this.#claim("tell", driver);
    }
  }

  async #claim(what: Work, driver: FineTuningDriver): Promise<void> {
    const { store, clock, owner, onFault } = this.#parts;
    const room = limits.fineTuningsAtOnce - this.#running[what].size;
    if (room <= 0) return;
    try {
      const nowMs = clock.wallMs();
      const jobs = await store.claim(owner, what, nowMs, nowMs + limits.jobLeaseMs, room);
      for (const job of jobs) {
        if (!this.#running[what].has(job.id)) void this.#run(job, what, driver);
      }
    } catch (cause) {
      onFault(cause);
    }
  }

  async #run(job: FineTuning, what: Work, driver: FineTuningDriver): Promise<void> {
    this.#running[what].add(job.id);
    try {
      await (isOpen(job) ? this.#look(job, driver) : this.#remove(job, driver));
    } catch (cause) {
      // Its lease ends, and then it is taken again; a second look does no harm.
      this.#parts.onFault(cause);
    } finally {
      this.#running[what].delete(job.id);
      this.wake();
    }
  }

  async #look(job: FineTuning, driver: FineTuningDriver): Promise<void> {
    const { store, owner, onFault, onEnd } = this.#parts;
    const sight = await driver.look(job, this.#deadline()).catch((cause: unknown): Sight => {
      onFault(cause);
      return { kind: "unseen" };
    });
    if (sight.kind === "refused") onFault(new Error(`fine-tuning is refused: ${sight.reason}`));
    // What was not seen because this gateway stops is no fault of the cluster.
    if (this.#stop.signal.aborted && sight.kind === "unseen") return;
    const next = advance(job, sight, this.#moment(job, driver));
    if (await store.finish(owner, next)) {
      if (!isOpen(next)) onEnd(next);
      return;
    }
    // Cancelled or erased meanwhile, and perhaps begun by this look after it had been removed.
    const now = await store.get(job.id);
    if (now === null || !isOpen(now)) await driver.remove(job, this.#deadline());
  }

  async #remove(job: FineTuning, driver: FineTuningDriver): Promise<void> {
    const { store, owner, onFault } = this.#parts;
    const done = await driver.remove(job, this.#deadline()).then(
      () => true,
      (cause: unknown) => {
        onFault(cause);
        return false;
      },
    );
    await store.finish(owner, afterRemoval(job, done, this.#moment(job, driver)));
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(limits.fineTuningTimeoutMs)]);
  }

  #moment({ detail }: FineTuning, { lookMs, simulated }: FineTuningDriver): Moment {
    const retryMs = Math.min(backOffMs(detail.faults + 1), limits.fineTuningRetryMsMax);
    return { nowMs: this.#parts.clock.wallMs(), lookMs, retryMs, simulated };
  }

  async #purge(): Promise<void> {
    const { store, clock, onFault } = this.#parts;
    await store.purge(clock.wallMs()).catch(onFault);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
