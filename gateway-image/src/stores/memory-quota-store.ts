/** Quotas in this process: for one gateway alone, and for the local share while Redis is away. */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import {
  type Admission,
  CONCURRENCY_RETRY_MS,
  type QuotaStore,
  type Verdict,
} from "./quota-store.ts";

interface Account {
  tokens: number;
  refilledMs: number;
  /** Slot → end of its lease. */
  readonly slots: Map<string, number>;
}

/** Accounts beyond this are looked through for idle ones; keys are few, so it is never reached. */
const ACCOUNTS_MAX = 10_000;

export class MemoryQuotaStore implements QuotaStore {
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async admit(admission: Admission): Promise<Verdict> {
    const now = this.#clock.monotonicMs();
    const account = this.#account(admission, now);
    for (const [callId, endMs] of account.slots) if (endMs <= now) account.slots.delete(callId);
    if (account.slots.size >= admission.concurrency) {
      return { admitted: false, reason: "concurrency", retryAfterMs: CONCURRENCY_RETRY_MS };
    }
    const perMs = admission.requestsPerMinute / 60_000;
    const refilled = account.tokens + (now - account.refilledMs) * perMs;
    account.tokens = Math.min(admission.requestsPerMinute, refilled);
    account.refilledMs = now;
    if (account.tokens < 1) {
      const retryAfterMs = Math.ceil((1 - account.tokens) / perMs);
      return { admitted: false, reason: "rate", retryAfterMs };
    }
    account.tokens -= 1;
    account.slots.set(admission.callId, now + limits.leaseMs);
    return { admitted: true, requestsLeft: Math.floor(account.tokens) };
  }

  async release(keyId: string, callId: string): Promise<void> {
    this.#accounts.get(keyId)?.slots.delete(callId);
  }

  async renew(slots: readonly { keyId: string; callId: string }[]): Promise<void> {
    const end = this.#clock.monotonicMs() + limits.leaseMs;
    for (const { keyId, callId } of slots) this.#accounts.get(keyId)?.slots.set(callId, end);
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  #account(admission: Admission, now: number): Account {
    const known = this.#accounts.get(admission.keyId);
    if (known !== undefined) return known;
    if (this.#accounts.size >= ACCOUNTS_MAX) this.#forgetIdle(now);
    const account = {
      tokens: admission.requestsPerMinute,
      refilledMs: now,
      slots: new Map<string, number>(),
    };
    this.#accounts.set(admission.keyId, account);
    return account;
  }

  /** A bucket untouched for a minute is full again, which is what a new account starts with. */
  #forgetIdle(now: number): void {
    for (const [keyId, account] of this.#accounts) {
      if (account.slots.size === 0 && now - account.refilledMs > 60_000) {
        this.#accounts.delete(keyId);
      }
    }
  }
}
