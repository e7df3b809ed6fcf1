/** Jobs in this process, for tests and for a gateway that keeps nothing. */
import {
  cancelled,
  isOpen,
  type Job,
  type JobPage,
  type JobStore,
  type Work,
} from "../jobs/job-store.ts";

interface Entry {
  job: Job;
  owner: string | null;
}

export class MemoryJobStore implements JobStore {
  readonly #entries = new Map<string, Entry>();

  async prepare(): Promise<void> {}

  async insert(job: Job): Promise<boolean> {
    if (this.#entries.has(job.id)) return false;
    this.#entries.set(job.id, { job, owner: null });
    return true;
  }

  async get(id: string): Promise<Job | null> {
    return this.#entries.get(id)?.job ?? null;
  }

  async list({ principal, kind, limit, before }: JobPage): Promise<Job[]> {
    const own = [...this.#entries.values()]
      .map(({ job }) => job)
      .filter((job) => job.principal === principal && job.kind === kind)
      .sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1));
    const from = before === undefined ? 0 : own.findIndex(({ id }) => id === before) + 1;
    return before !== undefined && from === 0 ? [] : own.slice(from, from + limit);
  }

  async countOpen(principal: string): Promise<number> {
    return [...this.#entries.values()].filter(
      ({ job }) => job.principal === principal && isOpen(job),
    ).length;
  }

  async claim(
    owner: string,
    what: Work,
    nowMs: number,
    untilMs: number,
    limit: number,
  ): Promise<Job[]> {
    const due = [...this.#entries.values()]
      .filter(({ job }) => isOpen(job) === (what === "compute"))
      .filter(({ job }) => job.dueMs !== null && job.dueMs <= nowMs)
      .sort((a, b) => (a.job.dueMs ?? 0) - (b.job.dueMs ?? 0))
      .slice(0, limit);
    for (const entry of due) {
      const state = entry.job.state === "queued" ? "running" : entry.job.state;
      const attempts = entry.job.attempts + (isOpen(entry.job) ? 1 : 0);
      entry.job = { ...entry.job, state, attempts, dueMs: untilMs };
      entry.owner = owner;
    }
    return due.map(({ job }) => job);
  }

  async renew(owner: string, ids: readonly string[], untilMs: number): Promise<string[]> {
    const own = ids.filter((id) => this.#entries.get(id)?.owner === owner);
    for (const id of own) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) entry.job = { ...entry.job, dueMs: untilMs };
    }
    return own;
  }

  async finish(owner: string, job: Job): Promise<boolean> {
    const entry = this.#entries.get(job.id);
    if (entry?.owner !== owner) return false;
    entry.job = job;
    entry.owner = null;
    return true;
  }

  async cancel(id: string, nowMs: number): Promise<Job | null> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !isOpen(entry.job)) return null;
    entry.job = cancelled(entry.job, nowMs);
    entry.owner = null;
    return entry.job;
  }

  async erase(principal: string): Promise<string[]> {
    const ids = [...this.#entries.values()]
      .filter(({ job }) => job.principal === principal)
      .map(({ job }) => job.id);
    for (const id of ids) this.#entries.delete(id);
    return ids;
  }

  async purge(nowMs: number): Promise<number> {
    const old = [...this.#entries.values()].filter(({ job }) => job.expiresMs <= nowMs);
    for (const { job } of old) this.#entries.delete(job.id);
    return old.length;
  }

  async close(): Promise<void> {}
}
