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

/** Settlements of one turn of the event loop. */
interface Gathered {
  readonly keys: string[];
  readonly words: Word[];
  calls: number;
  readonly settled: PromiseWithResolvers<void>;
}

/** A script holds up all of Redis; so many take it a fraction of a millisecond. */
const SETTLED_AT_ONCE_MAX = 32;

export class RedisQuotaStore implements QuotaStore {
  readonly #redis: Redis & Scripts;
  #gathered: Gathered | null = null;

  constructor(redis: Redis) {
    redis.defineCommand("gwReserve", { lua: RESERVE });
    redis.defineCommand("gwSettle", { lua: SETTLE });
    redis.defineCommand("gwRenew", { lua: RENEW });
    redis.defineCommand("gwRead", { lua: READ });
    this.#redis = redis as Redis & Scripts;
  }

  async reserve(reservation: Reservation): Promise<Verdict> {
    // Whoever has just given something back finds it there.
    this.#settleGathered();
    const { scopes, callId, tokens, costMicros } = reservation;
    const { keys, words } = toldOf(scopes);
    const [admitted, ...rest] = await this.#redis.gwReserve(
      keys.length,
      ...keys,
      callId,
      limits.leaseMs,
      tokens,
      costMicros,
      ...words,
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
    const { keys, words } = toldOf(scopes);
    const given = [reservation.tokens - tokens, reservation.costMicros - costMicros];
    const gathered = this.#gathered ?? this.#gather();
    gathered.keys.push(...keys);
    gathered.words.push(scopes.length, callId, ...given, month, ...words);
    gathered.calls += 1;
    if (gathered.calls >= SETTLED_AT_ONCE_MAX) this.#settleGathered();
    await gathered.settled.promise;
  }

  /** Calls whose records were flushed together end together: one command tells of all of them. */
  #gather(): Gathered {
    const gathered = { keys: [], words: [], calls: 0, settled: Promise.withResolvers<void>() };
    this.#gathered = gathered;
    setImmediate(() => {
      if (this.#gathered === gathered) this.#settleGathered();
    });
    return gathered;
  }

  #settleGathered(): void {
    const gathered = this.#gathered;
    if (gathered === null) return;
    this.#gathered = null;
    const { keys, words, settled } = gathered;
    this.#redis
      .gwSettle(keys.length, ...keys, ...words)
      .then(() => settled.resolve(), settled.reject);
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
    const { keys, words } = toldOf(scopes);
    const [nowMs, ...used] = await this.#redis.gwRead(keys.length, ...keys, ...words);
    return standingsOf(scopes, used, Number(nowMs));
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

/** What the scripts are told of some scopes. */
interface Told {
  readonly keys: readonly string[];
  /** Of each scope, one number for each of LIMIT_NAMES. */
  readonly words: readonly number[];
}

/** The same scopes come with every call of a caller. */
const told = new WeakMap<readonly Scope[], Told>();

function toldOf(scopes: readonly Scope[]): Told {
  const known = told.get(scopes);
  if (known !== undefined) return known;
  const made = {
    keys: scopes.flatMap(({ id }) => [accountKey(id), slotsKey(id)]),
    words: scopes.flatMap(({ limits: own }) => {
      const max = maxima(own);
      return LIMIT_NAMES.map((name) => max[name]);
    }),
  };
  told.set(scopes, made);
  return made;
}

/** The scripts answer with one number for each limit of each scope, in the order of LIMIT_NAMES. */
function standingsOf(
  scopes: readonly Scope[],
  used: readonly (string | number)[],
  nowMs: number,
): Standing[] {
  const { words } = toldOf(scopes);
  return scopes.flatMap((scope, at) => {
    const found: Standing[] = [];
    LIMIT_NAMES.forEach((limit: LimitName, limitAt) => {
      const place = at * LIMIT_NAMES.length + limitAt;
      const max = words[place] ?? 0;
      if (max === 0) return;
      const value = Math.max(0, Number(used[place] ?? 0));
      const reset = Math.ceil(resetMs(limit, value, max, nowMs));
      found.push({ scope: scope.id, limit, max, used: value, resetMs: reset });
    });
    return found;
  });
}
