/**
 * Takes jobs that are due and has them computed, a bounded number at a time; then has their
 * webhooks told. What a gateway that dies had taken is taken by another when its lease ends.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import { backOffMs } from "../webhooks/back-off.ts";
import type { Told } from "../webhooks/webhook-sender.ts";
import { isOpen, type Job, type JobStore, type Work } from "./job-store.ts";

/** How a computation ended. */
export type Computed =
  /** Its result was kept. */
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly error: string }
  /** Not now: over a quota, or nobody can serve it. `counts`: as an attempt. */
  | {
      readonly kind: "later";
      readonly afterMs: number;
      readonly error: string;
      readonly counts: boolean;
    };

/** Never rejects; ends soon after the signal. `keep`: the sealed result, before anybody is told of it; false: the job is no more ours. */
export type Compute = (
  job: Job,
  signal: AbortSignal,
  keep: (result: string) => Promise<boolean>,
) => Promise<Computed>;

export interface JobRunnerParts {
  readonly store: JobStore;
  readonly clock: Clock;
  /** This gateway; no other may have the same name. */
  readonly owner: string;
  readonly concurrency: number;
  /** Never rejects. */
  readonly tell: (job: Job) => Promise<Told>;
  readonly onFault: (cause: unknown) => void;
  readonly onEnd: (job: Job) => void;
}

interface Running {
  readonly id: string;
  readonly what: Work;
  readonly stop: AbortController;
}

/** Its webhook may be told before its computation has left. */
const nameOf = (id: string, what: Work) => `${what} ${id}`;

export class JobRunner {
  readonly #parts: JobRunnerParts;
  #compute: Compute | null = null;
  readonly #running = new Map<string, Running>();
  #timer: NodeJS.Timeout | null = null;
  #renewal: NodeJS.Timeout | null = null;
  #purging: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Before the start. */
  computeWith(compute: Compute): void {
    this.#compute = compute;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), limits.jobPollMs);
    this.#renewal = setInterval(() => void this.#renew(), limits.jobRenewalMs);
    this.#purging = setInterval(() => void this.#purge(), limits.jobLeaseMs);
    this.wake();
  }

  /** Something may be due. */
  wake(): void {
    this.#again = true;
    if (this.#stopped || this.#looking !== null) return;
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
    });
  }

  /** The caller of a job here wants it no more; one that another gateway has is noticed there. */
  abort(id: string): void {
    this.#running.get(nameOf(id, "compute"))?.stop.abort();
  }

  /** Takes nothing more; what still runs when the time is up goes back to the queue. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#purging !== null) clearInterval(this.#purging);
    const { clock } = this.#parts;
    const endMs = clock.monotonicMs() + timeoutMs;
    await this.#looking;
    while (this.#running.size > 0 && clock.monotonicMs() < endMs) await pause();
    for (const { stop } of this.#running.values()) stop.abort();
    const lastMs = clock.monotonicMs() + limits.jobRenewalMs;
    while (this.#running.size > 0 && clock.monotonicMs() < lastMs) await pause();
    if (this.#renewal !== null) clearInterval(this.#renewal);
  }

  async #look(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const running = [...this.#running.values()];
      const computing = running.filter(({ what }) => what === "compute").length;
      await this.#take("compute", this.#parts.concurrency - computing);
      // In places of their own: webhooks that do not answer hold up nobody's job.
      await this.#take("tell", limits.webhooksAtOnce - (running.length - computing));
    }
  }

  async #take(what: Work, room: number): Promise<void> {
    const { store, clock, owner, onFault } = this.#parts;
    if (room <= 0) return;
    try {
      const nowMs = clock.wallMs();
      const jobs = await store.claim(owner, what, nowMs, nowMs + limits.jobLeaseMs, room);
      // One whose lease ended while the store was away still runs here, and is ours again.
      for (const job of jobs)
        if (!this.#running.has(nameOf(job.id, what))) void this.#run(job, what);
    } catch (cause) {
      onFault(cause);
    }
  }

  async #run(job: Job, what: Work): Promise<void> {
    const stop = new AbortController();
    this.#running.set(nameOf(job.id, what), { id: job.id, stop, what });
    try {
      const done = isOpen(job) ? await this.#computed(job, stop.signal) : await this.#told(job);
      if (done !== null) await this.#finish(done, job);
    } catch (cause) {
      // Its lease ends, and then it is taken again.
      this.#parts.onFault(cause);
    } finally {
      this.#running.delete(nameOf(job.id, what));
      this.wake();
    }
  }

  async #finish(done: Job, former: Job): Promise<boolean> {
    const written = await this.#parts.store.finish(this.#parts.owner, done);
    if (written && !isOpen(done) && isOpen(former)) this.#parts.onEnd(done);
    return written;
  }

  /** null: its end was written while it was computed. */
  async #computed(job: Job, signal: AbortSignal): Promise<Job | null> {
    const { clock } = this.#parts;
    const startedMs = clock.wallMs();
    const began = { ...job.detail, startedMs };
    // It was computed so often and never ended: it ends those that compute it.
    if (job.attempts > limits.jobAttemptsMax) {
      return this.#ended(job, "failed", { ...began, error: job.detail.error ?? GIVEN_UP });
    }
    if (this.#compute === null) throw new Error("nothing was started");
    const computed = await this.#compute(job, signal, (result) => {
      // Before the row of the ledger: what is billed can be fetched.
      return this.#finish(this.#ended(job, "succeeded", { ...began, result, error: null }), job);
    });
    if (computed.kind === "succeeded") return null;
    if (computed.kind === "failed") {
      return this.#ended(job, "failed", { ...began, error: computed.error });
    }
    // This gateway stops: the job is as it was.
    const uncounted = Math.max(0, job.attempts - 1);
    if (signal.aborted) {
      return { ...job, state: "queued", dueMs: clock.wallMs(), attempts: uncounted };
    }
    const tooLate = clock.wallMs() + computed.afterMs > job.createdMs + limits.jobDeadlineMs;
    const attempts = computed.counts ? job.attempts : uncounted;
    const detail = { ...began, error: computed.error };
    if (tooLate || attempts >= limits.jobAttemptsMax) return this.#ended(job, "failed", detail);
    return { ...job, state: "queued", dueMs: clock.wallMs() + computed.afterMs, attempts, detail };
  }

  #ended(job: Job, state: "succeeded" | "failed", detail: Job["detail"]): Job {
    const nowMs = this.#parts.clock.wallMs();
    const dueMs = detail.webhook === null ? null : nowMs;
    const expiresMs = nowMs + limits.jobResultTtlMs;
    // The question is needed no more.
    const left = { ...detail, request: "", finishedMs: nowMs };
    return { ...job, state, dueMs, expiresMs, detail: left };
  }

  async #told(job: Job): Promise<Job> {
    const { webhook } = job.detail;
    if (webhook === null || webhook.state !== "waiting") return { ...job, dueMs: null };
    const told = await this.#parts.tell(job);
    const attempts = webhook.attempts + 1;
    const isLast = told !== "later" || attempts >= limits.webhookAttemptsMax;
    const state = told === "delivered" ? "delivered" : isLast ? "failed" : "waiting";
    const dueMs = isLast ? null : this.#parts.clock.wallMs() + backOffMs(attempts);
    return { ...job, dueMs, detail: { ...job.detail, webhook: { ...webhook, state, attempts } } };
  }

  async #purge(): Promise<void> {
    await this.#parts.store.purge(this.#parts.clock.wallMs()).catch(this.#parts.onFault);
  }

  /** Prolongs what runs here; what was cancelled, or taken by others, is stopped. */
  async #renew(): Promise<void> {
    const { store, clock, owner, onFault } = this.#parts;
    const ids = [...new Set([...this.#running.values()].map(({ id }) => id))];
    if (ids.length === 0) return;
    try {
      const own = new Set(await store.renew(owner, ids, clock.wallMs() + limits.jobLeaseMs));
      for (const id of ids) if (!own.has(id)) this.abort(id);
    } catch (cause) {
      onFault(cause);
    }
  }
}

const GIVEN_UP = JSON.stringify({
  error: {
    message: "The job was begun several times and never ended.",
    type: "server_error",
    param: null,
    code: "internal_error",
  },
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
