/** Quotas in this process: for one gateway alone, and for the local share while Redis is away. */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import {
  CONCURRENCY_RETRY_MS,
  LIMIT_NAMES,
  type LimitName,
  maxima,
  type QuotaStore,
  type Refusal,
  type Reservation,
  type Scope,
  type Settlement,
  type Standing,
  type Verdict,
} from "./quota-store.ts";

/** What a limit counts over: buckets refill steadily, windows begin anew. */
const BUCKET_MS: Partial<Record<LimitName, number>> = {
  requestsPerSecond: 1_000,
  requestsPerMinute: 60_000,
  tokensPerMinute: 60_000,
};
const DAY_MS = 86_400_000;

interface Account {
  /** What is left in each bucket, and since when; below zero is a debt. */
  readonly buckets: Map<LimitName, { left: number; atMs: number }>;
  day: { readonly name: string; used: number };
  month: { readonly name: string; used: number };
  /** Slot → end of its lease. */
  readonly slots: Map<string, number>;
  touchedMs: number;
}

/** Accounts beyond this are looked through for idle ones; principals are few, so it is never reached. */
const ACCOUNTS_MAX = 10_000;

export class MemoryQuotaStore implements QuotaStore {
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async reserve(reservation: Reservation): Promise<Verdict> {
    const now = this.#clock.wallMs();
    for (const scope of reservation.scopes) {
      const refusal = this.#refusal(scope, reservation, now);
      if (refusal !== null) return refusal;
    }
    const standings: Standing[] = [];
    for (const scope of reservation.scopes) {
      this.#take(scope, reservation, now);
      standings.push(...this.#standings(scope, now));
    }
    return { admitted: true, month: monthOf(now), standings };
  }

  async settle({ reservation, tokens, costMicros, month }: Settlement): Promise<void> {
    const now = this.#clock.wallMs();
    for (const scope of reservation.scopes) {
      const account = this.#account(scope.id, now);
      const max = maxima(scope.limits);
      account.slots.delete(reservation.callId);
      if (max.tokensPerMinute > 0) {
        const bucket = refilled(account, "tokensPerMinute", max.tokensPerMinute, now);
        bucket.left = Math.min(max.tokensPerMinute, bucket.left + reservation.tokens - tokens);
      }
      if (max.costPerMonth > 0 && account.month.name === month) {
        account.month.used += costMicros - reservation.costMicros;
      }
    }
  }

  async renew(slots: readonly { scope: string; callId: string }[]): Promise<void> {
    const end = this.#clock.wallMs() + limits.leaseMs;
    for (const { scope, callId } of slots) this.#accounts.get(scope)?.slots.set(callId, end);
  }

  async read(scopes: readonly Scope[]): Promise<Standing[]> {
    const now = this.#clock.wallMs();
    return scopes.flatMap((scope) => this.#standings(scope, now));
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  #refusal(scope: Scope, reservation: Reservation, now: number): Refusal | null {
    const account = this.#account(scope.id, now);
    const max = maxima(scope.limits);
    const refuse = (limit: LimitName, used: number, retryAfterMs: number): Refusal => ({
      admitted: false,
      scope: scope.id,
      limit,
      max: max[limit],
      used,
      retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)),
    });
    if (max.concurrency > 0 && account.slots.size >= max.concurrency) {
      return refuse("concurrency", account.slots.size, CONCURRENCY_RETRY_MS);
    }
    for (const [limit, windowMs] of Object.entries(BUCKET_MS) as [LimitName, number][]) {
      if (max[limit] === 0) continue;
      const wanted = limit === "tokensPerMinute" ? reservation.tokens : 1;
      const { left } = refilled(account, limit, max[limit], now);
      if (left >= wanted) continue;
      // What exceeds the whole bucket never fits; the caller is told a full refill all the same.
      const missing = Math.min(wanted, max[limit]) - left;
      return refuse(limit, Math.ceil(max[limit] - left), (missing * windowMs) / max[limit]);
    }
    if (max.requestsPerDay > 0 && account.day.used >= max.requestsPerDay) {
      return refuse("requestsPerDay", account.day.used, DAY_MS - (now % DAY_MS));
    }
    const spent = account.month.used;
    if (max.costPerMonth > 0 && spent + reservation.costMicros > max.costPerMonth) {
      return refuse("costPerMonth", spent, nextMonthMs(now) - now);
    }
    return null;
  }

  #take(scope: Scope, reservation: Reservation, now: number): void {
    const account = this.#account(scope.id, now);
    const max = maxima(scope.limits);
    for (const limit of Object.keys(BUCKET_MS) as LimitName[]) {
      if (max[limit] === 0) continue;
      const wanted = limit === "tokensPerMinute" ? reservation.tokens : 1;
      refilled(account, limit, max[limit], now).left -= wanted;
    }
    account.day.used += 1;
    account.month.used += reservation.costMicros;
    if (max.concurrency > 0) account.slots.set(reservation.callId, now + limits.leaseMs);
  }

  #standings(scope: Scope, now: number): Standing[] {
    const account = this.#account(scope.id, now);
    const max = maxima(scope.limits);
    const used = (limit: LimitName): number => {
      if (limit === "concurrency") return account.slots.size;
      if (limit === "requestsPerDay") return account.day.used;
      if (limit === "costPerMonth") return account.month.used;
      return max[limit] - refilled(account, limit, max[limit], now).left;
    };
    return LIMIT_NAMES.filter((limit) => max[limit] > 0).map((limit) => ({
      scope: scope.id,
      limit,
      max: max[limit],
      used: Math.ceil(used(limit)),
      resetMs: Math.ceil(resetMs(limit, used(limit), max[limit], now)),
    }));
  }

  #account(id: string, now: number): Account {
    const account = this.#accounts.get(id) ?? this.#open(id, now);
    account.touchedMs = now;
    for (const [callId, endMs] of account.slots) if (endMs <= now) account.slots.delete(callId);
    if (account.day.name !== dayOf(now)) account.day = { name: dayOf(now), used: 0 };
    if (account.month.name !== monthOf(now)) account.month = { name: monthOf(now), used: 0 };
    return account;
  }

  #open(id: string, now: number): Account {
    if (this.#accounts.size >= ACCOUNTS_MAX) this.#forgetIdle(now);
    const account: Account = {
      buckets: new Map(),
      day: { name: dayOf(now), used: 0 },
      month: { name: monthOf(now), used: 0 },
      slots: new Map(),
      touchedMs: now,
    };
    this.#accounts.set(id, account);
    return account;
  }

  /** Full buckets are what a new account starts with; days and months must not be forgotten. */
  #forgetIdle(now: number): void {
    for (const [id, account] of this.#accounts) {
      const idle = account.slots.size === 0 && now - account.touchedMs > BUCKET_MS_MAX;
      if (idle && account.day.used === 0 && account.month.used === 0) this.#accounts.delete(id);
    }
  }
}

const BUCKET_MS_MAX = Math.max(...Object.values(BUCKET_MS));

function refilled(account: Account, limit: LimitName, max: number, now: number) {
  const bucket = account.buckets.get(limit) ?? { left: max, atMs: now };
  const windowMs = BUCKET_MS[limit] ?? 1;
  const gained = (Math.max(0, now - bucket.atMs) * max) / windowMs;
  bucket.left = Math.min(max, bucket.left + gained);
  bucket.atMs = now;
  account.buckets.set(limit, bucket);
  return bucket;
}

export function resetMs(limit: LimitName, used: number, max: number, now: number): number {
  const windowMs = BUCKET_MS[limit];
  if (windowMs !== undefined) return (Math.max(0, used) * windowMs) / max;
  if (limit === "requestsPerDay") return DAY_MS - (now % DAY_MS);
  return limit === "costPerMonth" ? nextMonthMs(now) - now : 0;
}

function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** `2026-11`, UTC. */
function monthOf(now: number): string {
  return new Date(now).toISOString().slice(0, 7);
}

function nextMonthMs(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
