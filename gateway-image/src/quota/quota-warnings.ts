/**
 * Tells the site's webhook that a limit of a day or a month is used to four fifths: once in its
 * period, over all gateways of the site. A hint, made beside the call: no call waits for it or
 * fails of it, and where the webhook does not answer the next call that is warned tries again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { MICROS, type Standing } from "../stores/quota-store.ts";
import type { SharedStore } from "../stores/shared-store.ts";
import { backOffMs } from "../webhooks/back-off.ts";
import type { Told, WebhookCall } from "../webhooks/webhook-sender.ts";
import { warnings } from "./rate-headers.ts";

export interface QuotaWarningParts {
  readonly shared: SharedStore;
  readonly clock: Clock;
  readonly site: string;
  /** Sends to the site's webhook. */
  readonly send: (body: WebhookCall["body"]) => Promise<Told>;
  readonly onEnd: (told: Told) => void;
  readonly onFault: (cause: unknown) => void;
  readonly pauseMs?: (attempt: number) => number;
}

/** Some half a minute with its pauses; the next call begins anew. */
const ATTEMPTS_MAX = 6;
/** Whoever dies while telling lets another one tell after this. */
const LEASE_MS = 600_000;
/** Told at the same time; what comes beyond is told by a later call. */
const TELLING_MAX = 64;
/** What this gateway knows to be told, so that not every call asks the store. */
const KNOWN_MAX = 10_000;
const TOLD = Buffer.from("told");

export class QuotaWarnings {
  readonly #parts: QuotaWarningParts;
  /** Until when nobody needs to look, by account and limit; ms of the monotonic clock. */
  readonly #known = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #telling = new Set<Promise<void>>();

  constructor(parts: QuotaWarningParts) {
    this.#parts = parts;
  }

  note(standings: readonly Standing[], tenant: string): void {
    for (const standing of warnings(standings)) {
      const name = `${standing.scope} ${standing.limit}`;
      const until = this.#known.get(name);
      if (until !== undefined && until > this.#parts.clock.monotonicMs()) continue;
      if (this.#telling.size >= TELLING_MAX || this.#stop.signal.aborted) return;
      this.#know(name, LEASE_MS);
      const telling: Promise<void> = this.#tell(name, standing, tenant)
        .catch((cause: unknown) => {
          this.#known.delete(name);
          this.#parts.onFault(cause);
        })
        .finally(() => this.#telling.delete(telling));
      this.#telling.add(telling);
    }
  }

  /** Ends the pauses between attempts; resolves when nothing is told any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#telling);
  }

  async #tell(name: string, standing: Standing, tenant: string): Promise<void> {
    const { shared, onEnd } = this.#parts;
    const place = `quota-warning:${name}`;
    // Somebody else tells it, or has told it; the store says it again when it ends.
    if (!(await shared.claim(place, LEASE_MS))) return;
    const told = await this.#send(bodyOf(this.#parts.site, standing, tenant));
    onEnd(told);
    if (told !== "delivered") {
      this.#known.delete(name);
      return shared.delete(place);
    }
    await shared.set(place, TOLD, Math.max(standing.resetMs, LEASE_MS));
    this.#know(name, Math.max(standing.resetMs, LEASE_MS));
  }

  async #send(body: string): Promise<Told> {
    const { send, pauseMs = backOffMs } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      const told = await send(body);
      if (told !== "later" || attempt === ATTEMPTS_MAX) return told;
      try {
        await sleep(pauseMs(attempt), undefined, { signal: this.#stop.signal });
      } catch {
        return "later";
      }
    }
  }

  #know(name: string, forMs: number): void {
    this.#known.delete(name);
    this.#known.set(name, this.#parts.clock.monotonicMs() + forMs);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}

function bodyOf(site: string, { scope, limit, max, used, resetMs }: Standing, tenant: string) {
  const unit = limit === "costPerMonth" ? MICROS : 1;
  return JSON.stringify({
    object: "quota.warning",
    site,
    tenant,
    scope,
    limit,
    max: max / unit,
    used: used / unit,
    resets_in_seconds: Math.ceil(resetMs / 1000),
  });
}
