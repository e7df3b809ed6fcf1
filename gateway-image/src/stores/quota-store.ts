/**
 * The contract of a quota store: one atomic reservation over several scopes (the credential, the principal,
 * a model, the tenant), each with its own limits; settled to what was really used. A call is
 * admitted by all of its scopes or uses up nothing of any.
 */
import type { Limits } from "../directory/entities.ts";

export interface Scope {
  /** Names the account, such as `user:alice` or `tenant:bank`. */
  readonly id: string;
  readonly limits: Limits;
}

export interface Reservation {
  /** Names the slot; unique for each call. */
  readonly callId: string;
  readonly scopes: readonly Scope[];
  /** Upper bound of prompt and answer together. */
  readonly tokens: number;
  /** Upper bound, in millionths of the price's currency. */
  readonly costMicros: number;
}

/** What was really used; `month` is the one the reservation was made in. */
export interface Settlement {
  readonly reservation: Reservation;
  readonly tokens: number;
  readonly costMicros: number;
  readonly month: string;
}

export const LIMIT_NAMES = [
  "requestsPerSecond",
  "requestsPerMinute",
  "requestsPerDay",
  "tokensPerMinute",
  "concurrency",
  "costPerMonth",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** One limit of one scope after a call was admitted, or as `read` finds it. */
export interface Standing {
  readonly scope: string;
  readonly limit: LimitName;
  /** Of costPerMonth in millionths, of all others in their own unit. */
  readonly max: number;
  readonly used: number;
  /** Until all of it is free again; for concurrency unknown and 0. */
  readonly resetMs: number;
}

export interface Refusal {
  readonly admitted: false;
  readonly scope: string;
  readonly limit: LimitName;
  readonly max: number;
  readonly used: number;
  readonly retryAfterMs: number;
}

export type Verdict =
  | { readonly admitted: true; readonly month: string; readonly standings: readonly Standing[] }
  | Refusal;

export interface QuotaStore {
  reserve(reservation: Reservation): Promise<Verdict>;
  /** Frees the slot, gives back what was not used, and books what was used beyond (a debt). */
  settle(settlement: Settlement): Promise<void>;
  /** Prolongs the slots of running calls. */
  renew(slots: readonly { readonly scope: string; readonly callId: string }[]): Promise<void>;
  /** Where each limit stands; takes nothing. */
  read(scopes: readonly Scope[]): Promise<Standing[]>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A slot is free again some time soon; nobody knows when, so the caller tries after a second. */
export const CONCURRENCY_RETRY_MS = 1_000;
/** Money is counted in millionths of a currency unit, as whole numbers. */
export const MICROS = 1_000_000;

/** The limits of a scope as the stores count them: 0 where there is none. */
export function maxima(limits: Limits): Record<LimitName, number> {
  return {
    requestsPerSecond: limits.requestsPerSecond ?? 0,
    requestsPerMinute: limits.requestsPerMinute ?? 0,
    requestsPerDay: limits.requestsPerDay ?? 0,
    tokensPerMinute: limits.tokensPerMinute ?? 0,
    concurrency: limits.concurrency ?? 0,
    costPerMonth: Math.round((limits.costPerMonth ?? 0) * MICROS),
  };
}
