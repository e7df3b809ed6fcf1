/** Jobs in this process, for tests and for a gateway that keeps nothing. */
import {
  isOpen,
  type Job,
  type JobPage,
  type JobStore,
  type JobTable,
  type Room,
  type StoredJob,
  type Whose,
  type Work,
} from "../jobs/job-store.ts";
import { ownerOf } from "./job-columns.ts";

interface Entry<J> {
  job: J;
  owner: string | null;
}

export class MemoryJobStore<J extends StoredJob = Job> implements JobStore<J> {
  readonly #entries = new Map<string, Entry<J>>();
  readonly #table: JobTable<J>;

  constructor(table: JobTable<J>) {
    this.#table = table;
  }

  async prepare(): Promise<void> {}

  async insert(job: J, rooms: readonly Room[]): Promise<"made" | "taken" | "full"> {
    if (this.#entries.has(job.id)) return "taken";
    if (rooms.some((room) => this.#countOpen(room) >= room.max)) return "full";
    this.#entries.set(job.id, { job, owner: null });
    return "made";
  }

  async get(id: string): Promise<J | null> {
    return this.#entries.get(id)?.job ?? null;
  }

  async list({ kind, limit, before, ...whose }: JobPage<J>): Promise<J[]> {
    const [column, owner] = ownerOf(whose);
    const own = [...this.#entries.values()]
      .map(({ job }) => job)
      .filter((job) => job[column] === owner && job.kind === kind)
      .sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1));
    const from = before === undefined ? 0 : own.findIndex(({ id }) => id === before) + 1;
    return before !== undefined && from === 0 ? [] : own.slice(from, from + limit);
  }

  #countOpen(whose: Whose): number {
    const [column, owner] = ownerOf(whose);
    return [...this.#entries.values()].filter(({ job }) => job[column] === owner && isOpen(job))
      .length;
  }

  async claim(
    owner: string,
    what: Work,
    nowMs: number,
    untilMs: number,
    limit: number,
  ): Promise<J[]> {
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

  async finish(owner: string, job: J): Promise<boolean> {
    const entry = this.#entries.get(job.id);
    if (entry?.owner !== owner) return false;
    entry.job = job;
    entry.owner = null;
    return true;
  }

  async cancel(id: string, nowMs: number): Promise<J | null> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !isOpen(entry.job)) return null;
    entry.job = this.#table.cancelled(entry.job, nowMs);
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
