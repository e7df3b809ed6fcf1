/**
 * Quotas in Redis, shared by all gateways of a site. One script reserves a call over all of its
 * scopes, on Redis's own clock: all or nothing, whatever the clocks of the gateways say.
 */
import type { Redis } from "ioredis";
import { limits } from "../limits.ts";
import { resetMs } from "./memory-quota-store.ts";
import {
  LIMIT_NAMES,
  type LimitName,
  maxima,
  type QuotaStore,
  type Reservation,
  type Scope,
  type Settlement,
  type Standing,
  type Verdict,
} from "./quota-store.ts";
import { READ, RENEW, RESERVE, SETTLE } from "./redis-quota-scripts.ts";

/** Braces keep all accounts on one node of a Redis cluster: a script may touch one node only. */
const accountKey = (scope: string) => `gw:{quota}:${scope}`;
const slotsKey = (scope: string) => `gw:{quota}:${scope}:slots`;

type Word = string | number;

interface Scripts {
  gwReserve(keys: number, ...words: Word[]): Promise<[number, ...(string | number)[]]>;
  gwSettle(keys: number, ...words: Word[]): Promise<number>;
  gwRenew(keys: number, ...words: Word[]): Promise<number>;
  gwRead(keys: number, ...words: Word[]): Promise<(string | number)[]>;
}

export class RedisQuotaStore implements QuotaStore {
  readonly #redis: Redis & Scripts;

  constructor(redis: Redis) {
    redis.defineCommand("gwReserve", { lua: RESERVE });
    redis.defineCommand("gwSettle", { lua: SETTLE });
    redis.defineCommand("gwRenew", { lua: RENEW });
    redis.defineCommand("gwRead", { lua: READ });
    this.#redis = redis as Redis & Scripts;
  }

  async reserve(reservation: Reservation): Promise<Verdict> {
    const { scopes, callId, tokens, costMicros } = reservation;
    const [admitted, ...rest] = await this.#redis.gwReserve(
      scopes.length * 2,
      ...keysOf(scopes),
      callId,
      limits.leaseMs,
      tokens,
      costMicros,
      ...scopes.flatMap(limitWords),
    );
    if (admitted === 1) {
      const [month, nowMs, ...used] = rest;
      return {
        admitted: true,
        month: String(month),
        standings: standingsOf(scopes, used, Number(nowMs)),
      };
    }
    const [at, limitAt, max, used, retryAfterMs] = rest.map(Number);
    return {
      admitted: false,
      scope: scopes[at ?? 0]?.id ?? "",
      limit: LIMIT_NAMES[limitAt ?? 0] ?? "requestsPerMinute",
      max: max ?? 0,
      used: used ?? 0,
      retryAfterMs: Math.max(1, retryAfterMs ?? 0),
    };
  }

  async settle({ reservation, tokens, costMicros, month }: Settlement): Promise<void> {
    const { scopes, callId } = reservation;
    if (scopes.length === 0) return;
    await this.#redis.gwSettle(
      scopes.length * 2,
      ...keysOf(scopes),
      callId,
      reservation.tokens - tokens,
      reservation.costMicros - costMicros,
      month,
      ...scopes.flatMap(limitWords),
    );
  }

  async renew(slots: readonly { scope: string; callId: string }[]): Promise<void> {
    const byScope = Map.groupBy(slots, (slot) => slot.scope);
    await Promise.all(
      [...byScope].map(([scope, group]) =>
        this.#redis.gwRenew(1, slotsKey(scope), limits.leaseMs, ...group.map((one) => one.callId)),
      ),
    );
  }

  async read(scopes: readonly Scope[]): Promise<Standing[]> {
    if (scopes.length === 0) return [];
    const words = scopes.flatMap(limitWords);
    const [nowMs, ...used] = await this.#redis.gwRead(
      scopes.length * 2,
      ...keysOf(scopes),
      ...words,
    );
    return standingsOf(scopes, used, Number(nowMs));
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

function keysOf(scopes: readonly Scope[]): string[] {
  return scopes.flatMap(({ id }) => [accountKey(id), slotsKey(id)]);
}

function limitWords({ limits: own }: Scope): number[] {
  const max = maxima(own);
  return LIMIT_NAMES.map((name) => max[name]);
}

/** The scripts answer with one number for each limit of each scope, in the order of LIMIT_NAMES. */
function standingsOf(
  scopes: readonly Scope[],
  used: readonly (string | number)[],
  nowMs: number,
): Standing[] {
  return scopes.flatMap((scope, at) => {
    const max = maxima(scope.limits);
    return LIMIT_NAMES.flatMap((limit: LimitName, limitAt) => {
      if (max[limit] === 0) return [];
      const value = Math.max(0, Number(used[at * LIMIT_NAMES.length + limitAt] ?? 0));
      const reset = Math.ceil(resetMs(limit, value, max[limit], nowMs));
      return [{ scope: scope.id, limit, max: max[limit], used: value, resetMs: reset }];
    });
  });
}
