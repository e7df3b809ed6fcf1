/**
 * Reservation as the pipeline sees it: the shared store, what to do while it is away (refuse, or
 * count a local share), the site's share of each limit, and the renewal of the slots of running calls.
 */
import type { Clock } from "../base/clock.ts";
import type { Limits } from "../directory/entities.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { Headroom } from "./headroom.ts";
import type {
  QuotaStore,
  Reservation,
  Scope,
  Settlement,
  Standing,
  Verdict,
} from "./quota-store.ts";

export interface QuotaGuardOptions {
  readonly store: QuotaStore;
  /** Of every limit, what this site enforces: 1 but where several sites are active. */
  readonly siteShare: number;
  /** null: refuse while the store is away. */
  readonly localShare: { readonly store: QuotaStore; readonly replicas: number } | null;
  readonly onFault: (error: unknown) => void;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** A reservation that was admitted, and where. */
export interface Held {
  readonly reservation: Reservation;
  readonly month: string;
  readonly store: QuotaStore;
}

export type Answer =
  | { readonly verdict: Extract<Verdict, { admitted: true }>; readonly held: Held }
  | { readonly verdict: Extract<Verdict, { admitted: false }>; readonly held: null };

export class QuotaGuard {
  /** The last word of the shared store; for /health. */
  storeAnswers = true;
  readonly #options: QuotaGuardOptions;
  /** Calls that hold slots in the shared store. */
  readonly #held = new Map<string, Held>();
  readonly #timer: NodeJS.Timeout;
  readonly #headroom = new Headroom();

  constructor(options: QuotaGuardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#renew(), limits.leaseRenewalMs);
    this.#timer.unref();
  }

  /** The store will admit it, as far as can be told without asking. */
  expects(wanted: Reservation): boolean {
    return this.storeAnswers && this.#headroom.isAmple(wanted, this.#options.clock.monotonicMs());
  }

  async reserve(wanted: Reservation): Promise<Answer> {
    const reservation = scaled(wanted, this.#options.siteShare);
    let standings: readonly Standing[] | null = null;
    this.#headroom.begin(wanted.scopes);
    try {
      const verdict = await this.#options.store.reserve(reservation);
      this.storeAnswers = true;
      if (!verdict.admitted) return { verdict, held: null };
      standings = verdict.standings;
      const held = { reservation, month: verdict.month, store: this.#options.store };
      this.#held.set(reservation.callId, held);
      return { verdict, held };
    } catch (error) {
      this.#noteFault(error);
      return this.#reserveLocally(reservation, error);
    } finally {
      this.#headroom.end(wanted.scopes, standings, this.#options.clock.monotonicMs());
    }
  }

  /** Never rejects: a lost slot is mended by the end of its lease, lost tokens by the refill. */
  async settle(held: Held, tokens: number, costMicros: number): Promise<void> {
    const { reservation, month, store } = held;
    this.#held.delete(reservation.callId);
    const settlement: Settlement = { reservation, tokens, costMicros, month };
    try {
      await store.settle(settlement);
    } catch (error) {
      this.#noteFault(error);
    }
  }

  async read(scopes: readonly Scope[]): Promise<Standing[]> {
    const share = this.#options.siteShare;
    return this.#options.store.read(scopes.map((scope) => scaledScope(scope, share)));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#options.store.close();
  }

  async #reserveLocally(wanted: Reservation, cause: unknown): Promise<Answer> {
    const share = this.#options.localShare;
    if (share === null) throw new GatewayError("quota_store_unavailable", { cause });
    const reservation = scaled(wanted, 1 / share.replicas);
    const verdict = await share.store.reserve(reservation);
    if (!verdict.admitted) return { verdict, held: null };
    return { verdict, held: { reservation, month: verdict.month, store: share.store } };
  }

  async #renew(): Promise<void> {
    const slots = [...this.#held.values()].flatMap(({ reservation }) =>
      reservation.scopes
        .filter((scope) => scope.limits.concurrency !== undefined)
        .map((scope) => ({ scope: scope.id, callId: reservation.callId })),
    );
    if (slots.length === 0) return;
    try {
      await this.#options.store.renew(slots);
    } catch (error) {
      this.#noteFault(error);
    }
  }

  #noteFault(error: unknown): void {
    this.storeAnswers = false;
    this.#options.onFault(error);
  }
}

function scaled(reservation: Reservation, share: number): Reservation {
  if (share === 1) return reservation;
  const scopes = reservation.scopes.map((scope) => scaledScope(scope, share));
  return { ...reservation, scopes };
}

/** Counts are whole and at least one; money is divided as it is. */
function scaledScope(scope: Scope, share: number): Scope {
  if (share === 1) return scope;
  const entries = Object.entries(scope.limits).map(([name, value = 0]) => [
    name,
    name === "costPerMonth" ? value * share : Math.max(1, Math.floor(value * share)),
  ]);
  return { id: scope.id, limits: Object.fromEntries(entries) as Limits };
}
