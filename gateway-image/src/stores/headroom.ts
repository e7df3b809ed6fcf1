/**
 * What the quota store said last of a caller's limits: where most of each was left a moment ago,
 * the next call will be admitted, and its way to a model server need not wait for the store's word.
 * A guess: only the store admits, and nothing of an answer is shown before it has. Pure.
 */
import { limits } from "../limits.ts";
import type { LimitName, Reservation, Scope, Standing } from "./quota-store.ts";

interface Known {
  readonly standings: readonly Standing[];
  readonly atMs: number;
}

/** Half is left to all that happens meanwhile, at this gateway and at others. */
const USED_SHARE_MAX = 0.5;

export class Headroom {
  /** A caller's scopes are made anew where the directory changes, and what is known goes with them. */
  readonly #known = new WeakMap<readonly Scope[], Known>();
  readonly #asked = new WeakMap<readonly Scope[], number>();

  /** The store is asked about a call of these scopes, and has not answered. */
  begin(scopes: readonly Scope[]): void {
    this.#asked.set(scopes, this.#askedNow(scopes) + 1);
  }

  /** null: it refused, or did not answer, and nothing is known until it admits again. */
  end(scopes: readonly Scope[], standings: readonly Standing[] | null, nowMs: number): void {
    this.#asked.set(scopes, this.#askedNow(scopes) - 1);
    if (standings === null) this.#known.delete(scopes);
    else this.#known.set(scopes, { standings, atMs: nowMs });
  }

  /** Is there room for this call, and for all that are asked about as if each wanted as much? */
  isAmple(reservation: Reservation, nowMs: number): boolean {
    const known = this.#known.get(reservation.scopes);
    if (known === undefined || nowMs - known.atMs > limits.headroomKnownMs) return false;
    const calls = 1 + this.#askedNow(reservation.scopes);
    return known.standings.every(
      ({ limit, used, max }) => used + calls * wantedOf(reservation, limit) <= max * USED_SHARE_MAX,
    );
  }

  #askedNow(scopes: readonly Scope[]): number {
    return this.#asked.get(scopes) ?? 0;
  }
}

function wantedOf({ tokens, costMicros }: Reservation, limit: LimitName): number {
  if (limit === "tokensPerMinute") return tokens;
  return limit === "costPerMonth" ? costMicros : 1;
}
