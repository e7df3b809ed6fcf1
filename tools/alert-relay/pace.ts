/**
 * How often a channel is told: as many as may follow each other at once, and then one after the other. What
 * the channel allows is divided by the replicas, which know nothing of each other. Pure but for its count.
 */
import type { Rate } from "./forms/form.ts";

const MINUTE_MS = 60_000;

export class Pace {
  readonly #burst: number;
  readonly #everyMs: number;
  #tokens: number;
  #at: number;

  constructor({ perMinute, burst }: Rate, replicas: number, nowMs: number) {
    this.#burst = Math.max(1, Math.floor(burst / replicas));
    const share = Math.max(2, Math.floor(perMinute / replicas));
    // In no minute more than the share: the burst counts against it.
    this.#everyMs = MINUTE_MS / Math.max(1, share - this.#burst);
    this.#tokens = this.#burst;
    this.#at = nowMs;
  }

  /** 0: now. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) * this.#everyMs);
  }

  take(nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= 1;
  }

  #refill(nowMs: number): void {
    const gained = Math.max(0, nowMs - this.#at) / this.#everyMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#at = nowMs;
  }
}
